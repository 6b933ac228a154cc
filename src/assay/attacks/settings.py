"""What a search for organised campaigns may be told, with the reasons for its defaults."""

from __future__ import annotations

from dataclasses import dataclass

from assay.market.errors import CallerError


@dataclass(frozen=True, slots=True)
class AttackSettings:
    """Settings of a search; the same settings, posts and seed give the same result.

    `most_q`: false-discovery rate at which two narratives are called tied. `least_core`: the fewest accounts a group
    needs to be listed at all. `n_shuffles`: shuffled clocks behind every timing figure. `keep_templates`: search share
    buttons and stock texts too, instead of setting them aside. `table`: the table of the market that is read as posts:
    posts, or reviews (their writer is the account, their merchant the target).
    """

    most_q: float = 0.05
    # Two friends who repeat each other are not a campaign; below five a name would rest on a handful of posts.
    least_core: int = 5
    n_shuffles: int = 200
    keep_templates: bool = False
    table: str = "posts"
    seed: int = 20_260_101

    def __post_init__(self) -> None:
        _require(0 < self.most_q < 1, "most_q", self.most_q, "above 0 and below 1")
        _require(self.least_core >= 2, "least_core", self.least_core, "2 or more")
        _require(self.n_shuffles >= 19, "n_shuffles", self.n_shuffles, "19 or more (p = 0.05 needs them)")


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise CallerError(
            f"The search setting {name} is {value}; allowed is {allowed}.",
            where={"setting": name},
            value=value,
            allowed=allowed,
        )
