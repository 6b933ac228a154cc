"""History: how often other goods of the same merchant, text group, brand and category were confirmed counterfeit.

Every count is of what was known strictly before the listing is rated, and never includes the listing itself; what is
said about others leaves the own merchant out.
"""

from __future__ import annotations

import string
from math import log

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.copies import copies
from assay.signals.outcome import columns_of, computable
from assay.signals.precedents import as_of_seconds, judged, with_rated_time
from assay.signals.rates import percent
from assay.signals.signal import Direction, Row, Signal
from assay.signals.standing import Count, standing, with_known_days

# Goods at the market's rate that a merchant's own history is weighed against: one catch among three goods shows 0.13
# where 1 % is usual, one among fifty 0.02. Fewer make one catch decide, more forgive repeated ones.
MERCHANT_PRIOR = 5.0
# A text group speaks sooner: its members share their words already.
GROUP_PRIOR = 2.0
# Brands and categories are large; twenty goods keep small ones at the market's rate.
TRADE_PRIOR = 20.0
# What a share shows where nothing is known; near the 6.6 % published for a real marketplace.
BASE_RATE = 0.05
# Pseudo-counts of the market's own rate, one in twenty, so that the first days of a record have a rate at all.
FIRST_CONFIRMED, FIRST_GOODS = 1.0, 20.0
# Twice the merchant's counterfeits of a market at 6.6 %; one confirmed among ten.
_FIRES_RATE = 0.15
# Four times the odds are three times the share or more wherever at most one good in nine is counterfeit. Brands and
# categories are chosen by honest merchants too: at e^1 they were shown on goods of which nothing else is known.
_FIRES_ODDS = log(4.0)

# Signal -> the column that its goods share.
_TRADES = {"history-brand": "brand", "history-category": "category"}
# The column as people read it, where it is compared folded.
_WRITTEN = {"brand": "brand_written"}


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with the values and facts of the history signals that the market allows.

    None without verdicts.
    """
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    allowed = {signal.id for signal in signals}
    goods = work.step("history_goods", dated_goods(market, work))
    rows = _with_rate(goods, work)
    rows = _with_merchant(rows, goods, work)
    if "history-group" in allowed:
        rows = _with_group(rows, goods, work)
    for name, key in _TRADES.items():
        if name in allowed:
            rows = _with_trade(rows, goods, work, name.replace("-", "_"), key)
    return work.step("history", columns_of(rows, signals, "listing"))


def dated_goods(market: Market, work: Workspace) -> ir.Table:
    """Every listing with its groups, and the days (back from as_of) at which its facts became known."""
    listings = market.table("listings")
    rows = listings.select(
        "listing_id",
        "merchant_id",
        # ASCII capitals only: engines lower other letters differently, and Ibis' strip() takes letters off on Spark.
        brand=listings.brand.translate(string.ascii_uppercase, string.ascii_lowercase).nullif(""),
        brand_written=listings.brand,
        category=listings.category.nullif(""),
        listed_s=listings.listed_at.epoch_seconds().cast("int64"),
        shard=listings.merchant_id.hexdigest("md5").substr(0, 1),
    )
    rows = with_rated_time(rows, market, work)
    decided = judged(market, work).select("listing_id", "confirmed_s", "cleared_s")
    rows = rows.left_join(decided, "listing_id").drop("listing_id_right")
    rows = with_known_days(rows, as_of_seconds(market), both_outcomes=_both_outcomes(market, work))
    words = copies(market, work).select("listing_id", "star") if market.has("listings.title") else None
    if words is None:
        return rows.mutate(star=ibis.null("int64"))
    return rows.left_join(words, "listing_id").drop("listing_id_right")


def _both_outcomes(market: Market, work: Workspace) -> bool:
    """Whether genuine verdicts are recorded as a rule: shares are then of what was judged, not of all goods.

    They are when at least as many listings were cleared as confirmed; a few appeals among many catches are not a
    record of what was looked at.
    """
    found = judged(market, work)
    cleared = found.confirmed_s.isnull() & found.cleared_s.notnull()
    row = work.engine.collect(
        found.agg(confirmed=found.confirmed_s.count(), cleared=cleared.ifelse(1, 0).sum().fill_null(0))
    ).to_pylist()[0]
    return int(row["cleared"]) >= max(int(row["confirmed"]), 1)


def _with_rate(goods: ir.Table, work: Workspace) -> ir.Table:
    """Adds `rate`: the market's share of confirmed goods on that day, among merchants of other shards than the own."""
    everything = work.step("history_market", standing(goods.mutate(everyone=1), ("everyone",), Count("all")))
    own = work.step("history_shards", standing(goods, ("shard",), Count("shard")))
    rates = own.left_join(everything, "day").drop("day_right")
    n_confirmed = rates.all_confirmed - rates.shard_confirmed + FIRST_CONFIRMED
    rates = rates.select("shard", "day", rate=n_confirmed / (rates.all_seen - rates.shard_seen + FIRST_GOODS))
    rows = goods.left_join(rates, [goods.shard == rates.shard, goods.day == rates.day])
    return rows.drop("shard_right", "day_right")


def _counted(rows: ir.Table, counts: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    on = [rows[key] == counts[key] for key in (*keys, "day")]
    return rows.left_join(counts, on).drop(*(f"{key}_right" for key in (*keys, "day")))


def _with_merchant(rows: ir.Table, goods: ir.Table, work: Workspace) -> ir.Table:
    counts = work.step("history_merchants", standing(goods, ("merchant_id",), Count("own")))
    rows = _counted(rows, counts, ("merchant_id",))
    others = (rows.own_seen - rows.is_seen).cast("float64")
    confirmed = rows.own_confirmed.cast("float64")
    return rows.mutate(
        history_merchant=_standardised((confirmed + rows.rate * MERCHANT_PRIOR) / (others + MERCHANT_PRIOR), rows.rate),
        history_merchant__n_confirmed=rows.own_confirmed.cast("int32"),
        history_merchant__n_others=others.cast("int32"),
        history_merchant_count=confirmed,
        history_merchant_count__n_others=others.cast("int32"),
    ).drop("own_seen", "own_confirmed")


def _others(rows: ir.Table, goods: ir.Table, work: Workspace, name: str, key: str) -> ir.Table:
    """Adds `n_confirmed` and `n_seen` of the same `key` at other merchants; 0 for a key of its own, null for none."""
    shared = goods.group_by(key).agg(n_merchants=goods.merchant_id.min(), last=goods.merchant_id.max())
    shared = shared.filter(shared[key].notnull() & (shared.n_merchants != shared["last"])).select(key)
    members = goods.semi_join(shared, key)
    whole = work.step(f"{name}_all", standing(members, (key,), Count("all")))
    own = work.step(f"{name}_own", standing(members, (key, "merchant_id"), Count("own")))
    rows = _counted(_counted(rows, whole, (key,)), own, (key, "merchant_id"))
    known = rows[key].notnull()
    n_confirmed = (rows.all_confirmed - rows.own_confirmed).fill_null(0)
    n_seen = (rows.all_seen - rows.own_seen).fill_null(0)
    return rows.mutate(
        n_confirmed=known.ifelse(n_confirmed, ibis.null("int64")), n_seen=known.ifelse(n_seen, ibis.null("int64"))
    ).drop("all_confirmed", "all_seen", "own_confirmed", "own_seen")


def _with_group(rows: ir.Table, goods: ir.Table, work: Workspace) -> ir.Table:
    rows = _others(rows, goods, work, "history_group", "star")
    return rows.mutate(
        history_group=_standardised(
            (rows.n_confirmed + rows.rate * GROUP_PRIOR) / (rows.n_seen + GROUP_PRIOR), rows.rate
        ),
        history_group__n_confirmed=rows.n_confirmed.cast("int32"),
        history_group__n_others=rows.n_seen.cast("int32"),
    ).drop("n_confirmed", "n_seen")


def _with_trade(rows: ir.Table, goods: ir.Table, work: Workspace, name: str, key: str) -> ir.Table:
    rows = _others(rows, goods, work, name, key)
    share = (rows.n_confirmed + rows.rate * TRADE_PRIOR) / (rows.n_seen + TRADE_PRIOR)
    facts = {
        name: _log_odds(share) - _log_odds(rows.rate),
        f"{name}__n_confirmed": rows.n_confirmed.cast("int32"),
        f"{name}__n_others": rows.n_seen.cast("int32"),
        f"{name}__{key}": rows[_WRITTEN.get(key, key)],
        f"{name}__rate": rows.rate,
    }
    return rows.mutate(**facts).drop("n_confirmed", "n_seen")


def _standardised(share: ir.FloatingValue, rate: ir.FloatingValue) -> ir.FloatingValue:
    """The share that it would be if the market's rate were `BASE_RATE`: the same log-odds away from it.

    The record of a market grows, and with it the market's rate; goods rated at different dates would otherwise differ
    although nothing is known of either.
    """
    odds = (_log_odds(share) - _log_odds(rate) + log(BASE_RATE / (1 - BASE_RATE))).exp()
    return odds / (odds + 1.0)


def _log_odds(share: ir.FloatingValue) -> ir.FloatingValue:
    # Neither 0 nor 1 can occur: prior counts stand in numerator and denominator.
    return (share / (1.0 - share)).ln()


def _merchant_sentence(row: Row) -> str:
    n, confirmed = row["history_merchant__n_others"], row["history_merchant__n_confirmed"]
    return f"{_record(n, confirmed, 'other listing', 'other listings', 'of the merchant')}."


def _count_sentence(row: Row) -> str:
    n, confirmed = row["history_merchant_count__n_others"], int(row["history_merchant_count"])
    return f"{_record(n, confirmed, 'other listing', 'other listings', 'of the merchant')}."


def _group_sentence(row: Row) -> str:
    n, confirmed = row["history_group__n_others"], row["history_group__n_confirmed"]
    return f"{_record(n, confirmed, 'listing', 'listings', 'of other merchants with a near-identical text')}."


def _brand_sentence(row: Row) -> str:
    return _trade(row, "history_brand", "brand", "stated to be of brand")


def _category_sentence(row: Row) -> str:
    return _trade(row, "history_category", "category", "in")


def _trade(row: Row, name: str, key: str, what: str) -> str:
    n, confirmed = row[f"{name}__n_others"], row[f"{name}__n_confirmed"]
    which = f"{what} {row[f'{name}__{key}']} at other merchants"
    said = _record(n, confirmed, "listing", "listings", which)
    return f"{said}; the market's share is {percent(row[f'{name}__rate'])}."


def _record(n: int, confirmed: int, one: str, many: str, which: str) -> str:
    """How many of `n` listings had been confirmed, whether there are none, one or more of them."""
    if not n:
        return f"There were no {many} {which} that could have been confirmed counterfeit"
    if n == 1:
        return f"The one {one} {which} had {'' if confirmed else 'not '}been confirmed counterfeit"
    return f"Of {n:,} {many} {which}, {f'{confirmed:,}' if confirmed else 'none'} had been confirmed counterfeit"


_SOURCE = "docs/explanation/history.md; shrinkage: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4"

SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="history-merchant",
        subject="listing",
        unit="share, 0 to 1, standardised to a market at 0.05",
        direction=Direction.MORE,
        needs=("verdicts.verdict",),
        fires_above=_FIRES_RATE,
        sentence=_merchant_sentence,
        rationale="Half of all counterfeits come from few sellers, and these offer more than one.",
        source=_SOURCE,
        example="Of 40 other listings of the merchant, 12 had been confirmed counterfeit.",
    ),
    Signal(
        id="history-merchant-count",
        subject="listing",
        unit="confirmed goods",
        direction=Direction.MORE,
        needs=("verdicts.verdict",),
        sentence=_count_sentence,
        rationale="A share hides the large seller with many catches among many more goods. For the model: "
        "history-merchant shows the same two numbers to people.",
        source=_SOURCE,
        example="Of 40 other listings of the merchant, 12 had been confirmed counterfeit.",
    ),
    Signal(
        id="history-group",
        subject="listing",
        unit="share, 0 to 1, standardised to a market at 0.05",
        direction=Direction.MORE,
        needs=("verdicts.verdict", "listings.title"),
        fires_above=_FIRES_RATE,
        sentence=_group_sentence,
        rationale="Goods sold with one text usually come from one source.",
        source=_SOURCE,
        example="Of 6 listings of other merchants with a near-identical text, 4 had been confirmed counterfeit.",
    ),
    Signal(
        id="history-brand",
        subject="listing",
        unit="log-odds to the market",
        direction=Direction.TWO_SIDED,
        needs=("verdicts.verdict", "listings.brand"),
        fires_above=_FIRES_ODDS,
        sentence=_brand_sentence,
        rationale="Counterfeiters choose brands; brands also differ in how closely they are watched.",
        source=_SOURCE,
        example="Of 900 listings stated to be of brand Norvane at other merchants, 210 had been confirmed counterfeit; "
        "the market's share is 5.2 %.",
    ),
    Signal(
        id="history-category",
        subject="listing",
        unit="log-odds to the market",
        direction=Direction.TWO_SIDED,
        needs=("verdicts.verdict", "listings.category"),
        fires_above=_FIRES_ODDS,
        sentence=_category_sentence,
        rationale="Counterfeiting concentrates in categories where the name makes the price.",
        source=_SOURCE,
        example="Of 4,000 listings in Footwear > Sneakers at other merchants, 800 had been confirmed counterfeit; the "
        "market's share is 5.2 %.",
    ),
)
