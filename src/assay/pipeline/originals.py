"""The rows that were rated, as they stand in the snapshot: titles, names and prices for people to recognise them by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from assay.engine import Snapshot, open_snapshot
from assay.market.errors import AssayError
from assay.pipeline.runs import Run

_NAMES = {"listing": ("listings", "title"), "merchant": ("merchants", "name")}


@dataclass(frozen=True, slots=True)
class Originals:
    """Rows of the rated snapshot by key. `snapshot` is None when the market is no longer where it was: no rows then."""

    snapshot: Snapshot | None

    def rows(self, table: str, key: str, ids: Iterable[str | None]) -> dict[str, dict[str, Any]]:
        """The rows of `ids` by their key; ids that are not there are left out."""
        if self.snapshot is None or table not in self.snapshot.tables:
            return {}
        wanted = sorted({each for each in ids if each is not None})
        found = ds.dataset(self.snapshot.tables[table]).to_table(filter=ds.field(key).isin(wanted))
        return {row[key]: row for row in found.to_pylist()}

    def name(self, kind: str, subject_id: str) -> str | None:
        """Title of a listing or name of a merchant; None when unknown."""
        table, column = _NAMES[kind]
        text = self.rows(table, f"{kind}_id", [subject_id]).get(subject_id, {}).get(column)
        return None if text is None else str(text)

    def prices(self) -> pa.Table | None:
        """Brand, category, currency and price of every listing with a price."""
        if self.snapshot is None:
            return None
        names = ["brand", "category", "currency", "price"]
        return ds.dataset(self.snapshot.tables["listings"]).to_table(columns=names, filter=ds.field("price").is_valid())


def originals(run: Run) -> Originals:
    """The snapshot that a run rated, when the market is still where it was."""
    try:
        return Originals(open_snapshot(run.market_folder, run.snapshot_id))
    except AssayError:
        return Originals(None)
