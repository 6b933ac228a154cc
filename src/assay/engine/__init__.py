"""Where a market's tables live and its queries run: DuckDB by default, Spark by choice; snapshots on disk."""

from assay.engine import ops
from assay.engine.engine import Engine, EngineSettings, versions
from assay.engine.folders import whole_folder
from assay.engine.markets import Market, open_market
from assay.engine.opening import open_engine
from assay.engine.snapshots import Snapshot, SnapshotWriter, open_snapshot
from assay.engine.workspace import Workspace

__all__ = [
    "Engine",
    "EngineSettings",
    "Market",
    "Snapshot",
    "SnapshotWriter",
    "Workspace",
    "open_engine",
    "open_market",
    "open_snapshot",
    "ops",
    "versions",
    "whole_folder",
]
