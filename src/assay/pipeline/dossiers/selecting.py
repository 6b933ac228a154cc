"""Which subjects of a run somebody should look at, and the harm that is expected of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.engine import Market, Workspace, ops
from assay.market.errors import CallerError
from assay.market.scores import AT_RISK_SCORE
from assay.measurement.enforcement import Goods, Harm, value_buys
from assay.measurement.frame import PERIOD_DAYS, FrameSettings, candidates, main_currency
from assay.pipeline.runs import Run

# A decision is reviewed within weeks, and most of its effects last a month: the queue is ordered by what a month costs.
HARM_DAYS = 30
_HARM = Harm(horizon_days=HARM_DAYS)
# What still can be seen and bought, or comes back with the next delivery.
_OFFERED = "sold out"
_GONE = ("removed", "not yet listed", "merchant closed or suspended")
_CLOSED = ("suspended", "closed")
_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which subjects: those scored `least_score` or more, and `n_random` live listings drawn with equal chances.

    The draw is fixed by `seed`. Sales and harm count in `currency`, by default that of most orders; `rates` are units
    of it per unit of another currency, and goods in a currency without a rate have no harm in money.
    """

    least_score: float = AT_RISK_SCORE
    n_random: int = 200
    seed: int = 1
    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 100:
            raise CallerError(
                f"The least score is {self.least_score}; scores lie between 0 and 100.",
                value=self.least_score,
                allowed="0 to 100",
            )
        if self.n_random < 0:
            raise CallerError(f"{self.n_random} listings cannot be drawn.", value=self.n_random, allowed="0 or more")


@dataclass(frozen=True, slots=True)
class Selected:
    """The subjects by kind, with how they came in.

    `listings`: listing_id, merchant_id, is_flagged, is_drawn, n_orders, price (in the run's currency), safety_class;
    `merchants`: merchant_id. `n_live` is what was drawn from, `n_drawn` how many were. Harm counts
    in `currency`, into which `rates` convert others.
    """

    listings: ir.Table
    merchants: ir.Table
    candidates: ir.Table
    candidates_folder: Path
    currency: str
    rates: Mapping[str, float]
    n_live: int
    n_drawn: int
    n_not_live: int

    @property
    def inclusion_probability(self) -> float:
        """Chance of every live listing to be drawn; 0 when nothing was."""
        return self.n_drawn / self.n_live if self.n_live else 0.0


def select(work: Workspace, market: Market, run: Run, wanted: Wanted) -> Selected:
    """The subjects of a run. A listing that is not offered any more, or whose merchant is closed, is nobody's task."""
    currency = wanted.currency or main_currency(market)
    settings = FrameSettings(currency, rates=wanted.rates)
    scores = market.engine.read(run.folder / "scores_listings")
    goods = work.step("candidates", candidates(market, scores, settings))
    live = goods.filter(goods.excluded.isnull())
    drawn = work.step("drawn", _drawn(live, wanted))
    joined = goods.left_join(drawn, "listing_id").drop("listing_id_right")
    is_drawn = joined.is_drawn.fill_null(False)
    is_high = (joined.score >= wanted.least_score).fill_null(False)
    is_flagged = is_high & (joined.excluded.isnull() | (joined.excluded == _OFFERED))
    kept = joined.filter(is_flagged | is_drawn).select(
        "listing_id",
        "merchant_id",
        "n_orders",
        "safety_class",
        price_counted=joined.price_minor,
        is_flagged=is_flagged,
        is_drawn=is_drawn,
    )
    counts = market.engine.collect(
        goods.aggregate(
            n_live=ops.n_true(goods.excluded.isnull()),
            n_gone=ops.n_true((goods.score >= wanted.least_score) & goods.excluded.isin(_GONE)),
        )
    ).to_pylist()[0]
    n_live = int(counts["n_live"])
    return Selected(
        listings=work.step("selected_listings", kept),
        merchants=work.step("selected_merchants", _merchants(market, run, wanted)),
        candidates=goods,
        candidates_folder=work.folder / "candidates",
        currency=currency,
        rates=wanted.rates,
        n_live=n_live,
        n_drawn=min(wanted.n_random, n_live),
        n_not_live=int(counts["n_gone"]),
    )


def _drawn(live: ir.Table, wanted: Wanted) -> ir.Table:
    """A simple random sample without replacement: the smallest of numbers that are fixed by id and seed."""
    ordered = live.select("listing_id", number=ops.md5_fraction(live.listing_id, wanted.seed))
    first = ordered.order_by(["number", "listing_id"]).limit(wanted.n_random)
    return first.select("listing_id", is_drawn=ibis.literal(True))


def _merchants(market: Market, run: Run, wanted: Wanted) -> ir.Table:
    scores = market.engine.read(run.folder / "scores_merchants")
    high = scores.filter(scores.score >= wanted.least_score).select("merchant_id")
    shops = market.table("merchants").select("merchant_id", "status")
    joined = high.left_join(shops, "merchant_id").drop("merchant_id_right")
    return joined.filter(~joined.status.isin(_CLOSED).fill_null(False)).select("merchant_id")


def expected_harm(
    chance: npt.NDArray[np.float64],
    n_orders: Sequence[int] | npt.NDArray[np.int64],
    price_minor: Sequence[int | None],
    safety_class: Sequence[str | None],
) -> npt.NDArray[np.float64]:
    """Chance x orders expected in 30 days x price x safety factor, in minor units: the goods' term of a buy's value.

    `n_orders` are of the last 90 days; half an order is added, as goods listed yesterday have sold nothing yet. A price
    that is not known counts as 0. See `measurement/enforcement.value_buys`.
    """
    n = len(chance)
    goods = Goods(
        chance=np.asarray(chance, dtype=np.float64),
        merchant=np.zeros(n, dtype=np.int64),
        n_orders=np.asarray(n_orders, dtype=np.int64),
        price_minor=np.array([each or 0 for each in price_minor], dtype=np.int64),
        safety_factor=np.array([_HARM.safety_factors.get(each or "none", 1.0) for each in safety_class]),
        strikes=np.zeros(n, dtype=np.int64),
        case_minor=np.zeros(n),
    )
    if not n:
        return np.zeros(0)
    values = value_buys(goods, _HARM, period_days=PERIOD_DAYS)
    return np.asarray(values.chance * values.goods, dtype=np.float64)


def merchant_harms(folder: Path, merchants: pa.StringArray) -> dict[str, float]:
    """The expected harm of the live goods of some merchants, summed: what closing each would stop in 30 days."""
    found: dict[str, float] = {}
    columns = ["merchant_id", "score", "n_orders", "price_minor", "safety_class", "excluded"]
    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(_BATCH_ROWS, columns=columns):
                inside = pc.and_(pc.is_null(batch["excluded"]), pc.is_in(batch["merchant_id"], merchants))
                _add_harms(found, batch.filter(inside).to_pydict())
    return found


def _add_harms(found: dict[str, float], rows: dict[str, list[Any]]) -> None:
    chance = np.asarray(rows["score"], dtype=np.float64) / 100.0
    harms = expected_harm(chance, rows["n_orders"], rows["price_minor"], rows["safety_class"])
    for merchant, harm in zip(rows["merchant_id"], harms.tolist(), strict=True):
        found[merchant] = found.get(merchant, 0.0) + harm
