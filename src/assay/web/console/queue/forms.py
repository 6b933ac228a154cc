"""Forms of the queue: an answer, putting aside, saving a view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from assay.casework.choices import MOST_DAYS, MOST_NOTE_CHARACTERS, Choice, courses, read_course
from assay.casework.models import Answer

_FIRST: tuple[str, str | Promise] = ("", _("Choose…"))
# The answer that asks for nothing more is chosen already; every other is one press away.
_USUAL = {Answer.GENUINE: "genuine/none/nothing-found", Answer.INCONCLUSIVE: "inconclusive/none/too-little"}
_SNOOZE_DAYS = (1, 3, 7, 14, 30, 90)


class AnswerForm(forms.Form):
    """One list that holds only what goes together, grouped by answer and action; `answer` shortens it to one answer."""

    course = forms.ChoiceField(label=_("Answer, action and reason"))
    days = forms.IntegerField(
        label=_("Days"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("How long it lasts. Empty: the usual time of the action."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=MOST_NOTE_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "data-key": "t", "hx-preserve": "true"}),
        help_text=_("Stays inside; the merchant reads the reason only."),
    )

    def __init__(self, *subject_types: str, answer: str = "", data: Any = None) -> None:  # noqa: ANN401
        usual = _USUAL.get(Answer(answer), "") if answer in Answer.values else ""
        super().__init__(data, auto_id="answer-%s", initial={"course": usual})
        shown = answer if answer in Answer.values and data is None else ""
        self.fields["course"] = forms.ChoiceField(
            label=self.fields["course"].label,
            choices=[_FIRST, *_grouped(subject_types, shown)],
            widget=forms.Select(attrs={"data-key": "r"}),
            error_messages={"invalid_choice": _("Choose an answer, an action and a reason from the list.")},
        )

    def choice(self) -> Choice:
        """What was chosen, of a form that is valid."""
        given = read_course(self.cleaned_data["course"])
        return Choice(given.answer, given.action, given.reason_code, self.cleaned_data["note"], self._days(given))

    def _days(self, given: Choice) -> int | None:
        """Days left over from another action are not a fault of someone who then chose to do nothing."""
        return None if given.action == "none" else self.cleaned_data["days"]


def _grouped(subject_types: tuple[str, ...], answer: str) -> list[tuple[str, list[tuple[str, str | Promise]]]]:
    groups: dict[str, dict[str, str | Promise]] = {}
    for subject_type in subject_types:
        for course in courses(subject_type, answer):
            group = groups.setdefault(f"{course.answer.label} → {course.action.label}", {})
            group |= {f"{course.answer}/{course.action}/{reason.code}": reason.label for reason in course.reasons}
    return [(name, list(options.items())) for name, options in groups.items()]


class SnoozeForm(forms.Form):
    """For how many days, and why."""

    days = forms.TypedChoiceField(
        label=_("For"),
        coerce=int,
        choices=lambda: [(n, ngettext("%(n)d day", "%(n)d days", n) % {"n": n}) for n in _SNOOZE_DAYS],
        initial=7,
    )
    reason = forms.CharField(label=_("What is waited for"), max_length=500)

    def __init__(self, data: Any = None) -> None:  # noqa: ANN401
        super().__init__(data, auto_id="snooze-%s")

    def until(self) -> Any:  # noqa: ANN401 - a datetime
        """The end; a second short of the last day that is allowed, whatever the clock does meanwhile."""
        return timezone.now() + timedelta(days=self.cleaned_data["days"], seconds=-1)


class ViewForm(forms.Form):
    """The name of a view to keep."""

    name = forms.CharField(label=_("Name"), max_length=100)
    is_shared = forms.BooleanField(label=_("Share with colleagues"), required=False)

    def __init__(self, data: Any = None) -> None:  # noqa: ANN401
        super().__init__(data, auto_id="view-%s")
