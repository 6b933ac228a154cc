"""What people answered and decided: reviews, gold items, decisions, statements of reasons, strikes, automation."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from assay.casework.models.items import Finding, Item
from assay.casework.models.people import Language, Organisation, Person


class Answer(models.TextChoices):
    """What a reviewer makes of the goods, apart from what is done about it."""

    COUNTERFEIT = "counterfeit", _("counterfeit")
    GENUINE = "genuine", _("nothing against it")
    INCONCLUSIVE = "inconclusive", _("cannot tell")


class Action(models.TextChoices):
    """What is done, mildest first. The order is that of severity (see casework/reasons.py)."""

    NONE = "none", _("no action")
    WARN = "warn", _("warn the merchant")
    ASK_INVOICE = "ask_invoice", _("ask for an invoice")
    DEMOTE = "demote", _("demote in search")
    REMOVE = "remove", _("remove the listing")
    SUSPEND = "suspend", _("suspend the merchant")
    CLOSE = "close", _("close the account")


class ReviewKind(models.TextChoices):
    """Why somebody reviewed: for the decision, blind a second time, as a gold item (neither known to the reviewer), or
    in answer to an appeal."""

    FIRST = "first", _("first review")
    BLIND = "blind", _("blind second review")
    GOLD = "gold", _("gold item")
    APPEAL = "appeal", _("answer on appeal")


class Review(models.Model):
    """One person's answer about one item on one frozen finding.

    `decision` is the one that a blind review was about; `settled_at` says that a senior looked at its disagreement.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="reviews")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reviews")
    kind = models.CharField(max_length=10, choices=ReviewKind.choices)
    answer = models.CharField(max_length=15, choices=Answer.choices)
    action = models.CharField(max_length=15, choices=Action.choices)
    reason_code = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_index=True)
    decision = models.ForeignKey(
        "casework.Decision", null=True, blank=True, on_delete=models.PROTECT, related_name="blind_reviews"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")


class Gold(models.Model):
    """An item whose answer is known (from an authentication), mixed into the queue without saying so."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="gold")
    answer = models.CharField(max_length=15, choices=Answer.choices)
    source = models.CharField(max_length=200)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)


class DecisionState(models.TextChoices):
    """Where a decision stands; `casework/moves.py` says how it gets from one to the next."""

    PROPOSED = "proposed", _("waits for a second person")
    REFUSED = "refused", _("refused by the second person")
    IN_FORCE = "in_force", _("in force")
    UNDONE = "undone", _("undone")
    REVERSED = "reversed", _("reversed on appeal")
    EXPIRED = "expired", _("ended on time")


class Decision(models.Model):
    """What was decided about a subject, on which frozen finding, by whom, for how long. Never deleted."""

    reference = models.CharField(max_length=20, unique=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="decisions")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT)
    review = models.ForeignKey(Review, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions")
    merchant_id = models.CharField(max_length=200, db_index=True)
    answer = models.CharField(max_length=15, choices=Answer.choices)
    action = models.CharField(max_length=15, choices=Action.choices)
    reason_code = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=DecisionState.choices)
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions")
    decided_at = models.DateTimeField(db_index=True)
    approved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals")
    in_force_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    batch = models.CharField(max_length=40, blank=True, db_index=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "decided_at"], name="decision_state"),
            models.Index(
                fields=["ends_at"], name="decision_ending", condition=models.Q(state="in_force", ends_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Statement(models.Model):
    """The letter sent to the merchant, frozen as it was sent: the statement of reasons of each decision that acts.

    A decision of no action has one only where it ends a request for an invoice that the merchant answered.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="statement")
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT)
    merchant_id = models.CharField(max_length=200, db_index=True)
    language = models.CharField(max_length=10, choices=Language.choices)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    content: models.JSONField[Any, Any] = models.JSONField(default=dict)
    issued_at = models.DateTimeField()
    appeal_by = models.DateTimeField()
    first_read_at = models.DateTimeField(null=True, blank=True)


class Strike(models.Model):
    """A mark against a merchant that counts until it expires or is cancelled."""

    merchant_id = models.CharField(max_length=200, db_index=True)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="strike")
    weight = models.FloatField()
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)


class StrikePolicy(models.Model):
    """Weights, window and the thresholds that propose an action. The newest row that is switched on is in force."""

    weights: models.JSONField[Any, Any] = models.JSONField(default=dict)
    window_days = models.PositiveIntegerField()
    thresholds: models.JSONField[Any, Any] = models.JSONField(default=list)
    created_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    switched_on_at = models.DateTimeField(null=True, blank=True)
    switched_on_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")


class StrikeProposal(models.Model):
    """A merchant whose strikes reached a threshold, put before people as an item; nothing happens by itself."""

    merchant_id = models.CharField(max_length=200, db_index=True)
    policy = models.ForeignKey(StrikePolicy, null=True, blank=True, on_delete=models.PROTECT, related_name="proposals")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="strike_proposals")
    weight = models.FloatField()
    threshold = models.FloatField()
    action = models.CharField(max_length=15, choices=Action.choices)
    proposed_at = models.DateTimeField()


class AutomationPolicy(models.Model):
    """What may be decided without a person in one category ("" = every other one); a lost appeal lowers it."""

    category = models.CharField(max_length=300, unique=True, blank=True)
    most_severe_action = models.CharField(max_length=15, choices=Action.choices, default=Action.NONE)
    least_score = models.FloatField(default=95.0)
    updated_at = models.DateTimeField()
    lowered_because = models.CharField(max_length=300, blank=True)
