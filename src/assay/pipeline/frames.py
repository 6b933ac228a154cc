"""The frame on disk: built from a rated run on the engine, then read in batches, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.engine import Market, Workspace
from assay.market.errors import DamagedSnapshot
from assay.measurement.enforcement import Goods, Harm, Ints
from assay.measurement.frame import FrameCounts, FrameSettings, candidates, frame_counts, frame_hash, in_frame
from assay.measurement.plans import Division, FrameUnits
from assay.pipeline.runs import Run

FRAME = pa.schema(
    [
        *[pa.field(name, pa.string()) for name in ("listing_id", "merchant_id", "stratum")],
        *[pa.field(name, pa.int64()) for name in ("score_hundredths", "n_orders", "revenue_minor", "price_minor")],
        *[pa.field(name, pa.string()) for name in ("category", "brand", "merchant_size", "origin", "safety_class")],
    ]
)
# Rows in memory at a time; the hash does not depend on it.
_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class FrameArrays:
    """The columns of a frame that planning needs, and the merchants' ids in the order of their numbers."""

    units: FrameUnits
    price_minor: Ints
    safety_class: pa.Array
    merchant_ids: list[str]

    def goods(self, harm: Harm, strikes: dict[str, int], cases: dict[str, int]) -> Goods:
        """What the value of a buy is made of; `strikes` and `cases` (minor units) by merchant_id."""
        codes = self.units.merchant
        by_merchant = [
            np.array([each.get(m, 0) for m in self.merchant_ids], dtype=np.int64) for each in (strikes, cases)
        ]
        encoded = pc.fill_null(self.safety_class, "none").dictionary_encode()
        factors = np.array([harm.safety_factors.get(name, 1.0) for name in encoded.dictionary.to_pylist()])
        return Goods(
            chance=self.units.chance,
            merchant=codes,
            n_orders=self.units.n_orders,
            price_minor=self.price_minor,
            safety_factor=factors[encoded.indices.to_numpy()] if len(factors) else np.ones(0),
            strikes=by_merchant[0][codes],
            case_minor=by_merchant[1][codes].astype(np.float64),
        )


def build_frame(work: Workspace, market: Market, run: Run, settings: FrameSettings) -> tuple[FrameCounts, Path]:
    """Writes the frame, sorted by listing_id, as a step of `work`; gives its counts and where it lies."""
    scores = market.engine.read(run.folder / "scores_listings")
    rows = work.step("candidates", candidates(market, scores, settings))
    counts = frame_counts(market, rows, settings)
    work.step("undivided", in_frame(rows), ordered=True)
    return counts, work.folder / "undivided"


def read_arrays(folder: Path) -> FrameArrays:
    """The planning columns of an undivided frame."""
    columns = ["merchant_id", "score", "n_orders", "revenue_minor", "price_minor", "safety_class"]
    table = pa.Table.from_batches(_batches(folder, columns)) if _rows(folder) else _empty(folder, columns)
    merchants = table["merchant_id"].combine_chunks().dictionary_encode()
    units = FrameUnits(
        chance=np.round(_numbers(table["score"]) * 100.0) / 10_000.0,
        n_orders=_numbers(table["n_orders"]).astype(np.int64),
        revenue_minor=_numbers(table["revenue_minor"]).astype(np.int64),
        merchant=merchants.indices.to_numpy(zero_copy_only=False).astype(np.int64),
    )
    prices = pc.fill_null(table["price_minor"], 0).to_numpy()
    return FrameArrays(units, prices, table["safety_class"].combine_chunks(), merchants.dictionary.to_pylist())


def write_frame(undivided: Path, division: Division, to: Path) -> str:
    """Writes the frame with the stratum of every unit into the folder `to` and gives its hash."""
    to.mkdir()
    names = pa.array(division.names, pa.string())
    start = 0
    with pq.ParquetWriter(to / "part-00000.parquet", FRAME) as writer:
        for batch in _batches(undivided):
            strata = names.take(pa.array(division.stratum[start : start + len(batch)]))
            hundredths = pa.array(np.round(_numbers(batch["score"]) * 100.0).astype(np.int64))
            added = {"stratum": strata, "score_hundredths": hundredths}
            columns = [added[f.name] if f.name in added else batch[f.name].cast(f.type) for f in FRAME]
            writer.write_batch(pa.record_batch(columns, schema=FRAME))
            start += len(batch)
    return hash_frame(to)


def hash_frame(folder: Path) -> str:
    """SHA-256 of a frame on disk. DamagedSnapshot when it cannot be read or is not sorted by listing_id."""
    return frame_hash(_sorted(frame_batches(folder), folder))


def frame_batches(folder: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a divided frame in order. DamagedSnapshot when its files cannot be read."""
    try:
        yield from _batches(folder, columns)
    except (OSError, pa.ArrowException) as error:
        raise DamagedSnapshot(
            f"The frame in {folder} cannot be read ({error}); restore it or plan again.", where={"path": str(folder)}
        ) from error


def take_rows(folder: Path, rows: Ints) -> pa.Table:
    """The rows of a frame with the given places, in the order asked for."""
    order = np.argsort(rows, kind="stable")
    wanted, taken, start = rows[order], [], 0
    for batch in frame_batches(folder):
        inside = wanted[(wanted >= start) & (wanted < start + len(batch))]
        if len(inside):
            taken.append(batch.take(pa.array(inside - start)))
        start += len(batch)
    back = np.empty(len(rows), dtype=np.int64)
    back[order] = np.arange(len(rows))
    return pa.Table.from_batches(taken, FRAME).take(pa.array(back))


def _sorted(batches: Iterator[pa.RecordBatch], folder: Path) -> Iterator[pa.RecordBatch]:
    last = ""
    for batch in batches:
        ids = batch["listing_id"]
        ascending = pc.all(pc.less(ids[:-1], ids[1:])).as_py() is not False
        if len(batch) and (not ascending or ids[0].as_py() <= last):
            raise DamagedSnapshot(
                f"The frame in {folder} is not sorted by listing_id or has one twice; plan again.",
                where={"path": str(folder)},
            )
        last = ids[len(ids) - 1].as_py() if len(batch) else last
        yield batch


def _batches(folder: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as opened:
            yield from opened.iter_batches(_BATCH_ROWS, columns=columns)


def _rows(folder: Path) -> int:
    return sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))


def _empty(folder: Path, columns: list[str]) -> pa.Table:
    return pq.read_schema(next(iter(sorted(folder.glob("*.parquet"))))).empty_table().select(columns)


def _numbers(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.to_numpy(zero_copy_only=False))
