"""What the other side answers: appeals and the documents that come with them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from assay.casework.models.decisions import Decision
from assay.casework.models.people import Language, Organisation, Person


class FieldClass(models.TextChoices):
    """Who a field or file is for; `casework/masking.py` applies it before anything is serialised."""

    PUBLIC = "public", _("public")
    PLATFORM = "platform", _("platform")
    CASE = "case", _("case")
    SEALED = "sealed", _("sealed")


class DocumentKind(models.TextChoices):
    """What an uploaded file is."""

    INVOICE = "invoice", _("invoice")
    AUTHORISATION = "authorisation", _("letter of authorisation")
    PHOTOGRAPH = "photograph", _("photograph")
    REPORT = "report", _("examination report")
    OTHER = "other", _("other")


class Document(models.Model):
    """An uploaded file: kept under its hash outside the web root, never changed, deleted only by retention."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="documents")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    task = models.ForeignKey(
        "casework.TestBuyTask", null=True, blank=True, on_delete=models.PROTECT, related_name="documents"
    )
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    field_class = models.CharField(max_length=10, choices=FieldClass.choices, default=FieldClass.CASE)
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    n_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    uploaded_by = models.ForeignKey(Person, on_delete=models.PROTECT)
    uploaded_at = models.DateTimeField()
    keep_until = models.DateTimeField(db_index=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.filename


class AppealState(models.TextChoices):
    """Where an appeal stands; `casework/moves.py` says how it gets from one to the next."""

    OPEN = "open", _("waits for an answer")
    WITHDRAWN = "withdrawn", _("withdrawn")
    UPHELD = "upheld", _("the decision stands")
    REVERSED = "reversed", _("the decision was reversed")


class Appeal(models.Model):
    """A merchant's objection to a decision, answered by somebody who had no part in it."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="appeals")
    lodged_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="lodged_appeals")
    language = models.CharField(max_length=10, choices=Language.choices)
    text = models.TextField()
    lodged_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    due_at = models.DateTimeField()
    claimed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_until = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="answered_appeals"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_text = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["decision"], condition=models.Q(state="open"), name="appeal_one_open_per_decision"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["state", "lodged_at"], name="appeal_queue")]


class LetterKind(models.TextChoices):
    """Which letter about an appeal."""

    RECEIPT = "receipt", _("receipt")
    OUTCOME = "outcome", _("outcome")


class AppealLetter(models.Model):
    """A letter to the merchant about its appeal, frozen as it was sent; `content` holds its sections."""

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=10, choices=LetterKind.choices)
    language = models.CharField(max_length=10, choices=Language.choices)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    content: models.JSONField[Any, Any] = models.JSONField(default=dict)
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["appeal", "kind"], name="appeal_letter_once")]
