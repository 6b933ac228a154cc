"""Programmes of test buys: a drawn folder becomes tasks, finished tasks become lines of the folder's history.

The folder is the one source of truth. What people finish here is recorded in its history; what was recorded there by
hand ends the task here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import Programme, TestBuyTask
from assay.casework.moves import WrongState, make_move
from assay.casework.services import confirmed, results
from assay.casework.services.recording import WORKER, Actor, Happening, record, record_all
from assay.market.errors import AssayError, CallerError
from assay.measurement.ledger import Entry, Facts, current, head
from assay.measurement.sealing import BrokenSeal
from assay.pipeline.custody import DRAWN, TestBuys, open_test_buys
from assay.pipeline.outcomes import test_buy_status
from assay.pipeline.testbuys import redraw
from assay.pipeline.unit_goods import UnitGoods, unit_goods

# Time to order what was drawn: a listing that is two weeks older is often sold out, and then the buy has failed.
BUY_WITHIN = timedelta(days=14)
# One genuine outcome in twenty is examined a second time. At 2 % counterfeits that makes five decoys for every two
# positives; at 0 a second examiner who never examines first can tell what the first one found.
DECOY_RATE = 0.05
_MOST_CHARACTERS = 200

EVENTS: dict[str, str | Promise] = {
    "programme.loaded": _("brought a programme of test buys in"),
    "programme.recorded": _("recorded outcomes in the programme's folder"),
    "programme.closed": _("closed a programme of test buys"),
    "task.taken_over": _("took an outcome over from the programme's folder"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did: the programme, its tasks, how many of them are new, and how many goods have a title."""

    programme: Programme
    n_tasks: int
    n_new: int
    n_titled: int


def load_programme(
    folder: Path,
    *,
    actor: Actor,
    name: str | None = None,
    market: Path | None = None,
    decoy_rate: float | None = None,
) -> Loaded:
    """Makes a programme of a drawn folder of test buys, one task per unit; loading it again changes nothing.

    `decoy_rate` is the share of units found genuine that are examined again all the same, DECOY_RATE unless given. A
    programme keeps its name and its decoys: loading it again with others is refused.
    Titles, merchants and catalogue weights come from the market (`market`, else the folder beside the test buys) when
    it still has the plan's snapshot. CallerError when nothing was drawn, BrokenSeal when the plan was changed after it
    was sealed or the units are not those that it draws.
    """
    if actor.person is not None:
        need(actor.person, "programme.load")
    if decoy_rate is not None and not 0 <= decoy_rate <= 1:
        raise CallerError(f"The share of decoys is {decoy_rate}; it lies between 0 and 1.", value=decoy_rate)
    place = folder.absolute()
    buys = _drawn_as_planned(place)
    found = Programme.objects.filter(plan_sha256=buys.seal.sha256).first()
    if found is not None:
        return _known(found, place, name, decoy_rate)
    rows = buys.drawn_units().to_pylist()
    goods = unit_goods(buys, [row["listing_id"] for row in rows], market)
    with transaction.atomic():
        rate = DECOY_RATE if decoy_rate is None else decoy_rate
        programme = _programme(buys, name or place.name, rate, actor)
        tasks = [_task(programme, row, goods.get(row["listing_id"] or "", UnitGoods())) for row in rows]
        TestBuyTask.objects.bulk_create(tasks, batch_size=500)
        after = {"plan_sha256": programme.plan_sha256, "n_tasks": len(tasks), "decoy_rate": rate}
        record(actor, "programme.loaded", programme, after=after)
    refresh_programme(actor, programme)
    return Loaded(programme, len(tasks), len(tasks), len(goods))


def _drawn_as_planned(folder: Path) -> TestBuys:
    buys = open_test_buys(folder)
    units = buys.drawn_units()  # says how to draw when nothing is drawn
    if not redraw(buys).equals(units.combine_chunks()):
        raise BrokenSeal(
            f"The units in {folder / DRAWN} are not those that its sealed plan draws; run `assay testbuy draw "
            f"{folder}` again.",
            where={"path": str(folder)},
        )
    return buys


def _known(programme: Programme, folder: Path, name: str | None, decoy_rate: float | None) -> Loaded:
    if Path(programme.folder) != folder:
        raise CallerError(
            f"The plan in {folder} is known as programme {programme.name!r} in {programme.folder}; a plan has one "
            "folder, so that there is one history of outcomes.",
            where={"programme": programme.pk},
            value=str(folder),
            allowed=programme.folder,
        )
    for what, said, kept in (("name", name, programme.name), ("decoys", decoy_rate, programme.decoy_rate)):
        if said is not None and said != kept:
            raise CallerError(
                f"The plan in {folder} is loaded as {programme.name!r} and keeps its {what}: {kept}, not {said}.",
                where={"field": what},
                value=said,
                allowed=str(kept),
            )
    tasks = programme.tasks.all()
    return Loaded(programme, tasks.count(), 0, tasks.exclude(title="").count())


def _programme(buys: TestBuys, name: str, decoy_rate: float, actor: Actor) -> Programme:
    status = test_buy_status(buys.folder)
    if Programme.objects.filter(folder=str(buys.folder)).exists():
        raise CallerError(
            f"{buys.folder} held another plan when it was loaded; name a new folder for a new plan.",
            where={"path": str(buys.folder)},
        )
    return Programme.objects.create(
        name=name[:_MOST_CHARACTERS],
        folder=str(buys.folder),
        plan_sha256=buys.seal.sha256,
        key_fingerprint=buys.seal.fingerprint,
        currency=status.currency[:3],
        budget_minor=status.planned_minor,
        handling_minor=buys.plan.harm.handling_minor,
        decoy_rate=decoy_rate,
        loaded_by=actor.person,
        loaded_at=timezone.now(),
    )


def _task(programme: Programme, row: dict[str, Any], goods: UnitGoods) -> TestBuyTask:
    return TestBuyTask(
        programme=programme,
        unit=row["unit"],
        look=row["look"],
        pot=row["pot"],
        listing_id=row["listing_id"] or "",
        merchant_id=row["merchant_id"] or "",
        title=goods.title[:1_000],
        brand=(row["brand"] or "")[:200],
        category=(row["category"] or "")[:300],
        merchant_name=goods.merchant_name[:300],
        rights_holder=goods.rights_holder[:300],
        catalogue_weight_g=goods.catalogue_weight_g,
        price_minor=row["price_minor"],
        score=row["score"],
        known=row["known"] or "",
        inclusion_probability=row["inclusion_probability"],
        due_at=programme.loaded_at + BUY_WITHIN,
    )


def refresh(actor: Actor = WORKER) -> int:
    """The worker's job: brings every open programme up to date with its folder; gives how many outcomes moved.

    A folder that cannot be read or written is said on its programme's page and does not stop the others.
    """
    return sum(refresh_programme(actor, each) for each in Programme.objects.filter(closed_at=None).order_by("pk"))


def refresh_programme(actor: Actor, programme: Programme, *, replace_reason: str | None = None) -> int:
    """Records what is finished, takes over what the folder says, reads how far it is; gives how many outcomes moved.

    What goes wrong is kept in `programme.problem`. `replace_reason` replaces outcomes that the folder has otherwise;
    the earlier line stays in its history.
    """
    if actor.person is not None:
        need(actor.person, "programme.refresh", programme)
        if replace_reason is not None:
            need(actor.person, "programme.replace", programme)
    try:
        buys, n_moved = _settled(actor, programme, replace_reason)
        # Intervals take seconds: they are computed while nobody waits for the database.
        programme.progress, programme.problem = results.progress(buys, programme.progress), ""
    except AssayError as error:
        programme.problem, n_moved = error.message, 0
    programme.refreshed_at = timezone.now()
    programme.save(update_fields=["progress", "problem", "refreshed_at"])
    return n_moved


def _settled(actor: Actor, programme: Programme, replace_reason: str | None) -> tuple[TestBuys, int]:
    """Folder and database say the same afterwards, but for what they contradict each other about."""
    with transaction.atomic():
        row = Programme.objects.select_for_update(of=("self",), no_key=True).get(pk=programme.pk)
        buys = open_test_buys(Path(row.folder))
        if buys.seal.sha256 != row.plan_sha256:
            raise BrokenSeal(f"The plan in {row.folder} is not the one that was loaded as {row.name!r}.")
        n_recorded = results.record_finished(row, replace_reason)
        entries = list(buys.entries())
        taken = _take_over(row, current(entries), _days(entries))
        happenings = [
            Happening("task.taken_over", "testbuytask", str(task.pk), before, after) for task, before, after in taken
        ]
        happenings += confirmed.raise_items(task for task, _before, _after in taken)
        if n_recorded:
            said = {"n_outcomes": n_recorded, "history": head(buys.history())}
            happenings.append(
                Happening("programme.recorded", "programme", str(row.pk), None, said, replace_reason or "")
            )
        record_all(actor, happenings)
    return buys, n_recorded + len(taken)


def close_programme(actor: Actor, programme: Programme) -> Programme:
    """Ends a programme whose units all have their outcome in the folder; the worker looks at it no more.

    WrongState while something is outstanding: a unit that is left out silently biases the figure.
    """
    if actor.person is not None:
        need(actor.person, "programme.refresh", programme)
    with transaction.atomic():
        row = Programme.objects.select_for_update(of=("self",), no_key=True).get(pk=programme.pk)
        n_left = row.tasks.filter(recorded_at=None).count()
        if n_left or row.closed_at is not None:
            raise WrongState(
                gettext("Programme “%(name)s” cannot be closed: %(n)d of its units have no recorded outcome.")
                % {"name": row.name, "n": n_left}
                if n_left
                else gettext("Programme “%(name)s” is closed already.") % {"name": row.name},
                where={"programme": row.pk},
                value=n_left,
            )
        row.closed_at = timezone.now()
        row.save(update_fields=["closed_at"])
        record(actor, "programme.closed", row, after={"n_units": row.tasks.count()})
    return row


def _days(entries: Iterable[Entry]) -> dict[str, datetime]:
    """The day of each recorded outcome, as `pipeline.test_buy_verdicts` says it: the one it names, else its entry's."""
    said = {entry.facts.unit: entry.facts.date or entry.recorded_at[:10] for entry in entries}
    return {unit: datetime.fromisoformat(day).replace(tzinfo=UTC) for unit, day in said.items()}


def _take_over(
    programme: Programme, known: dict[str, Facts], days: dict[str, datetime]
) -> list[tuple[TestBuyTask, dict[str, Any], dict[str, Any]]]:
    """Ends tasks whose outcome the folder has from elsewhere, and follows it where it was replaced there.

    A task that was finished here and could not be recorded is left: two people say different things, and a person with
    a reason settles which holds.
    """
    found = []
    tasks = TestBuyTask.objects.select_for_update(of=("self",), no_key=True).filter(programme=programme, unit__in=known)
    for task in tasks.order_by("pk"):
        facts = known[task.unit]
        said = (facts.outcome or "", facts.second_outcome or "")
        if (task.outcome, task.second_outcome) == said and task.stage == "done":
            continue
        if task.stage == "done" and task.recorded_at is None:
            continue
        before = {"stage": task.stage, "outcome": task.outcome, "second_outcome": task.second_outcome}
        make_move(task, "task", "take_over", field="stage")
        task.outcome, task.second_outcome = said
        task.finished_at = task.finished_at or days[task.unit]
        task.recorded_at, task.record_problem = timezone.now(), ""
        task.save(update_fields=["stage", "outcome", "second_outcome", "finished_at", "recorded_at", "record_problem"])
        after = {"stage": task.stage, "outcome": task.outcome, "second_outcome": task.second_outcome}
        found.append((task, before, after))
    return found
