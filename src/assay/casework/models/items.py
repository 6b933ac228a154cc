"""What waits for review: items, the frozen findings they rest on, and the runs they came from."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from assay.casework.models.people import Person
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE


class AnalysisRun(models.Model):
    """A rating that was loaded. `run_key` is the SHA-256 of its run.json, so the same run is never loaded twice.

    `progress` says how far a load came, for one that was stopped to go on; `finished_at` is null until it is complete.
    """

    run_key = models.CharField(max_length=64, unique=True)
    folder = models.CharField(max_length=1000)
    snapshot_id = models.CharField(max_length=100)
    as_of = models.DateTimeField()
    model_label = models.CharField(max_length=100)
    model_listing = models.CharField(max_length=100)
    model_merchant = models.CharField(max_length=100)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    not_computed: models.JSONField[Any, Any] = models.JSONField(default=dict)
    loaded_at = models.DateTimeField()
    loaded_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress: models.JSONField[Any, Any] = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.snapshot_id} ({self.as_of:%Y-%m-%d})"


class SubjectType(models.TextChoices):
    """What an item is about."""

    LISTING = "listing", _("goods")
    MERCHANT = "merchant", _("merchant")


class ItemState(models.TextChoices):
    """Where an item stands; `casework/moves.py` says how it gets from one to the next."""

    OPEN = "open", _("open")
    SNOOZED = "snoozed", _("snoozed")
    PROPOSED = "proposed", _("waits for a second person")
    DECIDED = "decided", _("decided")
    CLOSED = "closed", _("closed: no longer flagged")


class Stream(models.TextChoices):
    """Why an item is in the queue. Random items were drawn from all that was rated, whatever the score.

    An item that was drawn and is flagged as well is not random here: what was drawn has an `inclusion_probability`.
    """

    FLAGGED = "flagged", _("flagged by its score")
    RANDOM = "random", _("drawn at random")
    LIVE = "live", _("flagged when it was created")
    TEST_BUY = "test_buy", _("found counterfeit in a test buy")


class Band(models.TextChoices):
    """Scores in three bands: red flags, at risk, and the rest."""

    HIGH = "high", _("80 to 100")
    SOME = "some", _("40 to 80")
    LOW = "low", _("below 40")


_BAND = models.Case(
    models.When(score__gte=RED_FLAG_SCORE, then=models.Value(Band.HIGH.value)),
    models.When(score__gte=AT_RISK_SCORE, then=models.Value(Band.SOME.value)),
    default=models.Value(Band.LOW.value),
)


class Item(models.Model):
    """One listing or merchant for people to look at, with what the queue needs to find, order and show it.

    `rank` orders the queue: log10 of the expected harm prevented plus age, written so that it never has to be
    recomputed as time passes (see services/ranking). `claimed_until` in the past means not claimed; `claimed_for` is
    the kind of review the claim is for (first, blind or gold), which the page must not show. `harm_minor` is in
    `harm_currency`, that of the run and seldom that of the price; it is empty where the harm is not known. `band` is
    computed by the database from the score, so that an index can find the few items of a rare band among a million.
    """

    subject_type = models.CharField(max_length=10, choices=SubjectType.choices)
    subject_id = models.CharField(max_length=200)
    merchant_id = models.CharField(max_length=200, db_index=True)
    merchant_name = models.CharField(max_length=300, blank=True)
    title = models.CharField(max_length=1000, blank=True)
    brand = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=300, blank=True)
    price_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    score = models.FloatField()
    band = models.GeneratedField(expression=_BAND, output_field=models.CharField(max_length=4), db_persist=True)
    score_low = models.FloatField(null=True, blank=True)
    score_high = models.FloatField(null=True, blank=True)
    harm_minor = models.BigIntegerField(default=0)
    harm_currency = models.CharField(max_length=3, blank=True)
    rank = models.FloatField()
    stream = models.CharField(max_length=10, choices=Stream.choices, default=Stream.FLAGGED)
    inclusion_probability = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.OPEN)
    needs_blind_review = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    claimed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="claims")
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    claimed_for = models.CharField(max_length=10, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(AnalysisRun, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    finding = models.ForeignKey("casework.Finding", null=True, on_delete=models.PROTECT, related_name="current_for")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_type", "subject_id"], name="item_once_per_subject"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-rank", "id"], name="item_queue"),
            models.Index(fields=["state", "stream", "-rank", "id"], name="item_queue_stream"),
            models.Index(fields=["state", "category", "-rank", "id"], name="item_queue_category"),
            models.Index(fields=["state", "brand", "-rank", "id"], name="item_queue_brand"),
            models.Index(fields=["state", "band", "-rank", "id"], name="item_queue_band"),
            models.Index(fields=["state", "subject_type", "-rank", "id"], name="item_queue_subject"),
            models.Index(fields=["merchant_id", "state", "-rank", "id"], name="item_merchant"),
            models.Index(fields=["subject_id"], name="item_subject_id"),
            models.Index(
                fields=["-rank", "id"],
                name="item_blind",
                condition=models.Q(state="decided", needs_blind_review=True),
            ),
            # The few open items of the highest scores, for the automation.
            models.Index(fields=["-score"], name="item_open_score", condition=models.Q(state="open")),
            # The few open items that were drawn, which one claim in ten is served from.
            models.Index(
                fields=["subject_id"],
                name="item_sample",
                condition=models.Q(state="open", inclusion_probability__isnull=False),
            ),
            models.Index(fields=["state", "opened_at"], name="item_age"),
            models.Index(fields=["claimed_by", "claimed_until"], name="item_claims"),
            models.Index(
                fields=["snoozed_until"], name="item_snoozed", condition=models.Q(snoozed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}"


class Finding(models.Model):
    """What was known about a subject at one moment, word for word; never changed and never deleted.

    `content` holds score, waterfall, discrepancies, facts, price context, pictures and what was not computed, as
    `casework/findings.py` writes it; `content_sha256` is the hash of its canonical JSON.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="findings")
    run = models.ForeignKey(AnalysisRun, null=True, blank=True, on_delete=models.PROTECT)
    frozen_at = models.DateTimeField()
    snapshot_id = models.CharField(max_length=100)
    model = models.CharField(max_length=100)
    score = models.FloatField()
    content: models.JSONField[Any, Any] = models.JSONField()
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "content_sha256"], name="finding_once_per_content"),
        ]


class SavedView(models.Model):
    """A filter of the queue that a person keeps, or shares with the organisation."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=100)
    query: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "name"], name="view_name_once")]


class QueueCensus(models.Model):
    """The queue counted at one moment by the worker: pages read this instead of counting a million rows."""

    taken_at = models.DateTimeField(db_index=True)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
