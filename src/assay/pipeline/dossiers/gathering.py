"""Brings together on the engine what is known about the selected subjects: one wide table each, and what hangs on it.

Every table is written in the order of (merchant, listing), so that it is read once, forward, in bounded memory.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.pipeline.dossiers.selecting import Selected
from assay.pipeline.runs import Run

# With fewer offers a picture of the spread says nothing.
LEAST_PEERS = 5
# Eight and, for goods, the subject itself.
_GOODS_KEPT = 9
_LISTINGS_NAMED = 6
LISTING, MERCHANT = "l__", "m__"
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
BRANDED, ANY_BRAND = "b__", "c__"


# What the names of side tables begin with: rows of a listing, rows of its merchant.
OF_LISTING, OF_SELLER, OF_MERCHANT = "of_listing_", "of_seller_", "of_merchant_"


def gather_listings(work: Workspace, market: Market, run: Run, selected: Selected) -> None:
    """Writes `listings`, its side tables by listing and by seller, `pictures`, `picture_uses`, `goods_of_sellers`.

    One join per table: an expression over all of them takes seconds to be written as SQL alone.
    """
    ids, listings = selected.listings, market.table("listings")
    rows = _beside(ids, _prefixed(listings, LISTING, "listing_id"), "listing_id")
    rows = _with_prices(work, rows, listings, ids)
    work.step("listings", rows.order_by(["merchant_id", "listing_id"]), ordered=True)
    owners = ids.select("listing_id", "merchant_id")
    for name, table in _measured(work, run, "listing"):
        rows = owners.inner_join(table.drop("merchant_id") if "merchant_id" in table.columns else table, "listing_id")
        work.step(f"{OF_LISTING}{name}", rows.order_by(["merchant_id", "listing_id"]), ordered=True)
    sellers = work.step("sellers", ids.select("merchant_id").distinct())
    _gather_sellers(work, market, run, sellers, OF_SELLER)
    work.step("goods_of_sellers", worst_goods(market, selected, sellers), ordered=True)
    if "images" in market.snapshot.tables:
        _gather_pictures(work, market.table("images"), ids)


def gather_merchants(work: Workspace, market: Market, run: Run, selected: Selected) -> None:
    """Writes `merchants`, their side tables and `goods_of_merchants`."""
    ids = selected.merchants
    work.step("merchants", ids.order_by("merchant_id"), ordered=True)
    for name, table in _measured(work, run, "merchant")[:2]:
        rows = ids.inner_join(table, "merchant_id")
        work.step(f"{OF_MERCHANT}{name}", rows.order_by("merchant_id"), ordered=True)
    _gather_sellers(work, market, run, ids, OF_MERCHANT)
    work.step("goods_of_merchants", worst_goods(market, selected, ids), ordered=True)


def _gather_sellers(work: Workspace, market: Market, run: Run, ids: ir.Table, prefix: str) -> None:
    """What is known of some merchants: their rows in the market and the facts behind their signals."""
    shops = _prefixed(market.table("merchants"), MERCHANT, "merchant_id")
    for name, table in [("original", shops), *_measured(work, run, "merchant")[2:]]:
        rows = ids.inner_join(table, "merchant_id")
        work.step(f"{prefix}{name}", rows.order_by("merchant_id"), ordered=True)


def _measured(work: Workspace, run: Run, subject: str) -> list[tuple[str, ir.Table]]:
    """Scores, signals and the facts of each family, in this order; of families only what is no signal value."""
    key = f"{subject}_id"
    found = [(name, work.engine.read(run.folder / f"{name}_{subject}s")) for name in ("scores", "signals")]
    for folder in sorted((run.folder / "facts" / subject).glob("*")):
        facts = work.engine.read(folder)
        if names := [name for name in facts.columns if "__" in name]:
            found.append((f"facts_{folder.name}", facts.select(key, *names)))
    return found


def _beside(left: ir.Table, right: ir.Table, key: str) -> ir.Table:
    return left.left_join(right, key).drop(f"{key}_right")


def _prefixed(table: ir.Table, prefix: str, key: str) -> ir.Table:
    """The columns of an original table under names that no signal has, beside its key."""
    return table.select(table[key], **{f"{prefix}{name}": table[name] for name in table.columns})


def _with_prices(work: Workspace, rows: ir.Table, listings: ir.Table, ids: ir.Table) -> ir.Table:
    """Adds quantiles of the prices of the same brand and category, and of the category, in the same currency."""
    offers = listings.filter(listings.price.notnull() & listings.category.notnull() & listings.currency.notnull())
    asked = offers.semi_join(ids, "listing_id").select("category", "currency").distinct()
    near = work.step(
        "price_peers",
        offers.semi_join(asked, ["category", "currency"]).select("brand", "category", "currency", "price"),
    )
    for prefix, keys in ((BRANDED, ("brand", "category", "currency")), (ANY_BRAND, ("category", "currency"))):
        peers = near.filter(near.brand.notnull()) if prefix == BRANDED else near
        spread = peers.group_by(list(keys)).aggregate(
            **{f"{prefix}n": peers.count()},
            **{f"{prefix}{name}": ops.quantile(peers.price, q) for name, q in QUANTILES.items()},
        )
        spread = spread.filter(spread[f"{prefix}n"] >= LEAST_PEERS)
        spread = spread.rename({f"{prefix}{key}": key for key in keys})
        spread = work.step(f"prices_{prefix.strip('_')}", spread)
        same = [rows[f"{LISTING}{key}"] == spread[f"{prefix}{key}"] for key in keys]
        rows = rows.left_join(spread, same).drop(*(f"{prefix}{key}" for key in keys))
    return rows


def worst_goods(market: Market, selected: Selected, merchants: ir.Table) -> ir.Table:
    """The live listings of the highest scores of some merchants: merchant_id, listing_id, title, score, in order."""
    goods = selected.candidates
    live = goods.filter(goods.excluded.isnull()).semi_join(merchants, "merchant_id")
    live = live.select("listing_id", "merchant_id", "score")
    order = ibis.window(group_by="merchant_id", order_by=[ibis.desc("score"), ibis.asc("listing_id")])
    ranked = live.mutate(place=ibis.row_number().over(order))
    kept = _beside(
        ranked.filter(ranked.place < _GOODS_KEPT), market.table("listings").select("listing_id", "title"), "listing_id"
    )
    return kept.order_by(["merchant_id", "place"])


def _gather_pictures(work: Workspace, images: ir.Table, ids: ir.Table) -> None:
    """Writes the pictures of the subjects, and which other listings show the same file or the same fingerprint.

    A file that a hundred thousand listings show costs no more than one that two show: of each, the listings are
    counted and the first few named, each with where its file is (the first by name, should it show it twice).
    """
    own = images.inner_join(ids.select("listing_id", "merchant_id"), "listing_id")
    names = ["merchant_id", "listing_id", "image_id", "uri", "sha256", "pdq", "ocr_text", "position"]
    order = ["merchant_id", "listing_id", "position", "image_id"]
    pictures = work.step("pictures", own.select(names).order_by(order), ordered=True)
    mine = _values(pictures, "merchant_id", "listing_id", "image_id")
    wanted = mine.select("value").distinct()
    shown = _values(images, "listing_id", "uri").semi_join(wanted, "value")
    shown = shown.group_by(["value", "listing_id"]).aggregate(uri=shown.uri.min())
    counted = shown.group_by("value").aggregate(n_listings=shown.count())
    place = ibis.row_number().over(ibis.window(group_by="value", order_by="listing_id"))
    first = shown.mutate(place=place).filter(ibis._.place < _LISTINGS_NAMED)
    named = first.select("value", other=first.listing_id, other_uri=first.uri)
    shared = _beside(named, counted.filter(counted.n_listings > 1), "value")
    shared = work.step("shared_pictures", shared.filter(shared.n_listings.notnull()))
    uses = mine.inner_join(shared, "value").distinct()
    uses = uses.filter(uses.other != uses.listing_id)
    order = ["merchant_id", "listing_id", "image_id", "other", "value"]
    work.step("picture_uses", uses.order_by(order), ordered=True)


def _values(images: ir.Table, *keys: str) -> ir.Table:
    """What tells a picture: its file's hash and its fingerprint, one row each."""
    parts = [
        images.filter(images[name].notnull()).select(*keys, value=ibis.literal(f"{name} ") + images[name])
        for name in ("sha256", "pdq")
    ]
    return parts[0].union(parts[1])
