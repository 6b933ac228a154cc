"""What is usual among other merchants: the middle of a cell, exactly without the merchant that is compared with it."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from assay.engine import Workspace

# Merchants that a cell needs before it is a reference: with the own one left out, at least four others stand behind it,
# so that no two of them together decide the middle.
LEAST_MERCHANTS = 5
# Half the distance between the quartiles of a normal distribution is 0.6745 standard deviations.
QUARTILES_PER_SD = 1.349

# Where a reference comes from: 1 brand x category x model, 2 brand x category, 3 category.
LEVEL_MODEL, LEVEL_BRAND, LEVEL_CATEGORY = 1, 2, 3
_FACTS = ("key", "level", "n_merchants", "n_sold", "low", "middle", "high", "quartile_1", "quartile_3")


@dataclass(frozen=True, slots=True)
class References:
    """The usual value in every cell with enough merchants, and each merchant's own share in it.

    `fine`: the cells of brand x category x model, by cell and model. `coarse`: by cell, the facts of brand x category
    or else of its category. `merchants`: the own value of every merchant in every one of these. `key` is the number of
    the cell, or minus that of the category.
    """

    fine: ir.Table
    coarse: ir.Table
    merchants: ir.Table


def references(work: Workspace, name: str, observed: ir.Table, cells: ir.Table) -> References:
    """References from one row per listing: merchant_id, cell, category_cell (null: never by category), model, value.

    Every merchant counts once in a cell, with the mean of its listings' values (pass logarithms for a geometric mean),
    so that a merchant with a thousand listings cannot set what is usual. `cells` are all cells of the market.
    """
    keys = ["merchant_id", "cell", "category_cell", "model"]
    finest = work.step(f"{name}_groups", observed.group_by(keys).agg(total=observed.value.sum(), n=observed.count()))
    levels = (
        _level(finest.filter(finest.model != ""), LEVEL_MODEL),
        _level(finest, LEVEL_BRAND),
        _level(finest.filter(finest.category_cell.notnull()), LEVEL_CATEGORY),
    )
    merchants = work.step(f"{name}_merchants", ibis.union(*levels))
    facts = work.step(f"{name}_cells", _middles(merchants))
    own = merchants.semi_join(facts, ["key", "model"])
    return References(facts.filter(facts.level == LEVEL_MODEL), _coarse(facts, cells), own)


def _level(finest: ir.Table, level: int) -> ir.Table:
    cell = -finest.category_cell if level == LEVEL_CATEGORY else finest.cell
    model = finest.model if level == LEVEL_MODEL else ibis.literal("")
    keys = {"merchant_id": finest.merchant_id, "key": cell, "model": model, "level": ibis.literal(level).cast("int8")}
    groups = finest.group_by(**keys).agg(total=finest.total.sum(), n_listings=finest.n.sum())
    return groups.mutate(value=groups.total / groups.n_listings).drop("total")


def _middles(merchants: ir.Table) -> ir.Table:
    groups = merchants.group_by("key", "model", "level").agg(
        values=merchants.value.collect(), n_merchants=merchants.count(), n_sold=merchants.n_listings.sum()
    )
    groups = groups.filter(groups.n_merchants >= LEAST_MERCHANTS)
    ordered = groups.mutate(values=groups["values"].sort())
    values, n = ordered["values"], ordered.n_merchants
    # Spark takes 32-bit places only.
    half, quarter = ((n - n % 2) // 2).cast("int32"), ((n - 1) // 4).cast("int32")
    last, is_odd = (n - 1).cast("int32"), (n % 2).cast("int32")
    return ordered.select(
        *("key", "model", "level", "n_merchants", "n_sold"),
        low=values[half - 1],
        middle=values[half],
        high=values[half + is_odd],
        quartile_1=values[quarter],
        quartile_3=values[last - quarter],
    )


def _coarse(facts: ir.Table, cells: ir.Table) -> ir.Table:
    """For every cell of the market the facts of its brand x category, else of its category, if large enough."""
    pairs = cells.select("cell", "category_cell").distinct()
    brand = facts.filter(facts.level == LEVEL_BRAND)
    category = facts.filter(facts.level == LEVEL_CATEGORY)
    own = pairs.join(brand, pairs.cell == brand.key).select("cell", *_FACTS)
    rest = pairs.anti_join(brand, pairs.cell == brand.key)
    return ibis.union(own, rest.join(category, -rest.category_cell == category.key).select("cell", *_FACTS))


def with_reference(table: ir.Table, found: References) -> ir.Table:
    """Adds the usual value among the other merchants, from the finest cell that has enough of them.

    `table` has merchant_id, cell and model ("" when not stated). New columns: reference, spread (standard deviation
    read off the quartiles), n_others (merchants behind it), n_sold (their listings), level; null where no cell is
    large enough.
    """
    joined = _with_own(_with_cell(table, found), found.merchants)
    joined = joined.mutate(
        reference=_middle_of_others(joined),
        spread=(joined.quartile_3 - joined.quartile_1) / QUARTILES_PER_SD,
        n_others=joined.n_merchants - joined.own_value.notnull().ifelse(1, 0),
        n_sold=joined.n_sold - joined.own_listings.fill_null(0),
    )
    passing = [name for name in _FACTS if name not in ("level", "n_sold")]
    return joined.drop(*passing, "own_value", "own_listings")


def _with_cell(table: ir.Table, found: References) -> ir.Table:
    """Adds the facts of the cell that stands for each listing: its model's, else its brand's or category's."""
    fine = found.fine.rename({f"fine_{name}": name for name in ("model", *_FACTS)})
    coarse = found.coarse.rename({f"coarse_{name}": name for name in ("cell", *_FACTS)})
    joined = table.left_join(fine, [table.cell == fine.fine_key, table.model == fine.fine_model])
    joined = joined.left_join(coarse, joined.cell == coarse.coarse_cell)
    chosen = {name: ibis.coalesce(joined[f"fine_{name}"], joined[f"coarse_{name}"]) for name in _FACTS}
    joined = joined.mutate(**chosen)
    kept = [name for name in joined.columns if not name.startswith(("fine_", "coarse_"))]
    return joined.select(kept)


def _with_own(table: ir.Table, merchants: ir.Table) -> ir.Table:
    """Adds own_value and own_listings: what the listing's own merchant puts into the cell, null when nothing."""
    own = merchants.select(
        own_merchant="merchant_id", own_key="key", own_model="model", own_value="value", own_listings="n_listings"
    )
    model = (table.level == LEVEL_MODEL).ifelse(table.model, "")
    keys = [table.merchant_id == own.own_merchant, table.key == own.own_key, model == own.own_model]
    return table.left_join(own, keys).drop("own_merchant", "own_key", "own_model")


def _middle_of_others(row: ir.Table) -> ir.FloatingValue:
    """The median of a cell's merchants without the own one, from the two or three values in the middle.

    With an even number the median of the rest is one of the two middle values; with an odd number it is the mean of
    two of the three. Ties change nothing: equal values give equal means.
    """
    own = row.own_value
    even = ibis.cases((own.isnull(), (row.low + row.middle) / 2), (own <= row.low, row.middle), else_=row.low)
    odd = ibis.cases(
        (own.isnull(), row.middle),
        (own <= row.low, (row.middle + row.high) / 2),
        (own <= row.middle, (row.low + row.high) / 2),
        else_=(row.low + row.middle) / 2,
    )
    return (row.n_merchants % 2 == 0).ifelse(even, odd)
