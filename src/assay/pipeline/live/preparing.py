"""Makes ready what live rating looks up: from a rated run and its market into one folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engine import EngineSettings, Workspace, open_engine, open_market, versions, whole_folder
from assay.market.errors import CallerError, DamagedSnapshot
from assay.pipeline.live.goods import shelve_goods
from assay.pipeline.live.history import shelve_history
from assay.pipeline.live.imagery import shelve_imagery
from assay.pipeline.live.merchants import shelve_merchants
from assay.pipeline.live.price import shelve_prices
from assay.pipeline.live.repetition import shelve_repetition
from assay.pipeline.live.rows import ordered_rows, shelve_instants
from assay.pipeline.live.shelves import ShelfWriter
from assay.pipeline.live.specification import shelve_specifications
from assay.pipeline.live.wording import shelve_wording
from assay.pipeline.measuring import code_hash
from assay.pipeline.runs import Run, open_run
from assay.rating import model_hash, save_model

LIVE_FOLDER = "live"
ABOUT = "live.json"
# Raised whenever the columns of the folder change, so that no other layout is ever read.
LAYOUT = 2


@dataclass(frozen=True, slots=True)
class LivePreparation:
    """What was made ready: the folder, its content hash, listings and merchants in it, bytes on disk, seconds."""

    folder: Path
    hash: str
    n_listings: int
    n_merchants: int
    n_bytes: int
    seconds: float


def prepare_live(
    run_folder: Path, to: Path | None = None, *, settings: EngineSettings | None = None
) -> LivePreparation:
    """Makes ready, from a rated run and its market, what `open_live` needs; by default into the run folder itself.

    The folder appears whole or not at all; the same run gives the same files. The signals' code must be that which
    rated the run (`check_live` tells). CallerError when the run's market is no longer where it was, OutsideError when
    the disk fails.
    """
    started = time.perf_counter()
    run = open_run(run_folder)
    target = to if to is not None else run_folder / LIVE_FOLDER
    with open_engine(None, settings) as engine:
        market = open_market(engine, run.market_folder, run.snapshot_id)
        work = Workspace(engine, engine.scratch / f"live-{market.snapshot_id}")
        with whole_folder(target) as folder:
            rows = ordered_rows(market, work, ShelfWriter(folder))
            shelve_instants(rows)
            shelve_goods(rows)
            shelve_merchants(rows, run)
            computed = frozenset(run.about["computed"])
            for family, shelve in _FAMILIES:
                if any(each.startswith(f"{family}-") for each in computed):
                    shelve(rows)
            about = _about(run, folder) | {"n_listings": len(rows), "n_merchants": len(rows.merchant_ids)}
            for kind in ("listing", "merchant"):
                save_model(run.model(kind), folder / f"model_{kind}.json")
            about["files"] = hashes(folder)
            about["hash"] = _whole_hash(about)
            (folder / ABOUT).write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")
        shutil.rmtree(work.folder, ignore_errors=True)
    n_bytes = sum(file.stat().st_size for file in target.iterdir())
    seconds = time.perf_counter() - started
    return LivePreparation(target, about["hash"], about["n_listings"], about["n_merchants"], n_bytes, seconds)


# Prefix of the signals of a family, and what writes its columns. History reads the groups that repetition has made.
_FAMILIES = (
    ("price", shelve_prices),
    ("wording", shelve_wording),
    ("spec", shelve_specifications),
    ("repetition", shelve_repetition),
    ("imagery", shelve_imagery),
    ("history", shelve_history),
)


def _about(run: Run, folder: Path) -> dict[str, Any]:
    kept = ("snapshot_id", "as_of", "model", "computed", "not_computed")
    return {name: run.about[name] for name in kept} | {
        "code": code_hash(),
        "layout": LAYOUT,
        "versions": dict(versions()),
        "models": {kind: model_hash(run.model(kind)) for kind in ("listing", "merchant")},
    }


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder but the manifest."""
    found = {}
    for file in sorted(folder.iterdir()):
        if file.name != ABOUT:
            with file.open("rb") as opened:
                found[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found


def _whole_hash(about: dict[str, Any]) -> str:
    content = json.dumps({k: about[k] for k in ("files", "snapshot_id", "model", "code")}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def read_about(folder: Path) -> dict[str, Any]:
    """The manifest of a prepared folder. CallerError when it is none, or was made by other code."""
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(
            f"{folder} is not prepared for live rating: it has no {ABOUT}; run `assay live prepare RUN`.",
            where={"path": str(folder)},
        ) from error
    except ValueError as error:
        raise DamagedSnapshot(f"{folder / ABOUT} cannot be read ({error}); prepare the run again.") from error
    if about["code"] != code_hash():
        raise CallerError(
            f"{folder} was prepared by another version of Assay; rate the market again and run `assay live prepare`.",
            where={"path": str(folder)},
            value=about["code"],
        )
    if about.get("layout") != LAYOUT:
        raise CallerError(
            f"{folder} was prepared by another version of Assay; run `assay live prepare` for this run again.",
            where={"path": str(folder)},
            value=about.get("layout"),
        )
    return about
