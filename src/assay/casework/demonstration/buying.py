"""Test buys under way: a second, open programme on which buyers and examiners have done part of the work."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from assay.casework.demonstration.clock import at
from assay.casework.demonstration.reviewing import Work
from assay.casework.models import Examination, TaskStage, TestBuyTask
from assay.casework.services import buying, examinations, programmes
from assay.casework.services.buying import Order, Parcel, Seal
from assay.casework.services.examinations import Result
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.engine import EngineSettings
from assay.measurement.plans import PlanSettings
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys

N_OPEN_BUYS = 80
_ROOM = "Simulated test-buy room"


def past_period(folder: Path) -> None:
    """The simulated period's plan with its outcomes, as a programme that is done."""
    loaded = programmes.load_programme(folder, actor=COMMAND_LINE, name="Simulated period")
    programmes.refresh_programme(COMMAND_LINE, loaded.programme)


def open_period(work: Work, folder: Path, run: Path, settings: EngineSettings | None) -> None:
    """Plans, draws and loads a small further period, and does part of its work: ordered, received, sealed, examined."""
    key = folder.parent / "signing-key.pem"
    request = PlanRequest(seed="2", key_file=key, note="A simulated market.", engine_settings=settings)
    plan_test_buys(run, folder, PlanSettings(N_OPEN_BUYS), request)
    draw_test_buys(folder)
    loaded = programmes.load_programme(folder, actor=COMMAND_LINE, name="Simulated period, under way")
    buyer = work.cast.actor("test_buyer")
    tasks = list(loaded.programme.tasks.exclude(pot="control").order_by("unit")[:24])
    for n, task in enumerate(tasks):
        _bring(work, buyer, task, n)
    examinations.assign_waiting(work.cast.actor("senior"), loaded.programme)
    _examine(work)
    programmes.refresh_programme(COMMAND_LINE, loaded.programme)


def _bring(work: Work, buyer: Actor, task: TestBuyTask, n: int) -> None:
    """How far a task has come: a third is ordered, a third has come, a third is sealed."""
    start = work.until - timedelta(days=12) + timedelta(hours=3 * n)
    with at(start - timedelta(hours=1)):
        buying.take(buyer, task)
    with at(start):
        price = task.price_minor or 1_000
        due = start + timedelta(days=9)
        task = buying.order(buyer, task, Order(f"SIM-{10_000 + n}", price + 490, due, _ROOM))
    if n % 3 == 0:
        return
    weight = task.catalogue_weight_g or 300.0
    with at(start + timedelta(days=6)):
        weighed = round(weight * work.chance.uniform(0.8, 1.3), 1)
        task = buying.receive(buyer, task, Parcel("Simulated Post", f"SIM{n:08d}", weighed, _ROOM))
        buying.photograph(buyer, task, _drawing(task.unit, "parcel"), f"{task.unit}-parcel.png", "parcel")
    if n % 3 == 1:
        return
    with at(start + timedelta(days=7)):
        buying.photograph(buyer, task, _drawing(task.unit, "goods"), f"{task.unit}-goods.png", "goods")
        buying.seal(buyer, task, Seal(f"S-{700_000 + n}", _ROOM, task.brand or "not stated"))


def _examine(work: Work) -> None:
    """Every other unit that was given out comes back with its outcome."""
    waiting = Examination.objects.filter(finished_at=None).select_related("task", "organisation").order_by("pk")
    for each in list(waiting)[::2]:
        person = next((p for p in work.cast.examiners if p.organisation_id == each.organisation_id), None)
        if person is None or each.task.stage not in (TaskStage.SEALED, TaskStage.EXAMINED):
            continue
        is_fake = each.task.listing_id in work.fakes
        found = "Stitching, print and weight differ from the reference." if is_fake else "As the reference."
        result = Result(
            outcome="counterfeit" if is_fake else "genuine",
            findings=found,
            seal_no_found=each.task.seal_no,
            is_seal_intact=True,
            resealed_no=f"R-{each.pk:06d}",
            cost_minor=4_500,
            place=each.organisation.name,
        )
        actor = Actor.of(person)
        with at(work.until - timedelta(hours=work.chance.randint(3, 40))):
            examinations.take(actor, each)
            examinations.finish(actor, each, result)


def _drawing(unit: str, shows: str) -> bytes:
    """A picture that nobody takes for a photograph."""
    picture = Image.new("RGB", (480, 320), "#e8eef0")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((120, 80, 360, 240), outline="#2c5f68", width=4)
    pen.text((140, 140), f"SIMULATED\n{shows} of unit {unit}", fill="#2c5f68")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
