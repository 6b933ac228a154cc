"""Brings a rating into casework: what is flagged, and a random sample, with frozen findings."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.freezing import freeze, too_long
from assay.casework.models import AnalysisRun, Item, ItemState, Stream, SubjectType
from assay.casework.moves import make_move
from assay.casework.queries.documents import answered_requests
from assay.casework.queries.harm import Counting, counted_in
from assay.casework.services import arrivals, batches, claims
from assay.casework.services.arrivals import Arrival
from assay.casework.services.carrying import standing_proposals
from assay.casework.services.recording import Actor, Happening, record, record_all
from assay.engine import EngineSettings
from assay.market.errors import CallerError, DamagedSnapshot
from assay.market.scores import AT_RISK_SCORE
from assay.pipeline import Run, open_run
from assay.pipeline.dossiers import Dossier, Dossiers, Wanted, open_dossiers

CLOSED = "item.closed_by_run"
EVENTS = {
    "run.load_begun": _("began to load a rating"),
    "run.loaded": _("loaded a rating"),
    CLOSED: _("closed an item that a newer rating does not flag"),
}
N_RANDOM = 200
_BATCH = 2_000
Key = tuple[str, ...]
# An item that the API made between our look and our writing: the second look finds it.
_TRIES = 3
_COUNTED = ("opened", "updated", "reopened", "closed", "left", "id_too_long")
# Ids that are too long and named: enough to find out which column they come from.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class How:
    """What a load may be told beside what to bring: the currency that harm counts in, rates of others into it, limits.

    `rates`: units of `currency` per unit of another (both in minor units); goods in a currency without a rate have no
    harm in money and stand last. `batch` subjects are written in one transaction.
    """

    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    engine_settings: EngineSettings | None = None
    batch: int = _BATCH


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `is_unchanged`: this run was loaded before, and nothing was written, not even in the audit log.

    `counts`: items opened, updated, reopened, closed, left (decided or waiting for a second person); listings drawn at
    random out of the live ones; flagged goods left out because they are not offered any more; what was left out because
    its id or its merchant's is longer than casework keeps, and the first few of these ids.
    """

    run: AnalysisRun
    is_unchanged: bool
    counts: dict[str, Any]


def load_run(
    folder: Path,
    *,
    actor: Actor,
    least_score: float = AT_RISK_SCORE,
    n_random: int = N_RANDOM,
    seed: int = 1,
    how: How | None = None,
) -> Loaded:
    """Brings the goods and merchants of a run that score `least_score` or more, and `n_random` live listings drawn.

    Loading a run twice changes nothing. A load that was stopped goes on where it was. A new run brings open items up to
    date, closes those it does not flag, reopens decided ones as `reopening` says, and touches no decision.
    CallerError for a run that is older than the one loaded last, or one loaded before with other settings.
    """
    if actor.person is not None:
        need(actor.person, "run.load")
    how = how or How()
    wanted = Wanted(least_score, n_random, seed, how.currency, dict(how.rates))
    run = open_run(folder)
    key = run_key(folder)
    row = _begun(actor, run, key, wanted)
    if row.finished_at is not None:
        return Loaded(row, is_unchanged=True, counts=row.counts)
    load = _Load(actor, row.pk, run)
    # A seed of the run's own: otherwise every run would draw the same listings again. Whoever rates the same goods as
    # of the same moment elsewhere, in another folder, draws the same.
    drawn_by = int.from_bytes(hashlib.sha256(f"{run.snapshot_id}:{run.about['as_of']}:{seed}".encode()).digest()[:4])
    with open_dossiers(run, replace(wanted, seed=drawn_by), settings=how.engine_settings) as opened:
        for kind in (SubjectType.LISTING, SubjectType.MERCHANT):
            load.write_kind(opened, kind, how.batch)
    load.close_what_is_gone(how.batch)
    row = load.finish(opened.counts)
    return Loaded(row, is_unchanged=False, counts=row.counts)


def run_key(folder: Path) -> str:
    """SHA-256 of the run's run.json: another rating of the same market has another."""
    try:
        return hashlib.sha256((folder / "run.json").read_bytes()).hexdigest()
    except OSError as error:
        raise DamagedSnapshot(f"{folder / 'run.json'} cannot be read ({error}); rate the market again.") from error


def _begun(actor: Actor, run: Run, key: str, wanted: Wanted) -> AnalysisRun:
    """The row of the run: made, or the one of an earlier load of the same run."""
    asked = _asked(wanted)
    with transaction.atomic():
        row = AnalysisRun.objects.select_for_update(no_key=True).filter(run_key=key).first()
        if row is None:
            _need_newest(run)
            row = _made(actor, run, key, asked)
    if row.progress["asked"] != asked:
        raise CallerError(
            f"This run was loaded with {_said(row.progress['asked'])}, not with {_said(asked)}; load it as it was, or "
            "rate the market again and load that run.",
            where={"run": str(run.folder)},
            value=_said(asked),
            allowed=_said(row.progress["asked"]),
        )
    return row


def _asked(wanted: Wanted) -> dict[str, Any]:
    return {
        "least_score": float(wanted.least_score),
        "n_random": wanted.n_random,
        "seed": wanted.seed,
        "currency": wanted.currency or "",
        "rates": {name: float(rate) for name, rate in sorted(wanted.rates.items())},
    }


def _said(asked: dict[str, Any]) -> str:
    said = [f"a least score of {asked['least_score']:g}", f"{asked['n_random']} drawn by seed {asked['seed']}"]
    if asked["currency"]:
        said.append(f"harm in {asked['currency']}")
    said += [f"1 {name} = {rate:g}" for name, rate in asked["rates"].items()]
    return ", ".join(said)


def _need_newest(run: Run) -> None:
    last = AnalysisRun.objects.order_by("-as_of").first()
    as_of = datetime.fromisoformat(run.about["as_of"])
    if last is not None and last.as_of > as_of:
        raise CallerError(
            f"Run {run.folder} looks at the market as of {as_of:%Y-%m-%d %H:%M}; a run as of "
            f"{last.as_of:%Y-%m-%d %H:%M} is loaded already, and an older one would put the queue back. Rate the "
            "market as it is now.",
            where={"run": str(run.folder)},
            value=as_of.isoformat(),
            allowed=f"{last.as_of.isoformat()} or later",
        )


def _made(actor: Actor, run: Run, key: str, asked: dict[str, Any]) -> AnalysisRun:
    about = run.about
    row = AnalysisRun.objects.create(
        run_key=key,
        folder=str(run.folder.resolve()),
        snapshot_id=run.snapshot_id,
        as_of=datetime.fromisoformat(about["as_of"]),
        model_label=about["model"]["label"],
        model_listing=about["model"]["listing"],
        model_merchant=about["model"]["merchant"],
        not_computed=about["not_computed"],
        loaded_at=timezone.now(),
        loaded_by=actor.person,
        progress={"asked": asked, "after": {}, "counts": {}},
    )
    record(actor, "run.load_begun", row, after={"run": key, "snapshot": run.snapshot_id} | asked)
    return row


@dataclass(frozen=True, slots=True)
class _Load:
    """One process at work on one run. Every transaction locks the run's row first: two loads cannot mix."""

    actor: Actor
    pk: int
    run: Run

    def write_kind(self, opened: Dossiers, kind: str, size: int) -> None:
        """Writes all subjects of a kind, a batch per transaction; what an earlier load wrote lies behind its place."""
        after = AnalysisRun.objects.get(pk=self.pk).progress["after"].get(kind)
        place = None if after is None else tuple(after)
        rules = counted_in(opened.selected.currency, opened.selected.rates)
        batches = opened.listings(place, size) if kind == SubjectType.LISTING else opened.merchants(place, size)
        for batch in batches:
            reached = _place(batch[-1])
            left_out = [each for each in map(too_long, batch) if each]
            brought = [_arrival(self.run, each, rules) for each in batch if not too_long(each)]
            self._write(kind, brought, left_out, place, reached)
            place = reached

    def _write(self, kind: str, brought: list[Arrival], left_out: list[str], place: Key | None, reached: Key) -> None:
        for attempt in range(_TRIES):
            try:
                with transaction.atomic():
                    row = self._locked()
                    self._need_place(row, kind, place)
                    written = arrivals.write(row, kind, brought, timezone.now())
                    row.progress["after"][kind] = list(reached)
                    self._keep(row, written.counts + Counter(id_too_long=len(left_out)), left_out)
                    record_all(self.actor, written.happenings)
                return
            except IntegrityError:
                if attempt == _TRIES - 1:
                    raise

    def close_what_is_gone(self, size: int) -> None:
        """Closes open items that the run does not flag: not those drawn at random, whose answers are still owed."""
        last: int | None = 0
        while last is not None:
            with transaction.atomic():
                row = self._locked()
                last, happenings = self._close_some(row, last, size)
                self._keep(row, Counter(closed=sum(each.action == CLOSED for each in happenings)))
                record_all(self.actor, happenings)

    def _close_some(self, row: AnalysisRun, last: int, size: int) -> tuple[int | None, list[Happening]]:
        waiting = Item.objects.select_for_update(of=("self",), no_key=True).filter(
            pk__gt=last, state__in=(ItemState.OPEN, ItemState.SNOOZED), stream__in=(Stream.FLAGGED, Stream.LIVE)
        )
        waiting = waiting.exclude(pk__in=standing_proposals().values("item"))
        waiting = waiting.exclude(pk__in=answered_requests().values("item"))  # the merchant is owed a look at it
        items = list(waiting.exclude(run=row).order_by("pk")[:size])
        if not items:
            return None, []
        rated = self._rated([item for item in items if item.stream == Stream.LIVE])
        stood = batches.standing(items)
        happenings, kept = [], []
        for item in items:
            if item.stream == Stream.LIVE and item.subject_id not in rated:
                continue
            if item.inclusion_probability is not None:
                item.stream = Stream.RANDOM
                kept.append(item)
                continue
            before, after = make_move(item, "item", "close")
            happenings += [*claims.end(item, "unflagged"), _closing(item, before, after, row)]
            item.snoozed_until, item.updated_at = None, timezone.now()
        changed = ["state", "stream", "updated_at", "snoozed_until", *claims.CLAIM_FIELDS]
        Item.objects.bulk_update(items, changed, batch_size=500)
        return items[-1].pk, [*arrivals.written(row, stood, kept), *happenings]

    def _rated(self, items: list[Item]) -> set[str]:
        """Which of some goods that were flagged as they were created the run has looked at."""
        ids = pa.array([item.subject_id for item in items], pa.string())
        found = self.run.table("scores_listings").to_table(
            columns=["listing_id"], filter=ds.field("listing_id").isin(ids)
        )
        return set(found["listing_id"].to_pylist())

    def finish(self, about: dict[str, Any]) -> AnalysisRun:
        """Marks the run as loaded and records it with its counts."""
        with transaction.atomic():
            row = self._locked()
            named = {"ids_too_long": row.progress.get("ids_too_long", [])}
            row.counts = {name: 0 for name in _COUNTED} | row.progress["counts"] | named | about
            row.finished_at = timezone.now()
            row.save(update_fields=["counts", "finished_at"])
            record(self.actor, "run.loaded", row, after=row.counts)
        return row

    def _locked(self) -> AnalysisRun:
        row = AnalysisRun.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)
        if row.finished_at is not None or AnalysisRun.objects.filter(pk__gt=row.pk).exists():
            raise CallerError(
                f"Run {self.run.folder} cannot be loaded further: another process has finished it or has begun to load "
                "a newer run. Nothing half-written is left.",
                where={"run": str(self.run.folder)},
            )
        return row

    def _need_place(self, row: AnalysisRun, kind: str, place: Key | None) -> None:
        now = row.progress["after"].get(kind)
        if (None if now is None else tuple(now)) != place:
            raise CallerError(
                f"Another process is loading run {self.run.folder} as well; let one of the two finish.",
                where={"run": str(self.run.folder)},
                value=now,
            )

    @staticmethod
    def _keep(row: AnalysisRun, counts: Counter[str], left_out: Sequence[str] = ()) -> None:
        row.progress["counts"] = dict(Counter(row.progress["counts"]) + counts)
        row.progress["ids_too_long"] = [*dict.fromkeys([*row.progress.get("ids_too_long", []), *left_out])][:_NAMED]
        row.save(update_fields=["progress"])


def _place(last: Dossier) -> Key:
    about = last.explanation
    return (about.merchant_id,) if about.subject_type == SubjectType.MERCHANT else (about.merchant_id, about.subject_id)


def _arrival(run: Run, found: Dossier, rules: Counting) -> Arrival:
    content = freeze(run, found)
    is_goods = content.about.subject_type == SubjectType.LISTING
    is_known = not is_goods or rules.price(content.offer.price_minor, content.offer.currency) is not None
    currency = rules.currency if is_known else ""
    return Arrival(content, found.harm_minor, currency, found.is_flagged, found.inclusion_probability)


def _closing(item: Item, before: str, after: str, row: AnalysisRun) -> Happening:
    return Happening(
        CLOSED,
        "item",
        str(item.pk),
        {"state": before, "score": item.score},
        {"state": after},
        f"The rating as of {row.as_of:%Y-%m-%d} does not flag it, or it is not offered any more.",
    )
