"""Runs to load: the tiny simulated one, and copies of it in which some scores are others."""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assay.pipeline import open_run
from assay.rating.model import score_of
from tests.runs import tiny_run


def the_run() -> Path:
    """The tiny run itself: never written to."""
    return tiny_run() / "run"


def a_later_run(
    to: Path, *, listings: Mapping[str, int] = {}, merchants: Mapping[str, int] = {}, days: float = 1.0
) -> Path:
    """A copy of the tiny run, some days later, in which some subjects have so many points more or fewer."""
    shutil.copytree(the_run(), to)
    for kind, changes in (("listing", listings), ("merchant", merchants)):
        if changes:
            _move_scores(to, kind, changes)
    about = json.loads((to / "run.json").read_text("utf-8"))
    about["as_of"] = (datetime.fromisoformat(about["as_of"]) + timedelta(days=days)).isoformat()
    (to / "run.json").write_text(json.dumps(about, indent=1, sort_keys=True), "utf-8")
    return to


def _move_scores(run: Path, kind: str, changes: Mapping[str, int]) -> None:
    model = open_run(run).model(kind)
    column = f"points_{model.terms[0].column}"
    for file in sorted((run / f"scores_{kind}s").glob("*.parquet")):
        table = pq.read_table(file)
        rows = table.to_pylist()
        for row in rows:
            by = changes.get(row[f"{kind}_id"], 0)
            row[column] += by
            row["total_points"] += by
            points, _, _ = model.score_points([row["total_points"]])
            row["score"] = float(score_of(points)[0])
        file.unlink()  # a hard link to another run's file would change that one too
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)


def scores(run: Path, kind: str = "listing") -> dict[str, float]:
    """Every score of a run by id."""
    found = open_run(run).table(f"scores_{kind}s").to_table(columns=[f"{kind}_id", "score"]).to_pylist()
    return {row[f"{kind}_id"]: row["score"] for row in found}
