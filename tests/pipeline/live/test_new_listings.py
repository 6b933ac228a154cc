"""A listing that the market has never seen is rated as a batch over the market with it added would rate it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from assay.pipeline import open_live, prepare_live
from assay.pipeline.live.checking import differences, explained_rows
from tests.pipeline.live.odd_markets import odd_tables
from tests.signals.markets import AS_OF, Row, write_market

_LATER = {"orders": "listing_id", "reviews": "listing_id", "listing_stats": "listing_id", "verdicts": "subject_id"}


def created(tables: dict[str, list[Row]], row: Row) -> dict[str, Any]:
    """The row with its pictures, as it is when it is created."""
    images = [image for image in tables.get("images", ()) if image["listing_id"] == row["listing_id"]]
    return row | {"listed_at": AS_OF, "removed_at": None, "removal_reason": None, "images": images}


def market_with(folder: Path, tables: dict[str, list[Row]], held_out: set[str], new: dict[str, Any] | None) -> Path:
    """The market without the held-out listings and all that happened to them, with one added."""
    kept = {}
    for name, rows in tables.items():
        key = _LATER.get(name, "listing_id" if name in ("listings", "images") else None)
        kept[name] = rows if key is None else [row for row in rows if row[key] not in held_out]
    if new is not None:
        kept["listings"] = [*kept["listings"], {k: v for k, v in new.items() if k != "images"}]
        if "images" in kept:
            kept["images"] = [*kept["images"], *new["images"]]
    return write_market(folder, **kept)


def faults(folder: Path, settings: EngineSettings, tables: str, seed: int, n: int) -> dict[str, Any]:
    """What differs between live and batch for the first `n` listings with a title, each held out and added alone."""
    rows = odd_tables(seed, tables=tables)
    new = [created(rows, row) for row in rows["listings"] if row["title"]][:n]
    held_out = {row["listing_id"] for row in new}
    run = pipeline.rate(market_with(folder / "without", rows, held_out, None), folder / "run", settings=settings)
    prepare_live(run.folder, settings=settings)
    rater, found = open_live(run.folder), {}
    for row in new:
        market = market_with(folder / f"with-{row['listing_id']}", rows, held_out, row)
        batch = pipeline.rate(market, folder / f"run-{row['listing_id']}", settings=settings)
        explained = next(explained_rows(batch, [row["listing_id"]]))
        found[row["listing_id"]] = differences(explained, rater.rate(row))
    return {each: fault for each, fault in found.items() if fault}


def test_a_new_listing_gets_what_the_batch_would_give_it(tmp_path: Path, settings: EngineSettings):
    assert faults(tmp_path, settings, "all", seed=5, n=1) == {}


@pytest.mark.long
@pytest.mark.parametrize("tables", ["bare", "stats", "all"])
def test_new_listings_get_what_the_batch_would_give_them(tmp_path: Path, settings: EngineSettings, tables: str):
    assert faults(tmp_path, settings, tables, seed=6, n=12) == {}
