"""Signals of a market, measured once per snapshot and kept beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

import assay
from assay.engine import Market, Workspace, whole_folder
from assay.signals import families
from assay.signals.families import NotComputed
from assay.signals.signal import Signal

_WIDE = ("signals_listings", "signals_merchants")


@dataclass(frozen=True, slots=True)
class MeasuredMarket:
    """The signals of a snapshot, read back from `folder`, and which signals there are.

    `listings`, `merchants`: wide tables of values. `facts`: by subject and family, what the sentences use.
    """

    folder: Path
    listings: ir.Table
    merchants: ir.Table
    facts: dict[str, dict[str, ir.Table]]
    computed: tuple[Signal, ...]
    not_computed: tuple[NotComputed, ...]
    seconds: dict[str, float]

    def signals(self, subject: str) -> tuple[Signal, ...]:
        """The computed signals of one subject, in registry order."""
        return tuple(signal for signal in self.computed if signal.subject == subject)


def measured(market: Market, market_folder: Path) -> MeasuredMarket:
    """The signals of the market: from the folder beside the snapshot when they were measured before, else now.

    They are measured again when the snapshot, the engine or the code of the signals has changed.
    """
    folder = market_folder / "measured" / f"{market.snapshot_id}-{market.engine.name}-{code_hash()}"
    if not (folder / "measured.json").is_file():
        _measure_into(folder, market)
    return _read(folder, market)


def code_hash() -> str:
    """Changes whenever the code that signals come from does, so that no stale measurement is ever used."""
    root = Path(assay.__file__).parent
    digest = hashlib.sha256()
    for room in ("signals", "likeness", "engine", "market"):
        for path in sorted((root / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _measure_into(folder: Path, market: Market) -> None:
    work = Workspace(market.engine, market.engine.scratch / f"measure-{market.snapshot_id}")
    result = families.measure(market, work)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(folder) as new:
        for name in _WIDE:
            shutil.move(work.folder / name, new / name)
        for subject, parts in result.facts.items():
            (new / "facts" / subject).mkdir(parents=True)
            for name in parts:
                shutil.move(work.folder / f"facts_{name}", new / "facts" / subject / name)
        about = {
            "computed": [signal.id for signal in result.computed],
            "seconds": {name: round(value, 3) for name, value in work.seconds.items()},
        }
        (new / "measured.json").write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")
    shutil.rmtree(work.folder, ignore_errors=True)


def _read(folder: Path, market: Market) -> MeasuredMarket:
    about = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
    computed = frozenset(about["computed"])
    tables = [market.engine.read(folder / name) for name in _WIDE]
    facts = {
        subject: {path.name: market.engine.read(path) for path in sorted((folder / "facts" / subject).iterdir())}
        for subject in ("listing", "merchant")
    }
    left_out = [s for s in families.SIGNALS if s.id not in computed]
    return MeasuredMarket(
        folder,
        tables[0],
        tables[1],
        facts,
        tuple(s for s in families.SIGNALS if s.id in computed),
        tuple(NotComputed(s, market.missing(*s.needs)) for s in left_out),
        about["seconds"],
    )
