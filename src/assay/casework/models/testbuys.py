"""Test buys as work: programmes (sealed plans), one task per unit, custody, blind examinations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from assay.casework.models.people import Organisation, Person


class Programme(models.Model):
    """One sealed plan whose units are bought: its folder, seal and budget."""

    name = models.CharField(max_length=200)
    folder = models.CharField(max_length=1000, unique=True)
    plan_sha256 = models.CharField(max_length=64, unique=True)
    key_fingerprint = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    budget_minor = models.BigIntegerField()
    handling_minor = models.BigIntegerField(default=0)
    # Share of first examinations without a counterfeit that are examined again all the same: a second examiner who is
    # only ever given positives would know the first result from being asked.
    decoy_rate = models.FloatField(default=0.0)
    loaded_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)
    loaded_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # What the folder said when it was last read: pages show this, so that no request computes an interval.
    progress: models.JSONField[Any, Any] = models.JSONField(default=dict)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class TaskStage(models.TextChoices):
    """Where a unit is on its way from plan to outcome; `casework/moves.py` says how it moves."""

    TO_BUY = "to_buy", _("to buy")
    ORDERED = "ordered", _("ordered")
    RECEIVED = "received", _("received")
    SEALED = "sealed", _("sealed for examination")
    EXAMINED = "examined", _("examined once")
    DONE = "done", _("has its outcome")


class TestBuyTask(models.Model):
    """One unit of a programme: what to buy, where the parcel is, what came of it. Outcomes are the ledger's words."""

    __test__ = False  # not a test class, whatever its name begins with

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="tasks")
    unit = models.CharField(max_length=40)
    look = models.PositiveIntegerField(default=1)
    pot = models.CharField(max_length=10)
    listing_id = models.CharField(max_length=200, blank=True)
    merchant_id = models.CharField(max_length=200, blank=True, db_index=True)
    title = models.CharField(max_length=1000, blank=True)
    brand = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=300, blank=True)
    merchant_name = models.CharField(max_length=300, blank=True)
    rights_holder = models.CharField(max_length=300, blank=True)
    catalogue_weight_g = models.FloatField(null=True, blank=True)
    price_minor = models.BigIntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    known = models.CharField(max_length=15, blank=True)
    inclusion_probability = models.FloatField(null=True, blank=True)
    stage = models.CharField(max_length=10, choices=TaskStage.choices, default=TaskStage.TO_BUY)
    assigned_to = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="buys")
    due_at = models.DateTimeField(null=True, blank=True)
    order_no = models.CharField(max_length=100, blank=True)
    carrier = models.CharField(max_length=100, blank=True)
    tracking_no = models.CharField(max_length=100, blank=True)
    parcel_weight_g = models.FloatField(null=True, blank=True)
    cost_minor = models.BigIntegerField(default=0)
    # What the goods are said to be, in the buyer's words: all that an examiner is told of them.
    said_brand = models.CharField(max_length=200, blank=True)
    said_model = models.CharField(max_length=200, blank=True)
    seal_no = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    second_outcome = models.CharField(max_length=20, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    record_problem = models.TextField(blank=True)
    custody_head = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "unit"], name="task_once_per_unit"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["stage", "due_at"], name="task_waiting"),
            models.Index(fields=["assigned_to", "stage"], name="task_of_buyer"),
        ]

    def __str__(self) -> str:
        return self.unit


class CustodyEntry(models.Model):
    """One link of a unit's chain of custody: who had it, did what, where, under which seal. Only added to."""

    task = models.ForeignKey(TestBuyTask, on_delete=models.PROTECT, related_name="custody")
    seq = models.PositiveIntegerField()
    act = models.CharField(max_length=40)
    at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    seal_no = models.CharField(max_length=60, blank=True)
    place = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    details: models.JSONField[Any, Any] = models.JSONField(default=dict)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "seq"], name="custody_seq_once")]


class Examination(models.Model):
    """A blind authentication of one unit by one organisation; the second one knows nothing of the first.

    `seal_no_expected` is the number the examiner checks, `resealed_no` the one the parcel leaves under. One that was
    declined (`declined_at`) waits to be given to somebody else.
    """

    task = models.ForeignKey(TestBuyTask, on_delete=models.PROTECT, related_name="examinations")
    ordinal = models.PositiveSmallIntegerField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    examiner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="examinations")
    assigned_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    findings = models.TextField(blank=True)
    cost_minor = models.BigIntegerField(default=0)
    seal_no_expected = models.CharField(max_length=60, blank=True)
    seal_no_found = models.CharField(max_length=60, blank=True)
    seal_fits = models.BooleanField(null=True, blank=True)
    is_seal_intact = models.BooleanField(null=True, blank=True)
    resealed_no = models.CharField(max_length=60, blank=True)
    is_independent = models.BooleanField(default=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_because = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "ordinal"], name="examination_ordinal_once")]
        indexes: ClassVar = [models.Index(fields=["organisation", "finished_at"], name="examination_queue")]

    @property
    def is_seal_checked(self) -> bool:
        """Whether the seal was compared: when the parcel arrived, or with the result at the latest."""
        return bool(self.seal_no_found)
