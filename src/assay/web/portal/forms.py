"""What a merchant may send: a document, an appeal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.casework.models import DocumentKind
from assay.casework.services.appeals import LEAST_CHARACTERS, MOST_CHARACTERS

_KINDS = (DocumentKind.INVOICE, DocumentKind.AUTHORISATION, DocumentKind.PHOTOGRAPH, DocumentKind.OTHER)


class DocumentForm(forms.Form):
    """A file and what it is."""

    kind = forms.ChoiceField(label=_("What it is"), choices=[(kind.value, kind.label) for kind in _KINDS])
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, JPEG, PNG or WebP, at most 10 MB."),
        allow_empty_file=True,  # the check of the content says it in its own words
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png,.webp"}),
    )


class AppealForm(forms.Form):
    """What is not right about a decision."""

    text = forms.CharField(
        label=_("What is not right?"),
        help_text=_("Say which fact does not fit and why. A person who had no part in the decision reads it."),
        min_length=LEAST_CHARACTERS,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
