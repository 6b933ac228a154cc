"""One measured period on a simulated market: planned, bought, examined, published and checked, beside what is true."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.engine import EngineSettings
from assay.market.errors import CallerError
from assay.measurement.estimation import Estimate
from assay.measurement.plans import PlanSettings, read_plan
from assay.measurement.unit_file import csv_bytes
from assay.pipeline.custody import PLAN, read_file, write_whole
from assay.pipeline.frames import frame_batches
from assay.pipeline.outcomes import record_outcomes
from assay.pipeline.prevalence import estimate_prevalence, verify_prevalence
from assay.pipeline.prevalence_reporting import prevalence_page
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys
from assay.publishing.prevalence_page import write_prevalence_page
from assay.simulation.purchases import BuyingSettings, buy, examine_controls

# Sealed into the plan and shown on the page; it also marks the folders that a later period may replace.
_NOTE = "A simulated market and simulated test buys: the outcomes are drawn from the simulation's truth."


@dataclass(frozen=True, slots=True)
class SimulatedPeriod:
    """What came of a simulated period.

    `true_share`: of the frame's listings, known only because the market is simulated. `holds`: whether the published
    folder verifies. `n_buys`: buys of the plan, controls included.
    """

    buys: Path
    published: Path
    page: Path
    n_buys: int
    estimate: Estimate
    true_share: float
    holds: bool


def measure_simulated(
    to: Path,
    *,
    n_buys: int = 1_000,
    seed: int = 1,
    buying: BuyingSettings | None = None,
    engine_settings: EngineSettings | None = None,
) -> SimulatedPeriod:
    """Measures a rated simulation (TO/run, TO/truth) by test buys: TO/buys, TO/published, TO/prevalence.html.

    The buyers' and examiner's errors are those of `buying`. The same simulation and seed give the same draw and
    outcomes. The folders of an earlier simulated period are replaced; CallerError for any other that stands there.

    Example: `measure_simulated(Path("demo")).estimate.share`
    """
    buys, published, page, key = to / "buys", to / "published", to / "prevalence.html", to / "signing-key.pem"
    for folder in (buys, published):
        _make_room(folder)
    settings = PlanSettings(n_buys)
    # A key of its own: a demonstration does not make or use the key that real plans are signed with.
    request = PlanRequest(seed=str(seed), key_file=key, note=_NOTE, engine_settings=engine_settings)
    plan = plan_test_buys(to / "run", buys, settings, request).plan
    units = draw_test_buys(buys)
    fakes = _counterfeits(to / "truth")
    outcomes = to / "outcomes.csv"
    write_whole(outcomes, csv_bytes(_outcomes(units, fakes, buying or BuyingSettings(), seed)))
    record_outcomes(buys, outcomes)
    study = estimate_prevalence(buys, publish_to=published, key_file=key)
    verified = verify_prevalence(published, key_fingerprint=study.key_fingerprint)
    write_prevalence_page(prevalence_page(replace(study, published=published)), page)
    true_share = _true_share(buys / "frame", fakes)
    n_controls = plan.n_genuine_controls + plan.n_fake_controls
    return SimulatedPeriod(
        buys, published, page, plan.n_drawn + n_controls, study.estimate(), true_share, verified.holds
    )


def _make_room(folder: Path) -> None:
    """Takes away what an earlier simulated period left; what anybody else made stays, and is refused later on."""
    if (folder / PLAN).is_file() and read_plan(
        read_file(folder / PLAN), str(folder / PLAN)
    ).circumstances.note == _NOTE:
        shutil.rmtree(folder)


def _counterfeits(truth: Path) -> pa.Array:
    """listing_id of every counterfeit of the simulation."""
    file = truth / "listings.parquet"
    if not file.is_file():
        raise CallerError(
            f"{truth} is not the truth of a simulation; make one with `assay simulate`.", {"path": str(truth)}
        )
    rows = pq.read_table(file, columns=["listing_id", "is_counterfeit"])
    return rows["listing_id"].filter(rows["is_counterfeit"]).combine_chunks()


def _outcomes(units: pa.Table, fakes: pa.Array, buying: BuyingSettings, seed: int) -> pa.Table:
    """What the buyers come home with and the examiner says of it: unit, outcome, second_outcome."""
    rng = np.random.default_rng(seed)
    is_control = pc.equal(units["pot"], "control").to_numpy()
    is_fake = np.where(
        is_control,
        pc.equal(units["known"], "counterfeit").fill_null(False).to_numpy(),
        pc.is_in(units["listing_id"], fakes).to_numpy(),
    )
    names = ("outcome", "second_outcome")
    bought, examined = buy(is_fake, buying, rng), examine_controls(is_fake, buying, rng)
    said = {name: pc.if_else(pa.array(is_control), examined[name], bought[name]) for name in names}
    return pa.table({"unit": units["unit"], **said})


def _true_share(frame: Path, fakes: pa.Array) -> float:
    """Share of the frame's listings that are counterfeit."""
    flags = np.concatenate(
        [
            pc.is_in(batch["listing_id"], fakes).to_numpy(zero_copy_only=False)
            for batch in frame_batches(frame, ["listing_id"])
        ]
    )
    return float(flags.mean())
