"""What leaves the house: endpoints that want to know, and the outbox that is never lost and never doubled."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from assay.casework.models.decisions import Decision
from assay.casework.models.people import Organisation


class Endpoint(models.Model):
    """A URL of an organisation that receives signed effects. The secret is kept encrypted.

    Paused: effects are still written for it and wait. Not active: retired for good, nothing is written for it.
    A secret that was replaced signs beside the new one until `old_secret_until`.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="endpoints")
    url = models.URLField(max_length=500)
    sealed_secret = models.TextField()
    sealed_old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # Attempts that failed one after another; after a few the endpoint rests, so that it holds up no other.
    n_failed_in_row = models.PositiveIntegerField(default=0)
    resting_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class EffectState(models.TextChoices):
    """Where an effect stands on its way out."""

    WAITING = "waiting", _("waits to be sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("given up after all retries")
    WAIVED = "waived", _("waived by a person")
    UNHEARD = "unheard", _("nobody listened")


class Effect(models.Model):
    """One message of the outbox, written in the same transaction as what caused it.

    `key` is sent with every attempt, so a receiver that saw it before can drop the repetition. `id` orders the effects
    of one subject: a later one waits while an earlier one to the same endpoint waits or has failed.
    """

    key = models.UUIDField(unique=True)
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="effects")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=250, db_index=True)
    payload: models.JSONField[Any, Any] = models.JSONField()
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=EffectState.choices, default=EffectState.WAITING)
    n_attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                name="effect_due",
                condition=models.Q(state="waiting"),
            ),
            models.Index(fields=["subject", "id"], name="effect_order"),
            # Not a partial one: SQLite cannot use it for a list of states, and would read the endpoint's whole history.
            models.Index(fields=["endpoint", "subject", "state", "id"], name="effect_unfinished"),
            models.Index(fields=["state", "-id"], name="effect_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class WorkerBeat(models.Model):
    """One periodic job of the worker: who runs it until when, when it is due again, and how it went."""

    job = models.CharField(max_length=60, unique=True)
    due_at = models.DateTimeField()
    held_by = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_seconds = models.FloatField(null=True, blank=True)
    last_done = models.PositiveIntegerField(default=0)
    last_good_at = models.DateTimeField(null=True, blank=True)
    n_failed_in_row = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.job


class IdempotencyKey(models.Model):
    """An API call that was answered: the same key with the same body gets the same answer again."""

    token = models.ForeignKey("casework.ApiToken", on_delete=models.CASCADE)
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    response: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["token", "key"], name="idempotency_key_once")]
