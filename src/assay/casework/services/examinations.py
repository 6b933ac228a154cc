"""Blind examinations: to whom a sealed unit goes, what is found, and the second, independent examination of positives.

An examiner is told a code, photographs, a seal number and what the goods are said to be (`queries.testbuys.blind`).
Nobody asks the same organisation twice about one unit while another can be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import CustodyEntry, Examination, Organisation, Person, Programme, TaskStage, TestBuyTask
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.examiners import candidates, is_independent, other_examiner, others, plain_seal
from assay.casework.queries.testbuys import EXAMINING, open_examination
from assay.casework.services import confirmed, custody
from assay.casework.services.acting import a_person
from assay.casework.services.buying import locked
from assay.casework.services.custody import Link
from assay.casework.services.recording import Actor, record, record_all
from assay.market.errors import CallerError

# Laboratories quote one to two weeks; after that it is overdue and a senior asks (`queries.testbuys.NARROWED`, `late`).
EXAMINE_WITHIN = timedelta(days=14)
OUTCOMES = ("counterfeit", "genuine", "inconclusive")
MOST_COST_MINOR = 10**9
_MOST_FINDINGS = 10_000
_LEAST_FINDINGS = 10

# Why an examiner does not examine a unit.
CANNOT_EXAMINE: dict[str, str | Promise] = {
    "conflict": _("I know the seller, or have an interest in the outcome"),
    "swapped": _("the article is not the one that the photographs and the seal stand for"),
    "opened": _("the parcel was opened on its way"),
    "damaged": _("the goods are damaged so that nothing can be said"),
    "not_arrived": _("the parcel has not come"),
    "other": _("something else"),
}

EVENTS: dict[str, str | Promise] = {
    "examination.assigned": _("gave a unit to an examiner"),
    "examination.reassigned": _("gave an examination to somebody else"),
    "examination.taken": _("took an examination"),
    "examination.declined": _("declined an examination"),
    "examination.finished": _("finished an examination"),
}


@dataclass(frozen=True, slots=True)
class Result:
    """What an examiner found.

    `seal_no_found`: the number on the parcel as it came; `resealed_no`: the one it was closed with afterwards;
    `cost_minor` in minor units of the programme's currency.
    """

    outcome: str
    findings: str
    seal_no_found: str
    is_seal_intact: bool
    resealed_no: str
    cost_minor: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class GivenOut:
    """What giving out all waiting units did: how many went to an examiner, and how many have none they can go to."""

    n_given: int
    n_left: int


def assign(
    actor: Actor, task: TestBuyTask, organisation: Organisation, *, examiner: Person | None = None
) -> Examination:
    """Gives a sealed unit, or one that waits for its second examination, to an organisation (and one of its people).

    CallerError for an organisation that must not examine it (another brand than the owner of the mark, a closed one,
    one without examiners) or an examiner who made the other examination. WrongState when nothing is to be given out.
    """
    with transaction.atomic():
        row, person = locked(task), a_person(actor)
        need(person, "examination.assign", row)
        made = _give(row, organisation, examiner, person)
        row.save(update_fields=["custody_head"])
        record(actor, "examination.assigned", made, after=_given(made, row))
    return made


def assign_waiting(actor: Actor, programme: Programme) -> GivenOut:
    """Gives out every unit of a programme that waits, by the rule: the owner of the mark first, then laboratories by
    how little they have to do; a second examination never to the first organisation while there is another."""
    need(a_person(actor), "examination.assign")
    n_given = n_left = 0
    waiting = TestBuyTask.objects.filter(programme=programme, stage__in=(TaskStage.SEALED, TaskStage.EXAMINED))
    for task in waiting.order_by("unit"):
        if open_examination(task) is not None:
            continue
        with transaction.atomic():
            row = locked(task)
            made = _by_rule(row, a_person(actor))
            if made is not None:
                row.save(update_fields=["custody_head"])
                record(actor, "examination.assigned", made, after=_given(made, row))
        n_given, n_left = n_given + (made is not None), n_left + (made is None)
    return GivenOut(n_given, n_left)


def reassign(
    actor: Actor, examination: Examination, organisation: Organisation, *, reason: str, examiner: Person | None = None
) -> Examination:
    """Gives an unfinished examination to somebody else, as after a conflict of interest. Refuses as `assign` does."""
    if not reason.strip():
        raise CallerError(gettext("Giving an examination to somebody else needs a reason."), allowed="a few words")
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need(person, "examination.assign", row)
        _need_open(task, row)
        before = _given(row, task)
        _need_fit(task, organisation, examiner, besides=row)
        row.organisation, row.examiner, row.assigned_at = organisation, examiner, timezone.now()
        row.due_at, row.is_independent = row.assigned_at + EXAMINE_WITHIN, is_independent(task, organisation, row)
        row.declined_at, row.declined_because = None, ""
        if organisation.pk != before["organisation"]:
            row.seal_no_found, row.seal_fits, row.is_seal_intact = "", None, None  # it travels, and is checked again
        row.save()
        custody.add(task, person, Link("given_out", note=reason.strip(), details=_to(row)), row.assigned_at)
        task.save(update_fields=["custody_head"])
        record(actor, "examination.reassigned", row, before=before, after=_given(row, task), reason=reason.strip())
    return row


def take(actor: Actor, examination: Examination) -> Examination:
    """An examiner takes what was given to the organisation; from then on nobody else there sees it."""
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need_to_examine(person, task, row)
        if row.examiner_id == person.pk:
            return row
        row.examiner = person
        row.save(update_fields=["examiner"])
        record(actor, "examination.taken", row, after={"examiner": person.pk})
    return row


def decline(actor: Actor, examination: Examination, *, code: str, reason: str) -> Examination:
    """The examiner may not or cannot examine this; `code` is one of `CANNOT_EXAMINE`. A senior gives it on or ends it.

    What is a report of the parcel (`REPORTS`: swapped, opened, damaged, never came) is shown to seniors by itself.
    """
    if code not in CANNOT_EXAMINE:
        allowed = ", ".join(CANNOT_EXAMINE)
        raise CallerError(
            gettext("%(code)s is no reason not to examine.") % {"code": repr(code)}, value=code, allowed=allowed
        )
    if not reason.strip():
        raise CallerError(gettext("Declining an examination needs a reason."), allowed="a few words")
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need_to_examine(person, task, row)
        row.declined_at, row.declined_because = timezone.now(), reason.strip()[:2_000]
        row.examiner = person
        row.save(update_fields=["declined_at", "declined_because", "examiner"])
        details = {"examination": str(row.pk), "because": code}
        custody.add(task, person, Link("declined", note=row.declined_because, details=details), row.declined_at)
        task.save(update_fields=["custody_head"])
        after = {"custody": task.custody_head, "because": code}
        record(actor, "examination.declined", row, after=after, reason=row.declined_because)
    return row


def finish(actor: Actor, examination: Examination, result: Result) -> Examination:
    """Takes what was found. A first positive (and a few decoys) go on to a second, independent examination at once.

    The seal stands as it was found when the unit arrived, where that was recorded (`parcels.arrive`).
    A seal that differs or was broken is recorded and shown to seniors; it does not stop the examination. A counterfeit
    that both found brings the goods before a reviewer. WrongState when it is finished already.
    """
    said = _checked(result)
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need_to_examine(person, task, row)
        _fill(row, said, person)
        link = _custody_of(task, row, person, said)
        second = _move_on(task, row, person)
        task.save(update_fields=["stage", "outcome", "second_outcome", "finished_at", "custody_head"])
        raised = confirmed.raise_item(task) if task.stage == TaskStage.DONE else []
        after = {"outcome": row.outcome, "seal_fits": row.seal_fits, "is_seal_intact": row.is_seal_intact}
        record(actor, "examination.finished", row, after=after | {"stage": task.stage, "custody": link.sha256})
        if second is not None:
            record(actor, "examination.assigned", second, after=_given(second, task))
        record_all(actor, raised)
    return row


def _fill(row: Examination, said: Result, person: Person) -> None:
    row.outcome, row.findings, row.cost_minor = said.outcome, said.findings, said.cost_minor
    row.resealed_no = said.resealed_no
    if not row.is_seal_checked:
        row.seal_no_found, row.is_seal_intact = said.seal_no_found, said.is_seal_intact
        row.seal_fits = plain_seal(said.seal_no_found) == plain_seal(row.seal_no_expected)
    row.examiner, row.finished_at = person, timezone.now()
    row.save()


def _custody_of(task: TestBuyTask, row: Examination, person: Person, said: Result) -> CustodyEntry:
    """The link says nothing of the outcome: whoever follows the parcel need not know what was found."""
    details = {"examination": str(row.pk), **seal_details(row), "resealed_no": row.resealed_no}
    link = Link("examined", seal_no=row.seal_no_found, place=said.place, details=details)
    return custody.add(task, person, link, row.finished_at or timezone.now())


def seal_details(row: Examination) -> dict[str, str]:
    """How the seal was found, as links of custody say it."""
    return {"seal": "fits" if row.seal_fits else "differs", "intact": "yes" if row.is_seal_intact else "no"}


def _move_on(task: TestBuyTask, row: Examination, person: Person) -> Examination | None:
    """Moves the task after an examination; gives the second examination where one was given out."""
    if row.ordinal > 1:
        make_move(task, "task", "finish", field="stage")
        task.second_outcome, task.finished_at = row.outcome, row.finished_at
        return None
    task.outcome = row.outcome
    if row.outcome != "counterfeit" and not (row.outcome == "genuine" and is_decoy(task)):
        make_move(task, "task", "finish", field="stage")
        task.finished_at = row.finished_at
        return None
    make_move(task, "task", "examine", field="stage")
    return _by_rule(task, person)


def is_decoy(task: TestBuyTask) -> bool:
    """Whether a unit found genuine is examined again all the same, so that being asked second says nothing.

    By a keyed hash: nobody outside the server can tell beforehand, and asking again gives the same answer.
    """
    digest = salted_hmac("assay.decoy", f"{task.programme.plan_sha256}:{task.unit}", algorithm="sha256").digest()
    return int.from_bytes(digest[:8]) / 2**64 < task.programme.decoy_rate


def _by_rule(task: TestBuyTask, person: Person) -> Examination | None:
    """Gives a unit to the first that may have it, or to another examiner of the only organisation; None without one."""
    found = candidates(task)
    if not found:
        return None
    best = found[0]
    examiner = None if best.is_independent else other_examiner(task, best.organisation)
    return _give(task, best.organisation, examiner, person)


def _give(task: TestBuyTask, organisation: Organisation, examiner: Person | None, person: Person) -> Examination:
    """The next examination of a task; the caller saves the task's head of custody and records the event."""
    first = Examination.objects.filter(task=task).order_by("-ordinal").first()
    if task.stage not in (TaskStage.SEALED, TaskStage.EXAMINED) or open_examination(task) is not None:
        raise WrongState(
            gettext(
                "Task %(unit)s is “%(stage)s” and has nothing to give out: it waits for its goods or is with an "
                "examiner already."
            )
            % {"unit": task.unit, "stage": task.get_stage_display()},
            where={"task": task.pk},
            value=task.stage,
            allowed="sealed, examined",
        )
    _need_fit(task, organisation, examiner)
    now = timezone.now()
    made = Examination(
        task=task,
        ordinal=1 if first is None else first.ordinal + 1,
        organisation=organisation,
        examiner=examiner,
        assigned_at=now,
        due_at=now + EXAMINE_WITHIN,
        seal_no_expected=task.seal_no if first is None else first.resealed_no,
        is_independent=is_independent(task, organisation),
    )
    made.save(force_insert=True)
    custody.add(task, person, Link("given_out", seal_no=made.seal_no_expected, details=_to(made)), now)
    return made


def _need_fit(
    task: TestBuyTask, organisation: Organisation, examiner: Person | None, *, besides: Examination | None = None
) -> None:
    fit = {each.organisation.pk: each for each in candidates(task, besides=besides, every=True)}
    if organisation.pk not in fit:
        names = ", ".join(each.organisation.name for each in fit.values()) or "nobody yet"
        raise CallerError(
            gettext(
                "%(organisation)s does not examine %(unit)s: it is closed, has no examiner, or is a brand that does "
                "not own the mark. These may: %(names)s."
            )
            % {"organisation": organisation.name, "unit": task.unit, "names": names},
            where={"task": task.pk},
            value=organisation.name,
            allowed=names,
        )
    if examiner is None and not fit[organisation.pk].is_independent:
        raise CallerError(
            gettext(
                "%(organisation)s made the other examination of %(unit)s: name another examiner there, or choose "
                "another organisation."
            )
            % {"organisation": organisation.name, "unit": task.unit},
            where={"task": task.pk},
            value=organisation.name,
        )
    if examiner is None:
        return
    if examiner.organisation_id != organisation.pk or examiner.role != "authenticator" or not examiner.is_active:
        said = gettext("%(person)s is no examiner of %(organisation)s.")
        raise CallerError(said % {"person": examiner, "organisation": organisation.name}, value=examiner.email)
    if any(each.examiner_id == examiner.pk for each in others(task, besides)):
        raise CallerError(
            gettext("%(person)s made the other examination of %(unit)s; choose somebody else.")
            % {"person": examiner, "unit": task.unit},
            value=examiner.email,
        )


def locked_both(examination: Examination) -> tuple[TestBuyTask, Examination]:
    """Task and examination, locked in this order everywhere."""
    task = locked(examination.task)
    row = (
        Examination.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation")
        .get(pk=examination.pk)
    )
    return task, row


def need_to_examine(person: Person, task: TestBuyTask, row: Examination) -> None:
    """Refused for somebody who does not examine it, WrongState when it is finished or its unit is over."""
    need(person, "task.examine", row)
    _need_open(task, row)


def _need_open(task: TestBuyTask, row: Examination) -> None:
    if row.finished_at is not None:
        said = gettext("Examination %(id)s is finished; its result stands.") % {"id": row.pk}
        raise WrongState(said, where={"examination": row.pk})
    if task.stage not in EXAMINING:
        said = gettext("Unit %(unit)s has its outcome; nothing of it is to be examined.") % {"unit": task.unit}
        raise WrongState(said, where={"examination": row.pk}, value=task.stage)


def _checked(result: Result) -> Result:
    findings = result.findings.strip()
    if result.outcome not in OUTCOMES:
        raise CallerError(
            gettext("%(outcome)s is no outcome.") % {"outcome": repr(result.outcome)},
            value=result.outcome,
            allowed=", ".join(OUTCOMES),
        )
    if not _LEAST_FINDINGS <= len(findings) <= _MOST_FINDINGS:
        raise CallerError(
            gettext("Say what the outcome rests on, in %(least)s to %(most)s characters.")
            % {"least": _LEAST_FINDINGS, "most": f"{_MOST_FINDINGS:,}"},
            value=len(findings),
        )
    if not 0 <= result.cost_minor <= MOST_COST_MINOR:
        said = gettext("A cost of %(cost)s minor units cannot be.") % {"cost": f"{result.cost_minor:,}"}
        raise CallerError(said, value=result.cost_minor)
    found, again = (" ".join(text.split())[:60] for text in (result.seal_no_found, result.resealed_no))
    if not found or not again:
        said = gettext("Give the seal number that is on the parcel, and the one it was closed with again.")
        raise CallerError(said)
    place = " ".join(result.place.split())[:200]
    return Result(result.outcome, findings, found, result.is_seal_intact, again, result.cost_minor, place)


def _given(row: Examination, task: TestBuyTask) -> dict[str, str | int | bool | None]:
    return {
        "custody": task.custody_head,
        "task": row.task_id,
        "ordinal": row.ordinal,
        "organisation": row.organisation_id,
        "examiner": row.examiner_id,
        "is_independent": row.is_independent,
    }


def _to(row: Examination) -> dict[str, str]:
    return {"organisation": str(row.organisation_id), "examination": str(row.pk)}
