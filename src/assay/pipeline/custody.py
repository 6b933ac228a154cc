"""A folder of test buys: the sealed plan, its frame, the draw and the history of outcomes.

FOLDER/plan.json, plan.seal.json   what was settled before the draw, and its seal
FOLDER/frame/, secret.txt          the frame and the secret of the draw; never published
FOLDER/enforcement.csv             why each unit was chosen for enforcement, term by term
FOLDER/units.parquet               what was drawn
FOLDER/purchases.csv, examiner.csv what to buy, and what the examiner sees of it
FOLDER/outcomes.jsonl, rejects/    the history of outcomes, and rows that could not be taken
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.folders import outside
from assay.market.errors import CallerError
from assay.measurement.drawing import DRAWN_UNITS, commitment
from assay.measurement.ledger import Entry, current, read_ledger
from assay.measurement.plans import Plan, read_plan, strata_table
from assay.measurement.sealing import BrokenSeal, Seal, check_seal, read_seal

PLAN, PLAN_SEAL, SECRET, DRAWN, LEDGER = "plan.json", "plan.seal.json", "secret.txt", "units.parquet", "outcomes.jsonl"


@dataclass(frozen=True, slots=True)
class TestBuys:
    """A folder of test buys whose plan is as it was sealed."""

    folder: Path
    plan: Plan
    seal: Seal

    @property
    def is_drawn(self) -> bool:
        """Whether the units were drawn."""
        return (self.folder / DRAWN).is_file()

    def secret(self) -> str:
        """The secret of the draw. BrokenSeal when it is not the one that the plan commits to."""
        file = self.folder / SECRET
        text = read_file(file).decode("utf-8", "replace").removesuffix("\n")
        if commitment(text) != self.plan.circumstances.seed_sha256:
            raise BrokenSeal(
                f"{file} is not the secret that the plan commits to; restore it or plan again.", {"file": str(file)}
            )
        return text

    def drawn_units(self) -> pa.Table:
        """The units as drawn (columns of `DRAWN_UNITS`), without outcomes. CallerError when nothing was drawn."""
        if not self.is_drawn:
            raise CallerError(
                f"Nothing was drawn in {self.folder} yet; run `assay testbuy draw {self.folder}` first.",
                where={"path": str(self.folder)},
            )
        file = self.folder / DRAWN
        try:
            return pq.read_table(file).cast(DRAWN_UNITS)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise BrokenSeal(f"{file} cannot be read ({error}); draw again.", {"file": str(file)}) from error

    def history(self) -> bytes:
        """The ledger of outcomes as it stands on disk; empty before the first."""
        file = self.folder / LEDGER
        return read_file(file) if file.exists() else b""

    def entries(self) -> tuple[Entry, ...]:
        """Every line of the history, oldest first. BrokenSeal when its chain is broken."""
        return read_ledger(self.history(), str(self.folder / LEDGER))

    def units(self) -> pa.Table:
        """The drawn units (columns of `DRAWN_UNITS`) with the outcomes recorded so far."""
        table, known = self.drawn_units(), current(self.entries())
        for name in ("outcome", "second_outcome"):
            values = [getattr(known.get(unit), name, None) for unit in table["unit"].to_pylist()]
            table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.string()))
        return table

    def strata(self) -> pa.Table:
        """The strata of the plan: stratum, n_units, n_orders, revenue_minor, largest_*, n_drawn, expected_rate, …"""
        return strata_table(self.plan)


def open_test_buys(folder: Path) -> TestBuys:
    """Opens a folder of test buys. CallerError when it is none, BrokenSeal when its plan was changed after sealing."""
    if not (folder / PLAN).is_file():
        raise CallerError(
            f"{folder} holds no plan of test buys; make one with `assay testbuy plan RUN --out {folder}`.",
            where={"path": str(folder)},
        )
    content = read_file(folder / PLAN)
    found = read_seal(read_file(folder / PLAN_SEAL), str(folder / PLAN_SEAL))
    check_seal(content, found, str(folder / PLAN))
    return TestBuys(folder, read_plan(content, str(folder / PLAN)), found)


def read_file(path: Path) -> bytes:
    """The bytes of a file; OutsideError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise outside(error, path) from error


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Writes a file whole or not at all; OutsideError when the disk refuses."""
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise outside(error, path) from error
    finally:
        with contextlib.suppress(OSError):  # where the folder is none, there is nothing to take away
            partial.unlink(missing_ok=True)
