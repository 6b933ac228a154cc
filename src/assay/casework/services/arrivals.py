"""Writes one batch of subjects of a run: new items, open ones brought up to date, decided ones reopened or left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, Subquery

from assay.casework.findings import Content, canonical_sha256
from assay.casework.models import Action, AnalysisRun, Decision, DecisionState, Finding, Item, ItemState, Stream
from assay.casework.moves import make_move
from assay.casework.services.carrying import carried, joined
from assay.casework.services.ranking import rank
from assay.casework.services.recording import Happening
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE

REOPENED = "item.reopened_by_run"
# Findings of some 13 kB: larger statements save nothing and hold more memory.
_WRITE_ROWS = 500
_FOLLOWING = (
    *("merchant_id", "merchant_name", "title", "brand", "category", "price_minor", "currency"),
    *("score", "score_low", "score_high", "harm_minor", "harm_currency", "rank", "stream"),
    *("inclusion_probability", "state", "opened_at", "updated_at"),
    *("claimed_by", "claimed_at", "claimed_until", "claimed_for", "run", "finding"),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A subject of a run with its frozen content. `inclusion_probability` is None when it was not drawn.

    `harm_currency` is the one that harm counts in, empty where the harm is not known.
    """

    content: Content
    harm_minor: int
    harm_currency: str
    is_flagged: bool
    inclusion_probability: float | None


@dataclass(slots=True)
class Written:
    """What a batch changed: counts by what was done, and what the audit log must be told."""

    counts: Counter[str] = field(default_factory=Counter)
    happenings: list[Happening] = field(default_factory=list)


def write(run: AnalysisRun | None, kind: str, arrivals: Sequence[Arrival], now: datetime) -> Written:
    """Writes the batch in the caller's transaction, which holds the run's row locked.

    Without a run the subjects are new listings, rated one by one as they were created.

    A decided item is touched only to reopen it, or to note that it was drawn; what waits for a second person is not.
    """
    by_id = {each.content.about.subject_id: each for each in arrivals}
    found = Item.objects.select_for_update(of=("self",), no_key=True).filter(subject_type=kind, subject_id__in=by_id)
    existing = {item.subject_id: item for item in found.order_by("id")}
    decided = _nothing_done([item for item in existing.values() if item.state == ItemState.DECIDED])
    done = Written()
    new: list[Item] = []
    following: list[Item] = []
    drawn: list[Item] = []
    for subject_id, arrival in by_id.items():
        item = existing.get(subject_id)
        if item is None:
            new.append(_filled(Item(subject_type=kind, subject_id=subject_id, opened_at=now), run, arrival, now))
            done.counts["opened"] += 1
        elif _opens(item, arrival, decided.get(item.pk), now, done):
            following.append(_filled(item, run, arrival, now))
        elif arrival.inclusion_probability is not None:
            item.inclusion_probability = arrival.inclusion_probability
            drawn.append(item)
    _save(run, by_id, new, following, now)
    Item.objects.bulk_update(drawn, ["inclusion_probability"], batch_size=_WRITE_ROWS)
    return done


def _nothing_done(items: list[Item]) -> dict[int, Finding]:
    """The finding of each decided item whose last decision is in force and did nothing."""
    rows = Decision.objects.filter(item__in=items).select_related("finding").order_by("decided_at", "id")
    last = {decision.item_id: decision for decision in rows}
    return {
        item_id: decision.finding
        for item_id, decision in last.items()
        if decision.state == DecisionState.IN_FORCE and decision.action == Action.NONE
    }


def _opens(item: Item, arrival: Arrival, seen: Finding | None, now: datetime, done: Written) -> bool:
    """Whether the item follows the run: because it is open, or because it is opened again."""
    if item.state in (ItemState.OPEN, ItemState.SNOOZED):
        done.counts["updated"] += 1
        return True
    if item.state == ItemState.CLOSED:
        reason = "A newer rating flags it again." if arrival.is_flagged else "It was drawn at random."
    elif seen is not None and arrival.is_flagged and (reason := what_is_new(seen, arrival.content)):
        pass
    else:
        done.counts["left"] += 1
        return False
    before = {"state": item.state, "score": item.score}
    make_move(item, "item", "reopen")
    item.opened_at = now
    after = {"state": item.state, "score": arrival.content.waterfall.score}
    done.happenings.append(Happening(REOPENED, "item", str(item.pk), before, after, reason))
    done.counts["reopened"] += 1
    return True


def what_is_new(seen: Finding, content: Content) -> str:
    """Why a finding is worth another look after nothing was done on an earlier one; empty when it is not.

    The score has risen into a higher band, or a discrepancy of the subject's own that adds points is of a kind that was
    not there. What only the merchant of the goods shows is looked at with the merchant.
    """
    score = content.waterfall.score
    if _band(score) > _band(seen.score):
        return f"The score was {seen.score:.1f} when nothing was done and is {score:.1f} now."
    known = {each.get("signal") for each in seen.content.get("discrepancies", ())}
    fresh = sorted(each.signal for each in content.discrepancies if (each.points or 0) > 0 and each.signal not in known)
    return f"What did not fit when nothing was done did not include {', '.join(fresh)}." if fresh else ""


def _band(score: float) -> int:
    return (score >= AT_RISK_SCORE) + (score >= RED_FLAG_SCORE)


def _filled(item: Item, run: AnalysisRun | None, arrival: Arrival, now: datetime) -> Item:
    """The item as the run has it. A claim ends: what its holder has seen is not what holds now.

    What a test buy has raised stays where it is: an examination outweighs a score.
    """
    content = arrival.content
    offer, merchant, fall = content.offer, content.merchant, content.waterfall
    item.merchant_id, item.merchant_name = merchant.id, merchant.name
    item.title = offer.title or (merchant.name if item.subject_type == "merchant" else "")
    item.brand, item.category = offer.brand, offer.category
    item.price_minor, item.currency = offer.price_minor, offer.currency
    item.score, item.score_low, item.score_high = fall.score, fall.low, fall.high
    item.harm_minor, item.harm_currency = arrival.harm_minor, arrival.harm_currency
    first = rank(arrival.harm_minor, item.opened_at)
    if item.stream == Stream.TEST_BUY:
        item.rank = max(item.rank, first)
    else:
        item.rank = first
        item.stream = Stream.LIVE if run is None else Stream.FLAGGED if arrival.is_flagged else Stream.RANDOM
    if arrival.inclusion_probability is not None:
        item.inclusion_probability = arrival.inclusion_probability
    item.claimed_by = item.claimed_at = item.claimed_until = None
    item.claimed_for = ""
    item.run, item.updated_at = run or item.run, now
    return item


def _save(
    run: AnalysisRun | None, arrivals: dict[str, Arrival], new: list[Item], following: list[Item], now: datetime
) -> None:
    Item.objects.bulk_create(new, batch_size=_WRITE_ROWS)
    known = {
        (row["item_id"], row["content_sha256"]): row["id"]
        for row in Finding.objects.filter(item__in=following).values("item_id", "content_sha256", "id")
    }
    kept = carried(following)
    fresh: list[Finding] = []
    for item in (*new, *following):
        content = arrivals[item.subject_id].content
        if item.pk in kept:
            content = joined(content, kept[item.pk])
        finding = _finding(item, run, content, now)
        if (same := known.get((item.pk, finding.content_sha256))) is None:
            fresh.append(finding)
        else:
            item.finding_id = same
    for finding in Finding.objects.bulk_create(fresh, batch_size=_WRITE_ROWS):
        finding.item.finding_id = finding.pk
    newest = Finding.objects.filter(item=OuterRef("pk")).order_by("-id").values("id")[:1]
    Item.objects.filter(pk__in=[item.pk for item in new]).update(finding=Subquery(newest))
    Item.objects.bulk_create(
        following,
        batch_size=_WRITE_ROWS,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=list(_FOLLOWING),
    )


def _finding(item: Item, run: AnalysisRun | None, content: Content, now: datetime) -> Finding:
    frozen = content.to_json()
    return Finding(
        item=item,
        run=run,
        frozen_at=now,
        snapshot_id=content.about.snapshot_id,
        model=content.about.model,
        score=content.waterfall.score,
        content=frozen,
        content_sha256=canonical_sha256(frozen),
    )
