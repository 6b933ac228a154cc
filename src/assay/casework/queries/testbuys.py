"""What pages, the API and the export of verdicts read of test buys. What an examiner may know is said here, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from assay.casework.models import (
    CustodyEntry,
    Document,
    Examination,
    Person,
    Programme,
    Role,
    TaskStage,
    TestBuyTask,
)
from assay.measurement.samples import final_outcomes

BUYING = (TaskStage.TO_BUY, TaskStage.ORDERED, TaskStage.RECEIVED)
EXAMINING = (TaskStage.SEALED, TaskStage.EXAMINED)
# What an examination finds; every other outcome is a buy that failed and says nothing about the goods.
FOUND = ("counterfeit", "genuine", "inconclusive")
# How the second examination of a unit ends that was lost after the first (`services.parcels.LOSSES`).
LOST = ("not_delivered", "swapped")
# What an examiner reports of a parcel when declining (`services.examinations.CANNOT_EXAMINE`).
REPORTS = ("swapped", "opened", "damaged", "not_arrived")
# Photographs an examiner is shown. The parcel's label names the seller and its town.
_BLIND_VIEWS = ("goods", "seal")
_BATCH = 2_000


# -- verdicts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authentication:
    """A finished unit as a verdict of the market (columns of its table `verdicts`, source `test_buy`).

    `verdict` is counterfeit, genuine or inconclusive, after the second examination of positives.
    """

    subject_type: str
    subject_id: str
    verdict: str
    decided_at: datetime
    inclusion_probability: float | None


def authentications() -> Iterator[Authentication]:
    """The conclusive and inconclusive outcomes of all programmes, oldest first; controls are no goods of the market.

    The rule is that of the estimate (`measurement.samples.final_outcomes`): a positive that the second examination did
    not confirm is genuine or inconclusive. Goods that never came say nothing.
    """
    rows = finished_buys().filter(outcome__in=FOUND).order_by("finished_at", "pk")
    names = ("listing_id", "outcome", "second_outcome", "finished_at", "inclusion_probability")
    batch: list[dict[str, Any]] = []
    for row in rows.values(*names).iterator(_BATCH):
        batch.append(row)
        if len(batch) == _BATCH:
            yield from _authentications(batch)
            batch = []
    yield from _authentications(batch)


def finished_buys() -> QuerySet[TestBuyTask]:
    """Finished units that stand for goods of the market, with whatever outcome."""
    rows = TestBuyTask.objects.filter(stage=TaskStage.DONE, finished_at__isnull=False)
    return rows.exclude(pot="control").exclude(listing_id="")


def _authentications(rows: list[dict[str, Any]]) -> Iterator[Authentication]:
    for row, verdict in zip(rows, _verdicts(rows), strict=True):
        yield Authentication("listing", row["listing_id"], verdict, row["finished_at"], row["inclusion_probability"])


def _verdicts(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = ("outcome", "second_outcome")
    table = pa.table({name: pa.array([row[name] or None for row in rows], pa.string()) for name in names})
    positive, conclusive, _pending = final_outcomes(table)
    return [
        "counterfeit" if is_fake else "genuine" if is_known else "inconclusive"
        for is_fake, is_known in zip(positive.tolist(), conclusive.tolist(), strict=True)
    ]


def verdict_of(task: TestBuyTask) -> str:
    """What a finished task comes to by the same rule; its own word (`not_bought`, …) for a failed buy, else empty."""
    if task.stage != TaskStage.DONE or task.outcome not in FOUND:
        return task.outcome if task.stage == TaskStage.DONE else ""
    return _verdicts([{"outcome": task.outcome, "second_outcome": task.second_outcome}])[0]


# -- tasks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a list of tasks is narrowed to. `whose`: one of `NARROWED`, or empty for all that the person may see."""

    whose: str = ""
    stage: str = ""
    programme: int | None = None
    text: str = ""


def tasks_of(person: Person, wanted: TaskFilter) -> QuerySet[TestBuyTask]:
    """The tasks that a person may see, what is due first. Buyers: their own and those that nobody has.

    `is_late` on each row, but for buyers: whether an examination of it is overdue.
    """
    rows, is_buyer = TestBuyTask.objects.select_related("programme", "assigned_to"), person.role == Role.TEST_BUYER
    rows = rows.filter(Q(assigned_to=person) | Q(assigned_to=None)) if is_buyer else rows.annotate(is_late=_late())
    if (narrow := NARROWED.get(wanted.whose)) and (not is_buyer or wanted.whose in FOR_BUYERS):
        rows = rows.filter(narrow(person))
    if wanted.stage:
        # A second examination says something about the first: buyers see both as one stage.
        same = EXAMINING if is_buyer and wanted.stage in EXAMINING else (wanted.stage,)
        rows = rows.filter(stage__in=same)
    if wanted.programme is not None:
        rows = rows.filter(programme_id=wanted.programme)
    if text := wanted.text.strip():
        rows = rows.filter(
            Q(unit__iexact=text) | Q(order_no__iexact=text) | Q(tracking_no__iexact=text) | _titled(text)
        )
    return rows.order_by(_place(), F("due_at").asc(nulls_last=True), "unit")


def _examined(*how: Exists, **what: Any) -> Exists:  # noqa: ANN401 - lookups of any kind
    return Exists(Examination.objects.filter(*how, task=OuterRef("pk"), **what))


def _late() -> Exists:
    """An examination that should have its result by now; one that was declined is not the examiner's any more."""
    return _examined(finished_at=None, declined_at=None, due_at__lt=timezone.now())


def _reported() -> Exists:
    """An open examination whose decline says that something is wrong with the parcel."""
    said = CustodyEntry.objects.filter(task=OuterRef("task"), act="declined", at=OuterRef("declined_at"))
    return _examined(Exists(said.filter(details__because__in=REPORTS)), finished_at=None)


# What a list of tasks can be narrowed to; buyers are offered the first three, the others are for seniors.
NARROWED: dict[str, Callable[[Person], Q]] = {
    "mine": lambda person: Q(assigned_to=person),
    "free": lambda _person: Q(assigned_to=None, stage__in=BUYING),
    "overdue": lambda _person: Q(stage__in=BUYING, due_at__lt=timezone.now()),
    "give_out": lambda _person: Q(stage__in=EXAMINING) & ~Q(_examined(finished_at=None)),
    "late": lambda _person: Q(stage__in=EXAMINING) & Q(_late()),
    "reported": lambda _person: Q(stage__in=EXAMINING) & Q(_reported()),
    "declined": lambda _person: Q(stage__in=EXAMINING) & Q(_examined(declined_at__isnull=False, finished_at=None)),
    "seals": lambda _person: Q(_examined(seal_fits=False)) | Q(_examined(is_seal_intact=False)),
    "refused": lambda _person: ~Q(record_problem=""),
    "disagree": lambda _person: ~Q(second_outcome__in=("", *LOST)) & ~Q(second_outcome=F("outcome")),
    "alone": lambda _person: Q(_examined(is_independent=False)),
}
FOR_BUYERS = ("mine", "free", "overdue")


def _titled(text: str) -> Q:
    return Q(title__icontains=text) | Q(listing_id__iexact=text)


def _place() -> Case:
    """Work that waits for a buyer stands before what is with the examiners, and that before what is over."""
    over = When(stage=TaskStage.DONE, then=Value(2))
    return Case(When(stage__in=BUYING, then=Value(0)), over, default=Value(1), output_field=IntegerField())


@dataclass(frozen=True, slots=True)
class BuyersWork:
    """How many tasks wait: a person's own, those that nobody has, and those of either kind that are overdue."""

    n_mine: int
    n_free: int
    n_overdue: int


def buyers_work(person: Person) -> BuyersWork:
    """What waits for a buyer; for seniors `n_overdue` is that of all buyers."""
    rows = TestBuyTask.objects.filter(stage__in=BUYING)
    if person.role == Role.TEST_BUYER:
        rows = rows.filter(Q(assigned_to=person) | Q(assigned_to=None))
    found = rows.aggregate(
        mine=Count("pk", filter=Q(assigned_to=person)),
        free=Count("pk", filter=Q(assigned_to=None)),
        overdue=Count("pk", filter=Q(due_at__lt=timezone.now())),
    )
    return BuyersWork(found["mine"], found["free"], found["overdue"])


def is_overdue(task: TestBuyTask) -> bool:
    """Whether a buy waits longer than it should; only a person says what that means."""
    return task.stage in BUYING and task.due_at is not None and task.due_at < timezone.now()


# -- examinations ----------------------------------------------------------------------------------------------------


def examinations_of(person: Person) -> QuerySet[Examination]:
    """The examinations that a person may see, open ones first.

    For an examiner: those of the organisation, but for the ones given to a colleague, and for any of a unit that they
    examined already (they must not know that there is a second one).
    """
    rows = Examination.objects.select_related("task__programme", "organisation", "examiner")
    if person.role == Role.AUTHENTICATOR:
        made = Examination.objects.filter(task=OuterRef("task"), examiner=person).exclude(pk=OuterRef("pk"))
        rows = rows.filter(organisation=person.organisation)
        rows = rows.filter(Q(examiner=person) | Q(examiner=None) & ~Exists(made))
    return rows.order_by(F("finished_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "pk")


def open_examinations_of(person: Person) -> QuerySet[Examination]:
    """Of these, the ones that wait for their result."""
    return examinations_of(person).filter(finished_at=None, declined_at=None, task__stage__in=EXAMINING)


def is_late(examination: Examination) -> bool:
    """Whether the examiner should have given a result by now; a senior asks then."""
    if examination.finished_at is not None or examination.declined_at is not None:
        return False
    is_open = examination.task.stage in EXAMINING
    return is_open and examination.due_at is not None and examination.due_at < timezone.now()


def open_examination(task: TestBuyTask) -> Examination | None:
    """The examination of a unit that has no result yet, whoever has it."""
    return Examination.objects.filter(task=task, finished_at=None).first()


@dataclass(frozen=True, slots=True)
class Blind:
    """All that an examiner is told of a unit, on pages and over the API. `photographs` are numbers from 1, in order.

    Not here, and not to be added: listing, merchant, title, price, score, pot, whether it is a control, the other
    examination, and whether there is one.
    """

    code: str
    said_brand: str
    said_model: str
    seal_no: str
    n_photographs: int
    due_at: datetime | None
    currency: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def blind(examination: Examination) -> Blind:
    """What the examiner of a unit may know."""
    task = examination.task
    return Blind(
        code=task.unit,
        said_brand=task.said_brand,
        said_model=task.said_model,
        seal_no=examination.seal_no_expected,
        n_photographs=len(blind_photographs(task)),
        due_at=examination.due_at,
        currency=task.programme.currency,
    )


def blind_photographs(task: TestBuyTask) -> list[Document]:
    """The photographs an examiner may see: goods and seal, in the order they were taken, and no others."""
    shows = photograph_views(task)
    return [each for each in photographs(task) if shows.get(each.pk) in _BLIND_VIEWS]


def photographs(task: TestBuyTask) -> list[Document]:
    """Every photograph of a unit that was not erased, oldest first."""
    rows = Document.objects.filter(task=task, pk__in=photograph_views(task), erased_at=None)
    return list(rows.select_related("uploaded_by", "task").order_by("pk"))


def photograph_views(task: TestBuyTask) -> dict[int, str]:
    """What each photograph shows, by the document's number, as the chain of custody says."""
    entries = CustodyEntry.objects.filter(task=task, act="photographed").values_list("details", flat=True)
    return {int(details["document"]): str(details["shows"]) for details in entries}


# -- parcels ---------------------------------------------------------------------------------------------------------


def seal_under_way(task: TestBuyTask) -> str:
    """The number of the seal that a unit is closed with now."""
    last = Examination.objects.filter(task=task).order_by("-ordinal").first()
    if last is None:
        return task.seal_no
    return last.seal_no_expected if last.finished_at is None else last.resealed_no


def has_sent(task: TestBuyTask, person: Person, *, examination: Examination | None = None) -> bool:
    """Whether somebody has handed a unit over: as its buyer, or after an examination."""
    links = CustodyEntry.objects.filter(task=task, act="sent", person=person)
    if examination is None:
        return links.exists()
    return links.filter(details__examination=str(examination.pk)).exists()


# -- programmes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PotRow:
    """One pot of a programme: its units by stage, and what was paid so far (buys and examinations)."""

    pot: str
    stages: dict[str, int]
    n_units: int
    n_overdue: int
    spent_minor: int

    @property
    def n_done(self) -> int:
        """Units that have their outcome."""
        return self.stages.get(TaskStage.DONE, 0)


@dataclass(frozen=True, slots=True)
class Money:
    """Money of a programme in minor units. `forecast`: what was paid, and for units that have not ended the plan's
    price and handling where more than what was paid for them."""

    planned_minor: int
    spent_minor: int
    forecast_minor: int


def pots(programme: Programme) -> tuple[PotRow, ...]:
    """A programme's pots as people's work stands, in the order measure, enforce, control."""
    overdue = Count("pk", filter=Q(stage__in=BUYING, due_at__lt=timezone.now()))
    rows = programme.tasks.values("pot", "stage").annotate(n=Count("pk"), late=overdue, paid=Sum("cost_minor"))
    examined = (
        Examination.objects.filter(task__programme=programme).values("task__pot").annotate(paid=Sum("cost_minor"))
    )
    extra = {row["task__pot"]: row["paid"] or 0 for row in examined}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.order_by("pot", "stage"):
        found.setdefault(row["pot"], []).append(dict(row))
    return tuple(
        _pot_row(pot, found[pot], extra.get(pot, 0)) for pot in ("measure", "enforce", "control") if pot in found
    )


def _pot_row(pot: str, rows: list[dict[str, Any]], examined_minor: int) -> PotRow:
    return PotRow(
        pot=pot,
        stages={row["stage"]: row["n"] for row in rows},
        n_units=sum(row["n"] for row in rows),
        n_overdue=sum(row["late"] for row in rows),
        spent_minor=sum(row["paid"] or 0 for row in rows) + examined_minor,
    )


def money_of(programme: Programme) -> Money:
    """What a programme was planned to cost, has cost and will cost."""
    examined = Examination.objects.filter(task__programme=programme).aggregate(paid=Sum("cost_minor"))["paid"] or 0
    bought = programme.tasks.aggregate(paid=Sum("cost_minor"))["paid"] or 0
    to_come = 0
    for price, paid in programme.tasks.exclude(stage=TaskStage.DONE).values_list("price_minor", "cost_minor"):
        to_come += max((price or 0) + programme.handling_minor - paid, 0)
    spent = bought + examined
    return Money(programme.budget_minor, spent, spent + to_come)


def attention(programme: Programme) -> dict[str, int]:
    """How many units of a programme need a senior, by the name in `NARROWED`; nothing stands for a name without any."""
    names = ("overdue", "give_out", "late", "reported", "declined", "seals", "refused", "disagree", "alone")
    person = Person()  # none of these asks who looks
    found = programme.tasks.aggregate(**{name: Count("pk", filter=NARROWED[name](person)) for name in names})
    return {name: found[name] for name in names if found[name]}
