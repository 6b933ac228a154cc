"""The merchant's own 0 to 100: what its goods say together, and what it does itself.

A merchant's goods are summed up by their totals of points, leaving out the points for verdicts on the merchant's own
goods: a confirmed counterfeit is a fact shown beside the score and not a reason for it, else the score would be
learnt from its own label.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np

from assay.engine import ops
from assay.market.scores import AT_RISK_SCORE
from assay.rating.labels import CONCLUSIVE, attach_labels, standing_verdicts
from assay.rating.model import MOST_SCORE_POINTS, POINTS_PER_LOG_ODDS, Model, Term, score_of
from assay.rating.out_of_fold import OWN_HISTORY

GOODS_TERMS = (
    Term("goods-mean", "goods_mean", "more", "mean evidence of the goods, shrunk by catalogue size"),
    Term("goods-worst", "goods_worst", "more", "evidence of the worst listing"),
    Term("goods-share-at-risk", "goods_share_at_risk", "more", "share of goods at risk"),
    Term("goods-count", "goods_count", "two-sided", "number of listings"),
)
# A merchant with five listings counts half as itself and half as the market's average; a market whose merchants differ
# more than their goods would want fewer.
SHRINK_LISTINGS = 5
# Means are compared with bin edges; rounding hides the last digits, in which engines differ by order of addition.
_DECIMALS = 6


def merchant_terms(signals: Sequence[Term]) -> tuple[Term, ...]:
    """Terms of the merchant model: what the goods say, then the merchant's own signals."""
    return (*GOODS_TERMS, *signals)


def merchant_goods(scores: ir.Table, model: Model, blind: Sequence[str] = OWN_HISTORY) -> ir.Table:
    """One row per merchant from a table of scored listings: the columns of `GOODS_TERMS`.

    `scores` holds merchant_id and either `blind_points` (`OutOfFoldScorer`, for training) or `total_points` with
    `points_<column>` of the own-history signals (`Scorer`, for rating). `goods_mean`: log-odds, (sum + 5 x market mean)
    / (listings + 5). `goods_worst`: log-odds of the worst listing. `goods_share_at_risk`: share of listings whose blind
    total maps to a score of 40 or more in `model`. `goods_count`: listings. All are of all listings, live or not.
    """
    blinded = scores.select("merchant_id", points=_blind_points(scores, model, blind).cast("int64"))
    market = blinded.aggregate(market_points=blinded.points.sum().cast("int64"), n_market=blinded.count())
    per_merchant = blinded.group_by("merchant_id").aggregate(
        total_points=blinded.points.sum().cast("int64"),
        worst_points=blinded.points.max(),
        n_at_risk=ops.n_true(blinded.points >= at_risk_total(model)),
        n_goods=blinded.count(),
    )
    joined = per_merchant.cross_join(market)
    market_mean = ops.ratio(joined.market_points, joined.n_market)
    shrunk = (joined.total_points + SHRINK_LISTINGS * market_mean) / (joined.n_goods + SHRINK_LISTINGS)
    return joined.select(
        "merchant_id",
        goods_mean=(shrunk / POINTS_PER_LOG_ODDS).round(_DECIMALS),
        goods_worst=(joined.worst_points.cast("float64") / POINTS_PER_LOG_ODDS),
        goods_share_at_risk=ops.ratio(joined.n_at_risk, joined.n_goods).round(_DECIMALS),
        goods_count=joined.n_goods.cast("float64"),
    )


def plain_numbers(scores: ir.Table, listings: ir.Table) -> ir.Table:
    """One row per merchant: `worst_listing_score`, `share_at_risk` (scored 40 or more) and `n_listings`.

    Live listings only; the first two are null for a merchant without one. `scores` holds listing_id, merchant_id and
    score; `listings` says what was removed.
    """
    removed = listings.select("listing_id", is_live=listings.removed_at.isnull())
    rows = scores.select("listing_id", "merchant_id", "score").left_join(removed, "listing_id")
    live = rows.is_live.fill_null(True)
    counted = rows.group_by("merchant_id").aggregate(
        worst_listing_score=live.ifelse(rows.score, ibis.null("float64")).max(),
        n_at_risk=ops.n_true(live & (rows.score >= AT_RISK_SCORE)),
        n_listings=ops.n_true(live),
    )
    share = ops.ratio(counted.n_at_risk, counted.n_listings).round(_DECIMALS)
    return counted.select("merchant_id", "worst_listing_score", "n_listings", share_at_risk=share)


def attach_merchant_labels(signals: ir.Table, verdicts: ir.Table | None, listings: ir.Table) -> ir.Table:
    """`labels.attach_labels` for merchants: their own latest verdict, else counterfeit when one of their goods is.

    A merchant known only by genuine goods has no verdict: they do not speak for the rest of its range. Goods that an
    examination cleared are not counterfeit because somebody had thought so.
    """
    labelled = attach_labels(signals, verdicts, "merchant")
    if verdicts is None:
        return labelled
    about_goods = verdicts.filter((verdicts.subject_type == "listing") & verdicts.verdict.isin(CONCLUSIVE))
    standing = standing_verdicts(about_goods)
    found = standing.filter(standing.verdict == "counterfeit")
    owner = listings.select("listing_id", "merchant_id")
    goods = found.inner_join(owner, found.subject_id == owner.listing_id)
    first = goods.group_by("merchant_id").aggregate(goods_decided_at=goods.decided_at.min())
    joined = labelled.left_join(first, "merchant_id").drop("merchant_id_right")
    by_goods = joined.goods_decided_at.notnull().ifelse("counterfeit", ibis.null("string"))
    return joined.mutate(
        verdict=ibis.coalesce(joined.verdict, by_goods),
        decided_at=ibis.coalesce(joined.decided_at, joined.goods_decided_at),
    ).drop("goods_decided_at")


def at_risk_total(model: Model) -> int:
    """Least total whose score is 40 or more; beyond every total when no score of the model reaches 40."""
    if model.calibration is None:
        totals = np.arange(-MOST_SCORE_POINTS, MOST_SCORE_POINTS + 1)
    else:
        totals = np.arange(model.calibration.totals[0], model.calibration.totals[-1] + 1)
    reached = totals[score_of(model.score_points(totals)[0]) >= AT_RISK_SCORE]
    return int(reached[0]) if len(reached) else 2**31 - 1


def _blind_points(scores: ir.Table, model: Model, blind: Sequence[str]) -> ir.IntegerColumn:
    if "blind_points" in scores.columns:
        return scores.blind_points
    points = scores.total_points
    for table in model.terms:
        if table.column in blind and f"points_{table.column}" in scores.columns:
            points = points - scores[f"points_{table.column}"] + table.missing_points
    return points
