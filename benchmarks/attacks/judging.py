"""Judges what was found against what was planted: accounts, narratives, posts, and the innocent who were named."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# A found narrative stands for a planted one when more than half of its posts are of it.
LEAST_PURITY = 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """Rates are shares from 0 to 1. *Named* means in the core of a group whose status is `named`."""

    n_planted_accounts: int
    named_rate: float  # planted accounts that are named
    listed_rate: float  # planted accounts that are in any group, core or periphery
    n_innocent_named: int
    innocent_named_rate: float  # of all innocent accounts of the corpus
    n_narratives: int
    n_narratives_found: int
    main_share: float  # posts of planted narrative 0 that are in the narrative found for it
    post_share: float  # planted posts that are in the narrative found for theirs
    n_groups: dict[str, int]  # by status

    def as_dict(self) -> dict[str, Any]:
        """The figures, rounded for people."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def table(folder: Path, name: str) -> pa.Table:
    """One table of a result folder, whether it is a file or a folder of files."""
    path = folder / name
    return pq.read_table(path if path.is_dir() else folder / f"{name}.parquet")


def judged(folder: Path, truth: pa.Table, n_accounts: int) -> Judged:
    """Compares a result folder with the truth; `n_accounts` counts the innocent accounts of the corpus."""
    own = truth.filter(pc.and_(pc.invert(truth["is_camouflage"]), pc.invert(truth["is_innocent"])))
    planted = set(own["account_id"].unique().to_pylist())
    groups = table(folder, "groups").select(["group", "status"]).to_pylist()
    named = named_accounts(folder)
    listed = set(table(folder, "members")["account_id"].to_pylist())
    found, main_share, post_share = _narratives(folder, own)
    return Judged(
        n_planted_accounts=len(planted),
        named_rate=len(named & planted) / max(1, len(planted)),
        listed_rate=len(listed & planted) / max(1, len(planted)),
        n_innocent_named=len(named - planted),
        innocent_named_rate=len(named - planted) / max(1, n_accounts),
        n_narratives=len(own["narrative"].unique()),
        n_narratives_found=found,
        main_share=main_share,
        post_share=post_share,
        n_groups={
            status: sum(row["status"] == status for row in groups) for status in ("named", "explained", "listed")
        },
    )


def named_accounts(folder: Path) -> set[str]:
    """Accounts in the core of a group whose status is `named`."""
    groups, members = table(folder, "groups"), table(folder, "members")
    named = groups.filter(pc.equal(groups["status"], "named"))["group"].combine_chunks()
    is_named = pc.and_(pc.equal(members["role"], "core"), pc.is_in(members["group"], named.cast(members["group"].type)))
    return set(members.filter(is_named)["account_id"].to_pylist())


def _narratives(folder: Path, own: pa.Table) -> tuple[int, float, float]:
    """Planted narratives found in groups, the share of narrative 0 in its own, and the same of all planted posts."""
    narratives = table(folder, "narratives").select(["narrative", "group", "n_posts"])
    found = table(folder, "posts").select(["post_id", "narrative"]).rename_columns(["post_id", "found"])
    joined = own.select(["post_id", "narrative"]).join(found, "post_id", join_type="left outer")
    counts = (
        joined.filter(pc.is_valid(joined["found"])).group_by(["narrative", "found"]).aggregate([("post_id", "count")])
    )
    sizes = {row["narrative"]: row for row in narratives.to_pylist()}
    n_by_planted = np.bincount(own["narrative"].to_numpy())
    best: dict[int, int] = {}
    for row in counts.to_pylist():
        about = sizes.get(row["found"])
        n = row["post_id_count"]
        if about is None or about["group"] is None or n <= LEAST_PURITY * about["n_posts"]:
            continue
        best[row["narrative"]] = max(n, best.get(row["narrative"], 0))
    main = best.get(0, 0) / n_by_planted[0] if len(n_by_planted) else 0.0
    return len(best), float(main), float(sum(best.values()) / max(1, n_by_planted.sum()))
