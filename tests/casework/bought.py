"""Programmes, tasks, photographs and examinations for tests, and a drawn folder of test buys on the tiny market."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.utils import timezone
from PIL import Image

from assay.casework.models import (
    Examination,
    Organisation,
    OrganisationKind,
    Person,
    Programme,
    Role,
    TaskStage,
    TestBuyTask,
)
from assay.casework.services import buying, examinations
from assay.casework.services.buying import Order, Parcel, Seal
from assay.casework.services.examinations import Result
from assay.casework.services.recording import Actor
from assay.engine import EngineSettings
from assay.measurement.enforcement import Harm
from assay.measurement.plans import PlanSettings
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys
from tests.casework.builders import a_person, an_organisation, number
from tests.runs import tiny_run

CHEAP = Harm(horizon_days=900, handling_minor=100)
FINDINGS = "Stitching, hologram and weight were compared with the reference."


def drawn_folder(to: Path, n_buys: int = 60, **settings: Any) -> Path:
    """A sealed plan on the tiny market, drawn; the same every time but for its place."""
    request = PlanRequest(
        key_file=to.parent / "signing-key.pem",
        seed="7",
        harm=CHEAP,
        market_folder=tiny_run() / "market",
        engine_settings=EngineSettings(memory_gib=1.0, workers=1),
    )
    plan_test_buys(tiny_run() / "run", to, PlanSettings(n_buys, **settings), request)
    draw_test_buys(to)
    return to


def true_fakes() -> set[str]:
    """listing_id of every counterfeit of the tiny market."""
    table = pq.read_table(tiny_run() / "truth" / "listings.parquet", columns=["listing_id", "is_counterfeit"])
    return {row["listing_id"] for row in table.to_pylist() if row["is_counterfeit"]}


def a_programme(**given: Any) -> Programme:
    """A programme without a folder: for tests that read and write none."""
    n = number()
    values: dict[str, Any] = {
        "name": f"Spring {n}",
        "folder": f"/nowhere/buys-{n}",
        "plan_sha256": f"{n:064x}",
        "key_fingerprint": "ed25519 fingerprint",
        "currency": "EUR",
        "budget_minor": 1_000_000,
        "handling_minor": 5_000,
        "loaded_at": timezone.now(),
    }
    return Programme.objects.create(**values | given)


def a_task(programme: Programme | None = None, **given: Any) -> TestBuyTask:
    """A unit to buy, of the measuring pot."""
    n = number()
    values: dict[str, Any] = {
        "programme": programme or a_programme(),
        "unit": f"T{n:012x}",
        "pot": "measure",
        "listing_id": f"L{n:06d}",
        "merchant_id": f"M{n:06d}",
        "merchant_name": f"Shop {n}",
        "title": f"Norvane TR-200 watch {n}",
        "brand": "Norvane",
        "category": "watches",
        "catalogue_weight_g": 240.0,
        "price_minor": 4_900,
        "score": 71.25,
        "inclusion_probability": 0.25,
        "due_at": timezone.now() + timedelta(days=14),
    }
    return TestBuyTask.objects.create(**values | given)


def a_control(programme: Programme | None = None, **given: Any) -> TestBuyTask:
    """A unit whose truth is known."""
    nothing = {"listing_id": "", "merchant_id": "", "merchant_name": "", "title": "", "brand": "", "category": ""}
    values = nothing | {"pot": "control", "known": "counterfeit", "price_minor": None, "score": None}
    return a_task(programme, **values | {"inclusion_probability": None, "catalogue_weight_g": None} | given)


def a_picture(colour: tuple[int, int, int] = (120, 60, 20)) -> bytes:
    """A small JPEG, another one for every colour."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()


def ordered(task: TestBuyTask, buyer: Person, cost_minor: int = 4_900) -> TestBuyTask:
    """The task, taken and ordered."""
    actor = Actor.of(buyer)
    buying.take(actor, task)
    due = timezone.now() + timedelta(days=7)
    return buying.order(actor, task, Order(f"O-{task.pk}", cost_minor, due))


def received(task: TestBuyTask, buyer: Person) -> TestBuyTask:
    """The task with its parcel."""
    ordered(task, buyer)
    return buying.receive(Actor.of(buyer), task, Parcel("Post", f"RR{task.pk}", 260.0, "Office"))


def sealed(task: TestBuyTask, buyer: Person, **given: Any) -> TestBuyTask:
    """The task, photographed and sealed."""
    received(task, buyer)
    colour = (task.pk % 250, task.pk // 250 % 250, 9)
    buying.photograph(Actor.of(buyer), task, a_picture(colour), f"{task.listing_id or 'x'}.jpg", "goods")
    seal = Seal(**{"seal_no": f"SEAL-{task.pk}", "place": "Office", "said_brand": "Norvane"} | given)
    return buying.seal(Actor.of(buyer), task, seal)


def a_laboratory(**given: Any) -> tuple[Organisation, Person]:
    """A laboratory with one examiner."""
    where = an_organisation(OrganisationKind.LABORATORY, **given)
    return where, a_person(Role.AUTHENTICATOR, where)


def a_brand(name: str = "Norvane") -> tuple[Organisation, Person]:
    """The owner of a mark with one examiner."""
    where = an_organisation(OrganisationKind.BRAND, name=name)
    return where, a_person(Role.AUTHENTICATOR, where)


def found(examination: Examination, outcome: str, person: Person, **given: Any) -> Examination:
    """The examination, finished with an outcome."""
    values: dict[str, Any] = {
        "outcome": outcome,
        "findings": FINDINGS,
        "seal_no_found": examination.seal_no_expected,
        "is_seal_intact": True,
        "resealed_no": f"R-{examination.pk}",
        "cost_minor": 1_500,
        "place": "Bench 2",
    }
    return examinations.finish(Actor.of(person), examination, Result(**values | given))


def at_stage(stage: str) -> TestBuyTask:
    """A task put into a stage by hand."""
    return a_task(stage=TaskStage(stage))
