"""The log of everything that was done, as a Merkle tree: events, the head, signed checkpoints; and legal holds."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from assay.casework.models.people import Person


class AuditEvent(models.Model):
    """One thing that was done. `seq` counts from 1 without gaps; `leaf` is the hash of its canonical bytes, in hex."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=200, db_index=True)
    actor_role = models.CharField(max_length=20)
    action = models.CharField(max_length=60, db_index=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    before: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    after: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    reason = models.TextField(blank=True)
    leaf = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id", "seq"], name="audit_subject")]


class AuditHead(models.Model):
    """The one row that every write locks: size and frontier of the tree, and its signed checkpoint."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    log_id = models.CharField(max_length=100)
    frontier = models.TextField(blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    checkpoint = models.TextField(blank=True)


class AuditCheckpoint(models.Model):
    """A signed head that was kept, for outsiders to hold."""

    size = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    text = models.TextField()


class LegalHold(models.Model):
    """Keeps everything about a subject from being erased until it is lifted."""

    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    reason = models.TextField()
    placed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id"], name="hold_subject")]
