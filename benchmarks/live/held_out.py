"""New listings: rated live against a market without them, and in batch over that market with them added.

A held-out listing is made new: just listed, not edited, not taken down, without orders, reviews and verdicts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay import pipeline
from assay.engine import EngineSettings, SnapshotWriter, open_snapshot
from assay.market.tables import TABLES
from assay.pipeline.explaining import Explanation
from assay.pipeline.live.checking import explained_rows

_LATER = {"orders": "listing_id", "reviews": "listing_id", "listing_stats": "listing_id", "verdicts": "subject_id"}
_AT_ONCE = 200


def drawn(market: Path, n: int) -> list[str]:
    """Identifiers of listings to hold out (seeded)."""
    ids = _table(market, "listings")["listing_id"]
    return ids.take(pa.array(np.random.default_rng(7).choice(len(ids), n, replace=False))).to_pylist()


def new_rows(market: Path, ids: list[str], *, dated_now: bool = True) -> list[dict[str, Any]]:
    """The listings as they are created, with their pictures; with their own dates unless `dated_now`."""
    as_of = open_snapshot(market).as_of
    rows = {row["listing_id"]: row for row in _of(market, "listings", ids).to_pylist()}
    images: dict[str, list[Any]] = {}
    for image in _of(market, "images", ids).to_pylist():
        images.setdefault(image["listing_id"], []).append(image)
    fresh = {"removed_at": None, "removal_reason": None, "n_edits": 0} | ({"listed_at": as_of} if dated_now else {})
    return [rows[each] | fresh | {"images": images.get(each, [])} for each in ids]


class HeldOut:
    """A market without some of its listings, rated and opened for live rating."""

    def __init__(
        self, market: Path, model: Path | None, rows: list[dict[str, Any]], scratch: Path, settings: EngineSettings
    ) -> None:
        self.market, self.model, self.rows, self.scratch, self.settings = market, model, rows, scratch, settings
        self.ids = [row["listing_id"] for row in rows]
        without = self.scratch / "without"
        written(market, without, self.ids, [])
        run = pipeline.rate(without, scratch / "run_without", model_folder=model, settings=settings)
        pipeline.prepare_live(run.folder, settings=settings)
        self.rater = pipeline.open_live(run.folder)

    def alone(self, n: int) -> Iterator[tuple[Explanation, Explanation]]:
        """For the first `n`, the batch's explanation with the listing added alone, and the live one."""
        for row in self.rows[:n]:
            yield from self._added([row])

    def together(self) -> Iterator[tuple[Explanation, Explanation]]:
        """The same with all of them added at once: what changes while a prepared folder grows old."""
        yield from self._added(self.rows)

    def _added(self, rows: list[dict[str, Any]]) -> Iterator[tuple[Explanation, Explanation]]:
        added, ran = self.scratch / "added", self.scratch / "run_added"
        for folder in (added, ran):
            shutil.rmtree(folder, ignore_errors=True)
        written(self.market, added, self.ids, rows)
        run = pipeline.rate(added, ran, model_folder=self.model, settings=self.settings)
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            for batch, row in zip(explained_rows(run, [r["listing_id"] for r in part]), part, strict=True):
                yield batch, self.rater.rate(row)


def written(market: Path, to: Path, held_out: list[str], rows: list[dict[str, Any]]) -> None:
    """The market without the held-out listings and all that happened to them, with some rows added."""
    snapshot = open_snapshot(market)
    listings = [{name: row[name] for name in TABLES["listings"].column_names} for row in rows]
    images = [image for row in rows for image in row["images"]]
    with SnapshotWriter(to) as writer:
        for name in snapshot.tables:
            key = _LATER.get(name, "listing_id" if name in ("listings", "images") else None)
            table = _table(market, name)
            if key is not None:
                table = table.filter(pc.invert(pc.is_in(table[key], value_set=pa.array(held_out))))
            writer.write(name, table)
        for name, more in (("listings", listings), ("images", images)):
            if more:
                writer.write(name, pa.Table.from_pylist(more, schema=TABLES[name].schema))
        writer.commit({"made_by": "benchmark"}, as_of=snapshot.as_of)


def _of(market: Path, name: str, ids: list[str]) -> pa.Table:
    table = _table(market, name)
    return table.filter(pc.is_in(table["listing_id"], value_set=pa.array(ids)))


def _table(market: Path, name: str) -> pa.Table:
    return ds.dataset(open_snapshot(market).tables[name], format="parquet").to_table()
