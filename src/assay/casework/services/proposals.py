"""Merchants whose strikes reached a threshold are put before people, once for each strike that takes them there.

The worker does this a little after the strike, in a transaction of its own: a decision never waits for the merchant's
item, which somebody may hold. A proposal is an item of the queue with the strikes as one recorded sentence; a person
decides, as about any item.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from assay.casework.audit.evidence import finding_said
from assay.casework.findings import STRIKES_STANDING, About, Content, Discrepancy, Merchant, Waterfall
from assay.casework.letters.english import ENGLISH, strikes
from assay.casework.models import (
    Finding,
    Item,
    ItemState,
    Organisation,
    Strike,
    StrikeProposal,
    SubjectType,
)
from assay.casework.moves import make_move
from assay.casework.queries.harm import counting
from assay.casework.services.ranking import rank
from assay.casework.services.recording import WORKER, Actor, Happening, record_all
from assay.casework.services.strikes import Policy, Standing, Threshold, policy_in_force, standing, weigh

LABEL = "strikes in force"
# What stands for the snapshot in a finding of a merchant that no rating has flagged.
OF_STRIKES = "strikes"
# Merchants put forward in one go; the rest follow with the next look of the worker.
_BATCH = 100
# A sum of tenths may come out below what it stands for; standings are rounded to four decimals.
_ROUNDED = 0.0001


def put_forward(actor: Actor = WORKER, now: datetime | None = None) -> int:
    """Puts every merchant forward that has reached a threshold since its last proposal; gives how many."""
    at = now or timezone.now()
    policy = policy_in_force()
    if not policy.thresholds:
        return 0
    n = 0
    for merchant_id in _reached(policy, at):
        n += _put_one(actor, merchant_id, policy, at)
        if n >= _BATCH:
            break
    return n


def _reached(policy: Policy, at: datetime) -> list[str]:
    """Merchants that stand at a threshold and got a strike since they were last put forward.

    The database adds up every strike, which may be too much and is never too little by more than is rounded off; of
    what is left each occasion is counted once, so that sweeps that reach nothing keep nobody waiting.
    """
    least = min(each.at for each in policy.thresholds)
    counting = Strike.objects.filter(given_at__lte=at, expires_at__gt=at, cancelled_at=None)
    last = StrikeProposal.objects.filter(merchant_id=OuterRef("merchant_id")).order_by("-id").values("proposed_at")[:1]
    sums = counting.order_by().values("merchant_id").annotate(total=Sum("weight"), newest=Max("given_at"))
    sums = sums.annotate(last=Subquery(last)).filter(Q(last=None) | Q(newest__gt=Subquery(last)))
    sums = sums.filter(total__gte=least - _ROUNDED)
    rows = counting.filter(merchant_id__in=sums.values("merchant_id")).order_by("merchant_id", "given_at", "id")
    found = []
    for merchant_id, own in groupby(rows.values_list("merchant_id", "given_at", "weight"), key=itemgetter(0)):
        if weigh([(given_at, weight) for _id, given_at, weight in own], policy.together_days) >= least:
            found.append(merchant_id)
    return found


def _put_one(actor: Actor, merchant_id: str, policy: Policy, at: datetime) -> bool:
    """False when the merchant has not reached a threshold, or when somebody is at work on its item right now."""
    with transaction.atomic():
        now = standing(merchant_id, at, policy)
        if now.reached is None:
            return False
        found = _item(now, at)
        if found is None:
            return False
        item, opened = found
        record_all(actor, [*opened, propose(item, now, now.reached, policy)])
    return True


def propose(item: Item, now: Standing, reached: Threshold, policy: Policy, reason: str = "") -> Happening:
    """Freezes what the strikes are into a locked item, which it saves, and gives what to record."""
    before = item.finding.content if item.finding else {}
    fact = Discrepancy(STRIKES_STANDING, LABEL, now.weight, sentence(now, reached))
    content = _joined(Content.read(before), fact) if "format" in before else _alone(item, fact, now.at)
    finding = freeze(item, content, now.at)
    proposal = StrikeProposal.objects.create(
        merchant_id=now.merchant_id,
        policy_id=policy.id,
        item=item,
        weight=now.weight,
        threshold=reached.at,
        action=reached.action,
        proposed_at=now.at,
    )
    said = {"merchant": now.merchant_id, "weight": now.weight, "threshold": reached.at, "action": reached.action}
    said |= {"item": item.pk, "policy": policy.id, "finding": finding_said(finding)}
    return Happening("strike.proposed", "strikeproposal", str(proposal.pk), after=said, reason=reason)


def _item(now: Standing, at: datetime) -> tuple[Item, list[Happening]] | None:
    """The merchant's item, opened again where it was over, and what to record of that.

    None when it is locked or waits for a second person.
    """
    existing = Item.objects.filter(subject_type=SubjectType.MERCHANT, subject_id=now.merchant_id)
    if not existing.exists():
        return _new(now, at), []
    item = existing.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("finding").first()
    if item is None or item.state == ItemState.PROPOSED or (item.claimed_until and item.claimed_until > at):
        return None
    opened: list[Happening] = []
    if item.state in (ItemState.DECIDED, ItemState.CLOSED):
        before, after = make_move(item, "item", "reopen")
        opened = [
            Happening("item.reopened", "item", str(item.pk), {"state": before}, {"state": after, "because": "strikes"})
        ]
        item.opened_at, item.rank = at, rank(item.harm_minor, at)
        item.needs_blind_review = False
    elif item.state == ItemState.SNOOZED:
        before, after = make_move(item, "item", "wake")
        said = {"state": after, "because": "strikes"}
        opened = [Happening("item.woken", "item", str(item.pk), {"state": before}, said)]
        item.snoozed_until = None
    return item, opened


def _new(now: Standing, at: datetime) -> Item:
    """An item for a merchant that no rating has flagged. Its score is the highest its strikes were given for."""
    scores = [each.decision.finding.score for each in _with_findings(now)]
    rules = counting()
    harm = rules.of({each.decision.item_id: each.decision.item for each in now.strikes}.values())
    return Item.objects.create(
        subject_type=SubjectType.MERCHANT,
        subject_id=now.merchant_id,
        merchant_id=now.merchant_id,
        merchant_name=_name(now),
        title=_name(now),
        score=max(scores, default=0.0),
        harm_minor=harm,
        harm_currency=rules.currency,
        rank=rank(harm, at),
        opened_at=at,
        updated_at=at,
    )


def _with_findings(now: Standing) -> list[Strike]:
    ids = [each.pk for each in now.strikes]
    return list(Strike.objects.filter(pk__in=ids).select_related("decision__finding", "decision__item"))


def _name(now: Standing) -> str:
    own = Organisation.objects.filter(merchant_id=now.merchant_id).values_list("name", flat=True).first()
    return own or next((each.decision.item.merchant_name for each in now.strikes if each.decision.item), "")


def freeze(item: Item, content: Content, at: datetime) -> Finding:
    """The finding that holds some content, on which the item rests from now on; saves both."""
    finding, _is_new = Finding.objects.get_or_create(
        item=item,
        content_sha256=content.sha256,
        defaults={
            "run": item.run,
            "frozen_at": at,
            "snapshot_id": content.about.snapshot_id,
            "model": content.about.model,
            "score": content.waterfall.score,
            "content": content.to_json(),
        },
    )
    item.finding, item.updated_at = finding, at
    item.save()
    return finding


def without_strikes(content: Content) -> Content:
    """What is known about a merchant beside its strikes."""
    others = tuple(each for each in content.discrepancies if each.signal != STRIKES_STANDING)
    return replace(content, discrepancies=others)


def _joined(content: Content, fact: Discrepancy) -> Content:
    """The strikes first, beside whatever was known about the merchant before."""
    return replace(content, discrepancies=(fact, *without_strikes(content).discrepancies))


def _alone(item: Item, fact: Discrepancy, at: datetime) -> Content:
    about = About("merchant", item.subject_id, OF_STRIKES, at.isoformat(), "highest score of the goods behind it", "")
    return Content(
        about=about,
        merchant=Merchant(item.subject_id, item.merchant_name),
        waterfall=Waterfall(item.score, None, None, item.score, 0),
        discrepancies=(fact,),
    )


def sentence(now: Standing, reached: Threshold) -> str:
    """One sentence with both facts: what is in force, and what the policy says about it."""
    references = ", ".join(each.decision.reference for each in now.strikes[:10])
    more = f" and {len(now.strikes) - 10} more" if len(now.strikes) > 10 else ""
    n = now.n_occasions
    return (
        f"{strikes(now.weight)} of {n} {'occasion' if n == 1 else 'occasions'} are in force (decisions {references}"
        f"{more}); from {strikes(reached.at)} on the policy puts {ENGLISH.actions[reached.action]} before a person."
    )
