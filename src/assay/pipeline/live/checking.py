"""Whether live rating and the batch agree: listings of the run rated one by one from their stored rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.engine import open_snapshot
from assay.pipeline.explaining import Explanation, explained
from assay.pipeline.live.rater import LiveRater
from assay.pipeline.runs import Run, open_run

_ROWS_AT_ONCE = 1000
_SEED = 20_260_301


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many listings were rated both ways, and how many agree in each respect.

    `same` counts those with the same score, steps, values and sentences; `signals` how often each signal's value
    differs; `examples` the first few that differ, each with what differs.
    """

    n_rated: int
    n_same_score: int
    n_same_steps: int
    n_same_texts: int
    n_same: int
    signals: dict[str, int]
    examples: tuple[tuple[str, str], ...]


def check_live(run_folder: Path, rater: LiveRater, n_listings: int | None = None) -> Agreement:
    """Rates `n_listings` of the run (drawn with a fixed seed; all by default) live and compares each with the batch."""
    run = open_run(run_folder)
    pairs = ((batch, rater.rate(row)) for batch, row in stored(run, n_listings))
    return compared(pairs)


def stored(run: Run, n_listings: int | None = None) -> Iterator[tuple[Explanation, dict[str, Any]]]:
    """Listings of a run: the batch's explanation, and the row as it stands in the snapshot."""
    snapshot = open_snapshot(run.market_folder, run.snapshot_id)
    table = ds.dataset(snapshot.tables["listings"], format="parquet").to_table()
    if n_listings is not None and n_listings < table.num_rows:
        drawn = np.random.default_rng(_SEED).choice(table.num_rows, n_listings, replace=False)
        table = table.take(pa.array(np.sort(drawn)))
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        rows = table.slice(start, _ROWS_AT_ONCE)
        for found in explained_rows(run, rows["listing_id"].to_pylist()):
            at = pc.index(rows["listing_id"], found.subject_id).as_py()
            yield found, rows.slice(at, 1).to_pylist()[0]


def explained_rows(run: Run, ids: list[str]) -> Iterator[Explanation]:
    """The batch's explanations of listings, read together."""
    scores = run.rows("scores_listings", "listing_id", ids)
    values = run.measured_rows("listing", ids)
    for each in ids:
        yield explained(run, "listing", values[each], scores[each])


def compared(pairs: Iterator[tuple[Explanation, Explanation]]) -> Agreement:
    """Agreement of explanations of the same listings: the batch's and the live ones."""
    counts: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    examples: list[tuple[str, str]] = []
    for batch, live in pairs:
        faults = differences(batch, live)
        signals.update(_differing(batch, live))
        counts.update(["rated", *(f"same {what}" for what in ("score", "steps", "texts") if what not in faults)])
        counts["same"] += not faults
        if faults and len(examples) < 20:
            examples.append((batch.subject_id, "; ".join(f"{k}: {v}" for k, v in faults.items())))
    return Agreement(
        n_rated=counts["rated"],
        n_same_score=counts["same score"],
        n_same_steps=counts["same steps"],
        n_same_texts=counts["same texts"],
        n_same=counts["same"],
        signals=dict(signals.most_common()),
        examples=tuple(examples),
    )


def differences(batch: Explanation, live: Explanation) -> dict[str, str]:
    """In what two explanations of one listing differ: score, steps (points and values), texts, what was not checked."""
    found = {}
    if batch.waterfall.score != live.waterfall.score:
        found["score"] = f"{batch.waterfall.score} and {live.waterfall.score}"
    if batch.waterfall.steps != live.waterfall.steps:
        found["steps"] = ", ".join(_differing(batch, live)) or "order"
    one, other = ([each.text for each in (*side.discrepancies, *side.merchant_discrepancies)] for side in (batch, live))
    if one != other:
        found["texts"] = f"{sorted({*one} - {*other})} and {sorted({*other} - {*one})}"
    if batch.not_checked != live.not_checked:
        found["not checked"] = ", ".join(sorted({*batch.not_checked} ^ {*live.not_checked}))
    return found


def _differing(batch: Explanation, live: Explanation) -> list[str]:
    values = {step.id: (step.points, step.value) for step in live.waterfall.steps}
    return [s.id for s in batch.waterfall.steps if values.get(s.id) != (s.points, s.value)]
