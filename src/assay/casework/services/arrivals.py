"""Writes one batch of subjects of a run: new items, open ones brought up to date, decided ones reopened or left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from assay.casework.findings import Content, canonical_sha256
from assay.casework.models import AnalysisRun, Decision, Finding, Item, ItemState, Stream
from assay.casework.moves import make_move
from assay.casework.services import batches, claims
from assay.casework.services.carrying import carried, joined
from assay.casework.services.ranking import rank
from assay.casework.services.recording import Happening
from assay.casework.services.reopening import last_words, why_again

REOPENED, WRITTEN = "item.reopened_by_run", "run.items_written"
EVENTS = {
    REOPENED: _("reopened an item because a newer rating differs"),
    WRITTEN: _("wrote a batch of items of a rating"),
}
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

    Without a run the subjects are new listings, rated one by one as they were created: the caller records what became
    of each. With one a single event tells of the whole batch, and one more of each item that was reopened or taken
    from its holder.

    A decided item is touched only to reopen it, or to note that it was drawn; what waits for a second person is not.
    """
    by_id = {each.content.about.subject_id: each for each in arrivals}
    found = Item.objects.select_for_update(of=("self",), no_key=True).filter(subject_type=kind, subject_id__in=by_id)
    existing = {item.subject_id: item for item in found.order_by("id")}
    before = batches.standing(existing.values()) if run else []
    decided = last_words(item for item in existing.values() if item.state == ItemState.DECIDED)
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
            done.happenings += claims.end(item, "changed")
            following.append(_filled(item, run, arrival, now))
        elif arrival.inclusion_probability is not None:
            item.inclusion_probability = arrival.inclusion_probability
            drawn.append(item)
    _save(run, by_id, new, following, now)
    Item.objects.bulk_update(drawn, ["inclusion_probability"], batch_size=_WRITE_ROWS)
    if run:
        done.happenings[:0] = written(run, before, [*new, *following, *drawn])
    return done


def written(run: AnalysisRun, before: Sequence[batches.Row], items: Sequence[Item]) -> list[Happening]:
    """The event about a batch that a run has written: how those items that were there stood, and how all stand."""
    if not items:
        return []
    touched = {item.pk for item in items}
    was = batches.told([row for row in before if row[0] in touched])
    return [Happening(WRITTEN, "analysisrun", str(run.pk), was, batches.told(batches.standing(items)))]


def _opens(item: Item, arrival: Arrival, last: Decision | None, now: datetime, done: Written) -> bool:
    """Whether the item follows the run: because it is open, or because it is opened again."""
    if item.state in (ItemState.OPEN, ItemState.SNOOZED):
        done.counts["updated"] += 1
        return True
    if item.state == ItemState.CLOSED:
        reason = "A newer rating flags it again." if arrival.is_flagged else "It was drawn at random."
    elif last is not None and arrival.is_flagged and (reason := why_again(last, arrival.content)):
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


def _filled(item: Item, run: AnalysisRun | None, arrival: Arrival, now: datetime) -> Item:
    """The item as the run has it.

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
