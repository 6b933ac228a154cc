"""Forms of the appeals room: the answer to an appeal, and the draft of a strike policy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Action, Answer
from assay.casework.reasons import REASONS
from assay.casework.services.appeals import LEAST_CHARACTERS, MOST_CHARACTERS, Verdict
from assay.casework.services.strikes import MOST_WEIGHT, MOST_WINDOW_DAYS, PROPOSABLE, Policy, Threshold

UPHELD = "upheld"
_N_THRESHOLDS = 3


class AnswerForm(forms.Form):
    """What comes of an appeal, and why."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            (UPHELD, _("The decision stands")),
            (Answer.GENUINE, _("Reverse it: nothing against the goods or the account")),
            (Answer.INCONCLUSIVE, _("Reverse it: it cannot be told")),
        ],
        widget=forms.RadioSelect,
    )
    reasons = forms.CharField(
        label=_("Reasons"),
        help_text=_("The merchant reads them word for word. State facts with their values; name no person."),
        min_length=LEAST_CHARACTERS,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 7}),
    )

    @property
    def verdict(self) -> Verdict:
        """The answer as the service takes it."""
        outcome, reasons = self.cleaned_data["outcome"], self.cleaned_data["reasons"]
        if outcome == UPHELD:
            return Verdict(False, reasons)
        return Verdict(True, reasons, outcome)


def _weight(label: Any, *, is_required: bool = True) -> forms.FloatField:  # noqa: ANN401 - a text that may be lazy
    attrs = {"step": "any", "inputmode": "decimal"}
    return forms.FloatField(
        label=label, min_value=0, max_value=MOST_WEIGHT, widget=forms.NumberInput(attrs=attrs), required=is_required
    )


class PolicyForm(forms.Form):
    """A strike policy: weights of actions and reasons, the window, and up to three thresholds."""

    window_days = forms.IntegerField(
        label=_("A strike counts for so many days"), min_value=1, max_value=MOST_WINDOW_DAYS
    )
    together_days = forms.IntegerField(
        label=_("Decisions of so many days are one occasion"),
        help_text=_("Only the heaviest strike of an occasion counts. 0 counts each decision."),
        min_value=0,
        max_value=MOST_WINDOW_DAYS,
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **kwargs)
        self.fields["window_days"].initial = policy.window_days
        self.fields["together_days"].initial = policy.together_days
        for action in (each for each in Action if each != Action.NONE):
            self.fields[f"action_{action}"] = _weight(action.label)
            self.fields[f"action_{action}"].initial = policy.actions.get(action, 0)
        for reason in (each for each in REASONS if each.ground):
            self.fields[f"reason_{reason.code}"] = _weight(reason.label)
            self.fields[f"reason_{reason.code}"].initial = policy.reasons.get(reason.code, 0)
        self._add_thresholds(policy)

    def _add_thresholds(self, policy: Policy) -> None:
        for n in range(1, _N_THRESHOLDS + 1):
            given = policy.thresholds[n - 1] if n <= len(policy.thresholds) else None
            self.fields[f"at_{n}"] = _weight(_("From so many strikes"), is_required=False)
            self.fields[f"at_{n}"].initial = given.at if given else None
            self.fields[f"propose_{n}"] = forms.ChoiceField(
                label=_("propose"), choices=[(each, Action(each).label) for each in PROPOSABLE]
            )
            self.fields[f"propose_{n}"].initial = given.action if given else Action.SUSPEND

    @property
    def action_fields(self) -> list[forms.BoundField]:
        """Weights by action."""
        return [self[name] for name in self.fields if name.startswith("action_")]

    @property
    def reason_fields(self) -> list[forms.BoundField]:
        """Weights by reason."""
        return [self[name] for name in self.fields if name.startswith("reason_")]

    @property
    def threshold_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Pairs of how many strikes and what is proposed."""
        return [(self[f"at_{n}"], self[f"propose_{n}"]) for n in range(1, _N_THRESHOLDS + 1)]

    @property
    def policy(self) -> Policy:
        """The draft as the service takes it; weights of 0 and empty thresholds are left out."""
        read = self.cleaned_data
        pairs = [(read.get(f"at_{n}"), read[f"propose_{n}"]) for n in range(1, _N_THRESHOLDS + 1)]
        return Policy(
            actions=self._weights("action_"),
            reasons=self._weights("reason_"),
            window_days=read["window_days"],
            together_days=read["together_days"],
            thresholds=tuple(Threshold(at, action) for at, action in pairs if at),
        )

    def _weights(self, prefix: str) -> dict[str, float]:
        found = {
            name.removeprefix(prefix): value for name, value in self.cleaned_data.items() if name.startswith(prefix)
        }
        return {name: float(value) for name, value in found.items() if value}
