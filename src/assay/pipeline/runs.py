"""The folder that `assay rate` writes, and how everything after it reads from there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from assay.market.errors import CallerError, DamagedSnapshot
from assay.rating import Model, load_model

TABLES = ("signals_listings", "signals_merchants", "scores_listings", "scores_merchants", "discrepancies")


@dataclass(frozen=True, slots=True)
class Run:
    """One rating of one snapshot: its tables on disk and `about`, the content of run.json."""

    folder: Path
    about: dict[str, Any]

    @property
    def market_folder(self) -> Path:
        """Where the rated market was when the run was made."""
        return Path(self.about["market_folder"])

    @property
    def snapshot_id(self) -> str:
        """The snapshot that was rated."""
        return str(self.about["snapshot_id"])

    def model(self, kind: str) -> Model:
        """The model that rated, as it was then: a copy lies in the run."""
        return load_model(self.folder / f"model_{kind}.json")

    def table(self, name: str) -> ds.Dataset:
        """A table of the run as an Arrow dataset: filters and columns are read lazily."""
        path = self.folder / name
        if name not in TABLES or not path.is_dir():
            raise DamagedSnapshot(
                f"Run {self.folder} has no table {name}; rate the market again with `assay rate`.",
                where={"path": str(path)},
            )
        return ds.dataset(path, format="parquet")

    def row(self, name: str, key: str, value: str) -> dict[str, Any] | None:
        """The one row of a table whose `key` is `value`, or None."""
        return self.rows(name, key, [value]).get(value)

    def rows(self, name: str, key: str, values: list[str]) -> dict[str, dict[str, Any]]:
        """The rows whose `key` is among `values`, by that key."""
        found: pa.Table = self.table(name).to_table(filter=ds.field(key).isin(values))
        return {row[key]: row for row in found.to_pylist()}

    def measured_rows(self, kind: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        """Signal values and facts of listings or merchants by id; a listing's row holds its merchant's as well."""
        rows = self.rows(f"signals_{kind}s", f"{kind}_id", ids)
        self._add_facts(rows, kind, {each: [each] for each in rows})
        if kind == "listing":
            goods: dict[str, list[str]] = {}
            for each, row in rows.items():
                goods.setdefault(row["merchant_id"], []).append(each)
            self._add_facts(rows, "merchant", goods)
        return rows

    def _add_facts(self, rows: dict[str, dict[str, Any]], subject: str, owners: dict[str, list[str]]) -> None:
        """Puts the facts of each subject to the rows that belong to it."""
        key = f"{subject}_id"
        for folder in sorted((self.folder / "facts" / subject).glob("*")):
            found = ds.dataset(folder, format="parquet").to_table(filter=ds.field(key).isin(list(owners)))
            for facts in found.to_pylist():
                for owner in owners[facts[key]]:
                    rows[owner].update({name: v for name, v in facts.items() if "__" in name})


def open_run(folder: Path) -> Run:
    """Opens a run folder. CallerError when it is none."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(
            f"{folder} is not a run: it has no run.json; make one with `assay rate MARKET --out {folder}`.",
            where={"path": str(folder)},
        ) from error
    except ValueError as error:
        raise DamagedSnapshot(f"{folder / 'run.json'} cannot be read ({error}); rate the market again.") from error
    return Run(folder, about)
