"""Forms of this room. Every step of a buy is one short form: buyers fill them with a phone, standing at a parcel."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Organisation, Person, Programme, Role, TestBuyTask
from assay.casework.queries.examiners import Candidate
from assay.casework.services import parcels
from assay.casework.services.buying import FAILURE_LABELS, FAILURES, VIEWS
from assay.casework.services.examinations import CANNOT_EXAMINE
from assay.market.errors import AssayError
from assay.market.values import money
from assay.market.values.hints import Hints
from assay.web.console.testbuys import words

# What a browser sent, as Django's request holds it; None shows an empty form.
Sent = Any


class MoneyField(forms.CharField):
    """An amount as people write it, in a known currency; gives minor units."""

    def __init__(self, *, currency: str, **given: Any) -> None:  # noqa: ANN401 - passed on to Django
        self.currency = currency
        numeric = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=30, widget=numeric, **given)

    def clean(self, value: Any) -> int | None:  # noqa: ANN401
        """Minor units; None for an empty field that may be empty."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return money.clean(text, Hints(currency=self.currency))
        except AssayError:
            raise forms.ValidationError(
                _("This is no amount in %(currency)s; write it as 48.90.") % {"currency": self.currency}
            ) from None


class TaskForm(forms.Form):
    """A form about one task; `task` gives its currency and what is known of the goods."""

    def __init__(
        self,
        data: Sent = None,
        files: Sent = None,
        *,
        task: TestBuyTask,
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.task = task
        # Several forms stand on one page: their fields must not share an id.
        super().__init__(data, files, auto_id=f"{type(self).__name__.lower()}-%s", initial=initial)


class OrderForm(TaskForm):
    """What was ordered."""

    order_no = forms.CharField(label=_("Order number"), max_length=100)
    due_on = forms.DateField(
        label=_("Delivery promised by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Sent = None, *, task: TestBuyTask) -> None:
        super().__init__(data, task=task)
        currency = task.programme.currency
        label = _("Paid in all, with shipping (%(currency)s)") % {"currency": currency}
        self.fields["cost"] = MoneyField(currency=currency, label=label)
        self.order_fields(["order_no", "cost", "due_on"])

    def clean_due_on(self) -> datetime:
        """The end of the day."""
        return datetime.combine(self.cleaned_data["due_on"], time(23, 59, 59), tzinfo=UTC)


class ParcelForm(TaskForm):
    """What came."""

    carrier = forms.CharField(label=_("Carrier"), max_length=100)
    tracking_no = forms.CharField(label=_("Tracking number"), max_length=100, required=False)
    weight_g = forms.FloatField(
        label=_("Weight of the unopened parcel (g)"),
        min_value=0.1,
        max_value=200_000,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    place = forms.CharField(label=_("Where you are"), max_length=200)


class PhotographForm(TaskForm):
    """One photograph and what it shows."""

    picture = forms.FileField(
        label=_("Photograph"),
        help_text=_("JPEG, PNG or WebP, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    shows = forms.ChoiceField(
        label=_("It shows"),
        choices=list(VIEWS.items()),
        initial="goods",
        widget=forms.RadioSelect,
        help_text=_("Examiners see the goods and the seal, never the parcel's label."),
    )


class SealForm(TaskForm):
    """How the goods were closed, and what the examiner is told of them."""

    seal_no = forms.CharField(
        label=_("Seal number"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    place = forms.CharField(label=_("Where you are"), max_length=200)
    said_brand = forms.CharField(
        label=_("Brand the goods are said to be"),
        max_length=200,
        help_text=_("In the brand's own spelling. Write nothing of the offer or the seller: the examiner reads this."),
    )
    said_model = forms.CharField(label=_("Model"), max_length=200, required=False)

    def __init__(self, data: Sent = None, *, task: TestBuyTask) -> None:
        super().__init__(data, task=task, initial={"said_brand": task.brand})


class FailForm(TaskForm):
    """How a buy ended without goods to examine."""

    outcome = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)
    note = forms.CharField(label=_("What exactly"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Sent = None, *, task: TestBuyTask) -> None:
        super().__init__(data, task=task)
        possible = [(name, label) for name, label in FAILURE_LABELS.items() if task.stage in FAILURES[name]]
        cast(forms.ChoiceField, self.fields["outcome"]).choices = possible


class LossForm(TaskForm):
    """How a unit ended after it was sealed."""

    outcome = forms.ChoiceField(
        label=_("What happened"), choices=list(parcels.LOSSES.items()), widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Reason"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}))


class HandoverForm(forms.Form):
    """By whom a unit travels."""

    carrier = forms.CharField(label=_("Carrier, or who carries it"), max_length=100)
    tracking_no = forms.CharField(label=_("Tracking number"), max_length=100, required=False)
    place = forms.CharField(label=_("Where you are"), max_length=200)


class SendForm(HandoverForm, TaskForm):
    """By whom a sealed unit leaves for its examiner."""


class BuyerForm(TaskForm):
    """To whom a task is given."""

    buyer = forms.ModelChoiceField(label=_("Buyer"), queryset=Person.objects.none(), empty_label=None)

    def __init__(self, data: Sent = None, *, task: TestBuyTask) -> None:
        super().__init__(data, task=task, initial={"buyer": task.assigned_to_id})
        buyers = Person.objects.filter(role=Role.TEST_BUYER, is_active=True).order_by("name", "pk")
        cast("forms.ModelChoiceField[Person]", self.fields["buyer"]).queryset = buyers


class ExaminerForm(TaskForm):
    """To which organisation a unit goes, and to whom there; with a reason when it is taken from somebody else."""

    to = forms.ChoiceField(label=_("Examined by"))

    def __init__(
        self,
        data: Sent = None,
        *,
        task: TestBuyTask,
        candidates: tuple[Candidate, ...],
        is_again: bool = False,
    ) -> None:
        super().__init__(data, task=task)
        self.candidates = {each.organisation.pk: each for each in candidates}
        cast(forms.ChoiceField, self.fields["to"]).choices = list(self._choices())
        if is_again:
            self.fields["reason"] = forms.CharField(label=_("Reason"), max_length=500)

    def _choices(self) -> list[tuple[str, str]]:
        """One line per organisation; per person where it examined the unit before."""
        found = []
        people = Person.objects.filter(role=Role.AUTHENTICATOR, is_active=True, organisation__in=self.candidates)
        by_organisation: dict[int, list[Person]] = {}
        for person in people.order_by("name", "pk"):
            by_organisation.setdefault(person.organisation_id, []).append(person)
        for pk, each in self.candidates.items():
            kind = words.EXAMINERS["brand" if each.owns_mark else each.organisation.kind]
            waiting = _("%(n)d waiting") % {"n": each.n_open}
            if each.is_independent:
                found.append((f"{pk}", f"{each.organisation.name} ({kind}, {waiting})"))
            same = "" if each.is_independent else " – " + str(_("the same organisation again"))
            found += [
                (f"{pk}:{p.pk}", f"{each.organisation.name}: {p.name}{same}") for p in by_organisation.get(pk, [])
            ]
        return found

    def clean_to(self) -> tuple[Organisation, Person | None]:
        """The organisation, and the person where one was chosen."""
        organisation, _colon, person = self.cleaned_data["to"].partition(":")
        chosen = self.candidates[int(organisation)].organisation
        return chosen, Person.objects.get(pk=int(person)) if person else None


class SealSeenForm(forms.Form):
    """The seal as an examiner finds it."""

    seal_no_found = forms.CharField(
        label=_("Seal number on the parcel"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    is_seal_intact = forms.ChoiceField(
        label=_("The seal is"), choices=[("yes", _("intact")), ("no", _("broken or opened"))], widget=forms.RadioSelect
    )


class ArrivalForm(SealSeenForm):
    """What is seen of a parcel before it is opened."""

    place = forms.CharField(label=_("Where you are"), max_length=200)
    picture = forms.FileField(
        label=_("Photograph of the parcel as it came"),
        help_text=_("JPEG, PNG or WebP, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        required=False,
    )


class ResultForm(SealSeenForm):
    """What an examiner found; the seal is not asked for again where it was checked on arrival."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[(name, words.OUTCOMES[name]) for name in ("counterfeit", "genuine", "inconclusive")],
        widget=forms.RadioSelect,
    )
    findings = forms.CharField(
        label=_("What it rests on"), min_length=10, max_length=10_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    resealed_no = forms.CharField(
        label=_("Number of the new seal"),
        max_length=60,
        help_text=_("Close the goods again after examining them, under a new number."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place = forms.CharField(label=_("Where you are"), max_length=200)

    def __init__(self, data: Sent = None, *, currency: str, is_seal_checked: bool = False) -> None:
        super().__init__(data)
        if is_seal_checked:
            del self.fields["seal_no_found"], self.fields["is_seal_intact"]
        label = _("Cost of the examination (%(currency)s)") % {"currency": currency}
        self.fields["cost"] = MoneyField(currency=currency, label=label, required=False)


class DeclineForm(forms.Form):
    """Why an examination is declined."""

    code = forms.ChoiceField(label=_("Why"), choices=list(CANNOT_EXAMINE.items()), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("What exactly"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    """Why the folder's outcomes are replaced."""

    reason = forms.CharField(label=_("Reason"), max_length=500)


class TaskFilterForm(forms.Form):
    """What a list of tasks is narrowed to; what cannot be read is left out."""

    whose = forms.ChoiceField(label=_("Show"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    programme = forms.ModelChoiceField(
        label=_("Programme"), queryset=Programme.objects.order_by("-loaded_at"), required=False, empty_label=_("all")
    )
    q = forms.CharField(
        label=_("Search"), max_length=200, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )

    def __init__(self, data: Sent, *, names: tuple[str, ...], stages: list[tuple[str, Any]]) -> None:
        super().__init__(data)
        cast(forms.ChoiceField, self.fields["stage"]).choices = [("", _("all")), *stages]
        offered = [("", _("all")), *((name, words.NARROWED[name]) for name in names)]
        cast(forms.ChoiceField, self.fields["whose"]).choices = offered
