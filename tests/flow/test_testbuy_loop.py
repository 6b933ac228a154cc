"""Test buys as people's work, from a sealed plan to a score whose level was checked: the loop closes.

Every unit is bought, sealed and examined through the services; the simulation's truth decides what the examiners find.
The figures must be those of the same outcomes recorded from a file.
"""

import csv
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from assay.casework.models import Examination, Item, OrganisationKind, Role, TaskStage
from assay.casework.queries.testbuys import authentications
from assay.casework.services import buying, custody, examinations
from assay.casework.services.buying import Order, Parcel, Seal
from assay.casework.services.examinations import Result
from assay.casework.services.programmes import close_programme, load_programme, refresh
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.engine import EngineSettings
from assay.measurement.enforcement import Harm
from assay.measurement.plans import PlanSettings
from assay.measurement.recalibration import CheckSettings
from assay.pipeline.custody import open_test_buys
from assay.pipeline.outcomes import record_outcomes, test_buy_verdicts
from assay.pipeline.prevalence import estimate_prevalence, verify_prevalence
from assay.pipeline.recalibrating import recalibrate
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys
from assay.simulation.purchases import BuyingSettings, buy, examine_controls
from tests.casework.bought import a_picture
from tests.casework.builders import a_person, an_organisation
from tests.runs import tiny_run

pytestmark = pytest.mark.django_db
test_buy_verdicts.__test__ = False
# Enough errors and failures that every way a buy can end is walked.
ERRING = BuyingSettings(
    0.9, 0.97, not_bought_rate=0.04, not_delivered_rate=0.04, swapped_rate=0.04, inconclusive_rate=0.05
)
DAY = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A sealed plan of 60 buys on the small market, drawn; and what will come of every unit."""
    place, market = tmp_path_factory.mktemp("loop"), tiny_run()
    request = PlanRequest(
        key_file=place / "key.pem",
        seed="11",
        harm=Harm(horizon_days=900, handling_minor=100),
        engine_settings=EngineSettings(memory_gib=1.0, workers=1),
    )
    plan_test_buys(market / "run", place / "buys", PlanSettings(60), request)
    units = draw_test_buys(place / "buys")
    return place / "buys", outcomes_of(units, market / "truth"), place / "key.pem"


def outcomes_of(units, truth):
    """(first, second) outcome of every unit, drawn from the simulation's truth."""
    rows = pq.read_table(truth / "listings.parquet", columns=["listing_id", "is_counterfeit"])
    fakes = rows["listing_id"].filter(rows["is_counterfeit"]).combine_chunks()
    is_control = pc.equal(units["pot"], "control").to_numpy()
    known = pc.equal(units["known"], "counterfeit").fill_null(False).to_numpy()
    is_fake = np.where(is_control, known, pc.is_in(units["listing_id"], fakes).to_numpy())
    bought, examined = (act(is_fake, ERRING, np.random.default_rng(3)) for act in (buy, examine_controls))
    found = {}
    for i, unit in enumerate(units["unit"].to_pylist()):
        table = examined if is_control[i] else bought
        found[unit] = (table["outcome"][i].as_py(), table["second_outcome"][i].as_py() or "")
    return found


@pytest.fixture
def people():
    brand = an_organisation(OrganisationKind.BRAND, name="Norvane")
    places = (brand, *(an_organisation(OrganisationKind.LABORATORY) for _ in range(2)))
    return {
        "buyer": Actor.of(a_person(Role.TEST_BUYER)),
        "senior": Actor.of(a_person(Role.SENIOR)),
        **{each.pk: Actor.of(a_person(Role.AUTHENTICATOR, each)) for each in places},
    }


def bought(task, outcome, buyer, picture):
    """The buyer's part; true when there are goods to examine."""
    buying.take(buyer, task)
    if outcome == "not_bought":
        buying.fail(buyer, task, outcome, "Sold out.")
        return False
    buying.order(buyer, task, Order(f"O-{task.pk}", task.price_minor or 1_000, timezone.now() + timedelta(days=5)))
    if outcome == "not_delivered":
        buying.fail(buyer, task, outcome, "Refunded.")
        return False
    buying.receive(buyer, task, Parcel("Post", "", 250.0, "Office"))
    if outcome == "swapped":
        buying.fail(buyer, task, outcome, "A keyring came.")
        return False
    buying.photograph(buyer, task, picture, "goods.jpg", "goods")
    buying.seal(buyer, task, Seal(f"S-{task.pk}", "Office", task.brand or "Norvane"))
    return True


def examined(programme, planned, people):
    """Examiners work until nothing waits; each finds what is planned for a first or second examination."""
    assert examinations.assign_waiting(people["senior"], programme).n_left == 0
    while rows := list(Examination.objects.filter(finished_at=None).select_related("task")):
        for row in rows:
            finish(row, planned, people)


def finish(row, planned, people):
    first, second = planned[row.task.unit]
    outcome = first if row.ordinal == 1 else second or first
    result = Result(outcome, "Compared with the reference.", row.seal_no_expected, True, f"R-{row.pk}", 1_500, "Bench")
    examinations.finish(people[row.organisation_id], row, result)


def test_a_plan_becomes_work_and_comes_back_as_figures_verdicts_and_a_checked_score(drawn, people, tmp_path):
    source, planned, key = drawn
    folder, by_file = (shutil.copytree(source, tmp_path / name) for name in ("buys", "by-file"))
    market = tiny_run() / "market"
    programme = load_programme(folder, actor=COMMAND_LINE, market=market, decoy_rate=0.2).programme

    for task in programme.tasks.order_by("unit"):
        bought(task, planned[task.unit][0], people["buyer"], a_picture((task.pk % 250, 1, 1)))
    examined(programme, planned, people)
    tasks = list(programme.tasks.all())
    assert {task.stage for task in tasks} == {TaskStage.DONE}
    assert all(custody.chain(task).holds for task in tasks)
    assert {task.outcome for task in tasks} >= {"counterfeit", "genuine"}
    second_looks = [task for task in tasks if task.second_outcome]
    assert any(task.outcome == "genuine" for task in second_looks), "no decoy was examined"
    assert refresh() == len(tasks)

    # The same outcomes from a file give the same figures, but for the decoys, which change none.
    rows = [{"unit": unit, "outcome": first, "second_outcome": second} for unit, (first, second) in planned.items()]
    with (tmp_path / "outcomes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert record_outcomes(by_file, tmp_path / "outcomes.csv").n_new == len(tasks)
    ours, theirs = estimate_prevalence(folder), estimate_prevalence(by_file)
    assert ours.figures.estimates == theirs.figures.estimates
    assert ours.figures.authentication == theirs.figures.authentication
    programme.refresh_from_db()
    shown = {each["estimand"]: each for each in programme.progress["look"]["estimates"]}
    for estimate in ours.figures.estimates:
        row = shown[str(estimate.estimand)]
        assert (row["share"], row["low"], row["high"]) == (estimate.share, estimate.low, estimate.high)

    # Published, it verifies; as verdicts it says what the file of verdicts says.
    study = estimate_prevalence(folder, publish_to=tmp_path / "published", key_file=key)
    assert verify_prevalence(tmp_path / "published", key_fingerprint=study.key_fingerprint).holds
    n = test_buy_verdicts(folder, tmp_path / "verdicts.csv")
    with (tmp_path / "verdicts.csv").open() as file:
        said = {(r["subject_id"], r["verdict"], float(r["inclusion_probability"])) for r in csv.DictReader(file)}
    assert {(a.subject_id, a.verdict, a.inclusion_probability) for a in authentications()} == said
    assert len(said) == n

    # Confirmed counterfeits wait for a reviewer, and the score is checked against what was bought.
    confirmed = {a.subject_id for a in authentications() if a.verdict == "counterfeit"}
    assert set(Item.objects.values_list("subject_id", flat=True)) == confirmed
    checked = recalibrate(folder, tiny_run() / "run", settings=CheckSettings(replicates=50))
    assert checked.n_controls == len(
        [t for t in tasks if t.pot == "control" and t.outcome in ("counterfeit", "genuine")]
    )
    assert checked.said
    assert close_programme(people["senior"], programme).closed_at
    assert len(open_test_buys(folder).entries()) == len(tasks)
