"""What people found out, as the market's table of verdicts: the way back into the analysis."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from django.db import transaction
from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import AuditEvent, Decision, DecisionState, Gold, Item, Review, ReviewKind, TaskStage
from assay.casework.queries.testbuys import FOUND, authentications, finished_buys
from assay.casework.services.recording import COMMAND_LINE, Actor, Happening, record_all
from assay.measurement.unit_file import csv_bytes
from assay.pipeline.custody import write_whole

EVENTS = {"verdicts.exported": _("exported verdicts for the analysis")}

# Who found it and how. `assay.rating` lets goods that were examined speak before anybody who only looked at the offer.
REVIEW, APPEAL, TEST_BUY, AUTHENTICATION = "review", "appeal", "test_buy", "authentication"
_ROWS = 2_000
_SLACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, order=True)
class Verdict:
    """One row of the market's table `verdicts`; `decided_at` as ISO text in UTC."""

    subject_type: str
    subject_id: str
    source: str
    decided_at: str
    verdict: str
    inclusion_probability: float | None


_COLUMNS = ("subject_type", "subject_id", "verdict", "source", "decided_at", "inclusion_probability")


def export(to: Path, *, actor: Actor = COMMAND_LINE) -> int:
    """Writes every verdict that holds as CSV, whole or not at all; gives their number.

    Rows stand in the order of their keys, so the same state gives the same file to the byte. A decision in force or
    ended on time gives its answer as `review`, one reversed on appeal the answer given there as `appeal`; one that was
    undone, refused or made without a person gives nothing: a model must not learn from its own decisions. Test buys
    give `test_buy`, gold items `authentication`. What an earlier export said and no longer holds is taken back: the
    same row, `inconclusive`, stands in its place once the file is appended to the market. OutsideError when the file
    cannot be written.
    """
    if actor.person is not None:
        need(actor.person, "verdicts.export")
    read_at = timezone.now()
    with transaction.atomic():
        rows = verdicts()
        content = csv_bytes(_table(rows))
        write_whole(to, content)
        digest = hashlib.sha256(content).hexdigest()
        after = {"file": to.name, "rows": len(rows), "sha256": digest, "read_at": read_at.isoformat()}
        record_all(actor, [Happening("verdicts.exported", "verdicts", digest[:16], after=after)])
    return len(rows)


def verdicts() -> list[Verdict]:
    """Every verdict that holds, one per subject, source and moment, in the order of these."""
    bought = list(_test_buys())
    examined = {each.subject_id for each in bought}
    gold = (each for each in _gold() if each.subject_id not in examined)
    found = {_key(each): each for each in (*_taken_back(), *_reviews(), *_appeals(), *gold, *bought)}
    return [found[key] for key in sorted(found)]


def _key(each: Verdict) -> tuple[str, str, str, str]:
    return each.subject_type, each.subject_id, each.source, each.decided_at


def _table(rows: list[Verdict]) -> pa.Table:
    columns = list(zip(*(astuple(row) for row in rows), strict=True)) or [()] * len(fields(Verdict))
    types = {"inclusion_probability": pa.float64()}
    named = {
        f.name: pa.array(list(c), types.get(f.name, pa.string())) for f, c in zip(fields(Verdict), columns, strict=True)
    }
    return pa.table({name: named[name] for name in _COLUMNS})


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC).date().isoformat()}T00:00:00Z"


def _reviews() -> Iterator[Verdict]:
    """Answers of people whose decisions hold, or held until their time was over."""
    holding = Decision.objects.filter(state__in=(DecisionState.IN_FORCE, DecisionState.EXPIRED), is_automatic=False)
    for row in holding.select_related("item").order_by("pk").iterator(_ROWS):
        yield _of_decision(row, str(row.answer), REVIEW, row.in_force_at or row.decided_at)


def _appeals() -> Iterator[Verdict]:
    """Answers given where a decision was reversed: the appeal's, in the order of the item's reversals."""
    answers: dict[int, list[Review]] = {}
    for review in Review.objects.filter(kind=ReviewKind.APPEAL).order_by("finished_at", "pk").iterator(_ROWS):
        answers.setdefault(review.item_id, []).append(review)
    reversed_ones = Decision.objects.filter(state=DecisionState.REVERSED).select_related("item")
    for row in reversed_ones.order_by("ended_at", "pk").iterator(_ROWS):
        if given := answers.get(row.item_id):
            review = given.pop(0)
            yield _of_decision(row, str(review.answer), APPEAL, review.finished_at)


def _of_decision(row: Decision, answer: str, source: str, at: datetime) -> Verdict:
    item = row.item
    return Verdict(item.subject_type, item.subject_id, source, _moment(at), answer, item.inclusion_probability)


def _taken_back() -> Iterator[Verdict]:
    """What an earlier export said and holds no more, under the same keys."""
    said = AuditEvent.objects.filter(action="verdicts.exported").order_by("seq").values_list("after", flat=True)
    exports = sorted(datetime.fromisoformat(each["read_at"]) for each in said if each)
    if exports:
        yield from _gone_decisions(exports)
        yield from _gone_gold(exports)
        yield from _gone_buys(exports)


def _gone_decisions(exports: list[datetime]) -> Iterator[Verdict]:
    """Of decisions that were undone or reversed since."""
    gone = Decision.objects.filter(state__in=(DecisionState.UNDONE, DecisionState.REVERSED), is_automatic=False)
    gone = gone.filter(in_force_at__isnull=False, ended_at__isnull=False)
    for row in gone.select_related("item").order_by("pk").iterator(_ROWS):
        if row.in_force_at and row.ended_at and _was_said(exports, row.in_force_at, row.ended_at):
            yield _of_decision(row, "inconclusive", REVIEW, row.in_force_at)


def _gone_gold(exports: list[datetime]) -> Iterator[Verdict]:
    """Of gold items that were retired since, also where they came back with a later moment."""
    for item, added_at, retired_at in _gold_that_was():
        if _was_said(exports, added_at, retired_at):
            at = _moment(added_at)
            yield Verdict(item.subject_type, item.subject_id, AUTHENTICATION, at, "inconclusive", None)


def _gold_that_was() -> Iterator[tuple[Item, datetime, datetime]]:
    """From when to when items were gold; the row knows the last time, the log those before."""
    rows = {str(row.pk): row for row in Gold.objects.select_related("item").order_by("pk")}
    for row in rows.values():
        if row.retired_at is not None:
            yield row.item, row.added_at, row.retired_at
    again = AuditEvent.objects.filter(action="gold.added", before__isnull=False).order_by("seq")
    for pk, was in again.values_list("subject_id", "before"):
        yield rows[pk].item, datetime.fromisoformat(was["added_at"]), datetime.fromisoformat(was["retired_at"])


def _gone_buys(exports: list[datetime]) -> Iterator[Verdict]:
    """Of test buys that were examined, and whose plan's folder calls them failed since."""
    replaced = AuditEvent.objects.filter(
        subject_type="testbuytask",
        subject_id=Cast(OuterRef("pk"), CharField()),
        action="task.taken_over",
        before__stage=TaskStage.DONE,
        before__outcome__in=FOUND,
    )
    last = Subquery(replaced.order_by("-seq").values("at")[:1])
    rows = finished_buys().exclude(outcome__in=FOUND).annotate(replaced_at=last).filter(replaced_at__isnull=False)
    for row in rows.order_by("finished_at", "pk").iterator(_ROWS):
        if row.finished_at and _was_said(exports, row.finished_at, row.replaced_at):
            yield Verdict("listing", row.listing_id, TEST_BUY, _day(row.finished_at), "inconclusive", None)


def _was_said(exports: list[datetime], begun: datetime, ended: datetime) -> bool:
    """Whether an export was made while something held; the slack is for what was written while one was read."""
    place = bisect_left(exports, begun)
    return place < len(exports) and exports[place] < ended + _SLACK


def _gold() -> Iterator[Verdict]:
    """Items whose answer an authentication has given, while they are in use."""
    for row in Gold.objects.filter(retired_at=None).select_related("item").order_by("pk").iterator(_ROWS):
        item = row.item
        yield Verdict(item.subject_type, item.subject_id, AUTHENTICATION, _moment(row.added_at), str(row.answer), None)


def _test_buys() -> Iterator[Verdict]:
    """Conclusive and inconclusive examinations of goods of the market, as `pipeline.test_buy_verdicts` writes them.

    Controls are not goods of the market. A positive that the second examination did not confirm is genuine or
    inconclusive. The day is that of the outcome: what both ways export is the same row and counts once.
    """
    for each in authentications():
        day, chance = _day(each.decided_at), each.inclusion_probability
        yield Verdict(each.subject_type, each.subject_id, TEST_BUY, day, each.verdict, chance)
