"""What run.json says of a search: what was read, with which settings, what came of it, and how to do it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.attacks.finding import Found
from assay.attacks.settings import AttackSettings
from assay.engine import versions
from assay.pipeline.attacks.sources import PostSource

RUN_FILE = "run.json"


def search_record(
    found: Found, source: PostSource, settings: AttackSettings, groups: pa.Table, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """The content of run.json apart from the command; `groups` is the table as it is written.

    `inputs` has the SHA-256 of every file that was read and the snapshot id of every market, by path.
    """
    status = groups["status"].to_pylist()
    n_aside = sum(source.set_aside.values())
    return {
        "snapshot_id": source.snapshot_id,
        "inputs": dict(source.inputs),
        "settings": asdict(settings),
        "counts": {
            "posts": found.n_posts + n_aside,
            "compared": found.n_posts - sum(found.set_aside.values()),
            "set_aside": source.set_aside | found.set_aside,
            "narratives": len(found.told),
            "templates": len(found.templates),
            "pairs_of_narratives_tested": found.overlaps.n_tests,
            "events": len(source.events),
            "groups": {name: status.count(name) for name in sorted(set(status))},
        },
        "versions": dict(versions()),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }


def command_line(words: Sequence[str | Path], settings: AttackSettings, events: Path | None) -> str:
    """The command of these words with the flags of all settings that are not the default, quoted for a shell.

    >>> command_line(["assay", "attacks", "find", "my posts.csv"], AttackSettings(least_core=8), None)
    "assay attacks find 'my posts.csv' --least-core 8"
    """
    told = [str(word) for word in words]
    told += [] if events is None else ["--events", str(events)]
    usual = asdict(AttackSettings())
    # Every setting has a flag of its name on both commands; a test holds this and the command line together.
    for name, value in asdict(settings).items():
        if value != usual[name]:
            flag = f"--{name.replace('_', '-')}"
            told += [flag] if value is True else [flag, str(value)]
    return shlex.join(told)
