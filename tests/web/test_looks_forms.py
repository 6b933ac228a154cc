"""A form of Django's in the design: labels, help and errors belong to their controls."""

from __future__ import annotations

from django import forms
from django.template.loader import render_to_string


class Sample(forms.Form):
    note = forms.CharField(help_text="Stays inside.", widget=forms.Textarea, min_length=10)
    days = forms.IntegerField(required=False)
    answer = forms.ChoiceField(choices=[("a", "one"), ("b", "other")], widget=forms.RadioSelect)
    agreed = forms.BooleanField()
    next = forms.CharField(widget=forms.HiddenInput, required=False)


def _html(data: dict[str, str] | None = None) -> str:
    return render_to_string("parts/fields.html", {"form": Sample(data)})


def test_every_control_has_its_label() -> None:
    html = _html()
    for name in ("note", "days", "agreed"):
        assert f'for="id_{name}"' in html
    assert html.count("<legend>") == 1 and html.count('type="radio"') == 2


def test_help_is_tied_to_the_control() -> None:
    html = _html()
    assert 'id="id_note_helptext"' in html and 'aria-describedby="id_note_helptext"' in html


def test_what_is_not_required_says_so() -> None:
    assert _html().count("(optional)") == 1


def test_errors_are_listed_first_and_lead_to_their_fields() -> None:
    html = _html({"note": "short"})
    assert 'role="alert"' in html and 'href="#id_note"' in html and 'aria-invalid="true"' in html
    assert html.index('role="alert"') < html.index("<textarea")


def test_hidden_fields_have_no_words() -> None:
    html = _html()
    assert 'type="hidden" name="next"' in html and "Next" not in html
