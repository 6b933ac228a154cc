"""What the log is narrowed by, and what a hold needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.casework.queries.audit import EventFilter, actors_like
from assay.casework.services.holds import SUBJECTS
from assay.casework.services.recording import known_actions


def action_choices() -> list[tuple[str, Any]]:
    """Every action, after the choice of all of a kind."""
    kinds = sorted({name.partition(".")[0] for name in known_actions()})
    return [
        ("", _("all")),
        *((f"{kind}.", f"{kind}.*") for kind in kinds),
        *((name, name) for name in sorted(known_actions())),
    ]


class LogForm(forms.Form):
    """Who, what, about what, when; a field that makes no sense narrows nothing."""

    actor = forms.CharField(required=False, max_length=200)
    action = forms.ChoiceField(required=False)
    subject_type = forms.CharField(required=False, max_length=40)
    subject_id = forms.CharField(required=False, max_length=200)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        field = self.fields["action"]
        if isinstance(field, forms.ChoiceField):
            field.choices = action_choices()

    def wanted(self) -> EventFilter:
        """The filter; the last day counts whole."""
        self.is_valid()
        given = self.cleaned_data
        until = given.get("until")
        return EventFilter(
            actors=actors_like(given.get("actor", "")),
            action=given.get("action", ""),
            subject_type=given.get("subject_type", "").strip(),
            subject_id=given.get("subject_id", "").strip(),
            since=_start(given["since"]) if given.get("since") else None,
            until=_start(until + timedelta(days=1)) if until and until < date.max else None,
        )

    def said(self) -> dict[str, str]:
        """What was typed and makes sense, for the page and for the record of an export."""
        self.is_valid()
        return {name: str(self.cleaned_data.get(name) or "") for name in self.fields}


class HoldForm(forms.Form):
    """On what, and why."""

    subject_type = forms.ChoiceField(label=_("On what"), choices=list(SUBJECTS.items()))
    subject_id = forms.CharField(label=_("Which one"), max_length=200)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        help_text=_("Such as the court and its reference."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _start(day: Any) -> datetime:  # noqa: ANN401 - a date of the form
    return datetime.combine(day, time.min, UTC)
