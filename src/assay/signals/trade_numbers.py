"""Trade item numbers of listings: whether they can exist, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from assay.engine import Market, Workspace
from assay.market.values.gtin import is_restricted, is_valid_many
from assay.signals.brand_lists import brand_lists, entries

SCHEMA = pa.schema(
    [("checked_gtin", pa.string()), ("claimed_id", pa.string()), ("fault", pa.string()), ("prefix_owner", pa.string())]
)
# GS1 company prefixes have 6 to 12 digits and stand after the packaging digit of the 14.
_PREFIX_LENGTHS = range(12, 5, -1)


@dataclass(frozen=True)
class NumberCheck:
    """Finds what is wrong with (gtin, brand_id) pairs; pairs with nothing wrong are not returned.

    `owners`: company prefix -> brand_id of every brand that lists it; `holders`: brand_id -> rights holder, so that
    sister brands of one house may share a prefix; `names`: brand_id -> name.
    """

    owners: dict[str, frozenset[str]]
    holders: dict[str, str]
    names: dict[str, str]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`fault` for a number that cannot be one; `prefix_owner` (name) when its prefix is another brand's."""
        valid = is_valid_many(batch.column("gtin"))
        rows = []
        pairs = zip(batch.column("gtin").to_pylist(), batch.column("brand_id").to_pylist(), valid.tolist(), strict=True)
        for gtin, brand_id, is_valid in pairs:
            fault = "check digit" if not is_valid else "in-store number" if is_restricted(gtin) else None
            owner = None if fault else self._other_owner(gtin, brand_id)
            if fault or owner:
                rows.append((gtin, brand_id, fault, owner))
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in SCHEMA]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def _other_owner(self, gtin: str, brand_id: str) -> str | None:
        if not self.owners or not brand_id:
            return None
        number = gtin.zfill(14)[1:]
        owners = next((found for n in _PREFIX_LENGTHS if (found := self.owners.get(number[:n]))), frozenset())
        if not owners or any(self.holder(owner) == self.holder(brand_id) for owner in owners):
            return None
        return self.names[min(owners)]

    def holder(self, brand_id: str) -> str:
        """Who the brand belongs to; itself when that is not known."""
        return self.holders.get(brand_id, brand_id)


def with_gtin_checks(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds spec_gtin_invalid and spec_gtin_brand with their facts to listings with gtin, brand_id and "
    "gtin_brand_id."""
    stated = table.filter(table.gtin.notnull())
    pairs = stated.select("gtin", brand_id=stated.brand_id.fill_null("")).distinct()
    faults = work.map_step("spec_gtins", pairs, number_check(market, work), SCHEMA)
    same = [table.gtin == faults.checked_gtin, table.brand_id.fill_null("") == faults.claimed_id]
    table = table.left_join(faults, same).drop("checked_gtin", "claimed_id")
    table = _with_catalogue_owner(table, market)
    is_bad, owner = table.fault.notnull(), ibis.coalesce(table.catalogue_owner, table.prefix_owner)
    checked = table.brand_id.notnull() & ~is_bad
    null = ibis.null("float64")
    return table.mutate(
        spec_gtin_invalid=table.gtin.isnull().ifelse(null, is_bad.ifelse(1.0, 0.0)),
        spec_gtin_invalid__gtin=is_bad.ifelse(table.gtin, ibis.null("string")),
        spec_gtin_invalid__fault=table.fault,
        spec_gtin_brand=table.gtin.isnull().ifelse(null, checked.ifelse(owner.notnull().ifelse(1.0, 0.0), null)),
        spec_gtin_brand__gtin=owner.notnull().ifelse(table.gtin, ibis.null("string")),
        spec_gtin_brand__claimed=owner.notnull().ifelse(table.brand_name, ibis.null("string")),
        spec_gtin_brand__owner=owner,
    )


def _with_catalogue_owner(table: ir.Table, market: Market) -> ir.Table:
    """Adds catalogue_owner: name of the brand whose product has the GTIN, if that is another house than the one "
    "claimed."""
    if not market.has("brands"):
        return table.mutate(catalogue_owner=ibis.null("string"))
    brands = market.table("brands")
    facts = brands.select(
        owner_id=brands.brand_id, owner_name=brands.name, owner_holder=brands.rights_holder.fill_null(brands.brand_id)
    )
    table = table.left_join(facts, table.gtin_brand_id == facts.owner_id).drop("owner_id")
    other = table.owner_holder != ibis.coalesce(table.rights_holder, table.brand_id)
    named = other.ifelse(table.owner_name, ibis.null("string"))
    return table.mutate(catalogue_owner=named).drop("owner_name", "owner_holder")


def number_check(market: Market, work: Workspace) -> NumberCheck:
    """The check with the market's brands: their prefixes, holders and names; nothing is anybody's without them."""
    if not market.has("brands"):
        return NumberCheck({}, {}, {})
    brands = market.engine.collect(market.table("brands").select("brand_id", "name", "rights_holder")).to_pylist()
    prefixes = market.engine.collect(entries(brand_lists(market, work), "gtin_prefix")).to_pylist()
    owners: dict[str, set[str]] = {}
    for row in prefixes:
        owners.setdefault(row["value"], set()).add(row["brand_id"])
    return NumberCheck(
        {prefix: frozenset(found) for prefix, found in owners.items()},
        {row["brand_id"]: row["rights_holder"] for row in brands if row["rights_holder"]},
        {row["brand_id"]: row["name"] for row in brands},
    )
