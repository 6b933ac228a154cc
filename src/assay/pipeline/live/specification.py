"""Specification of one offer: trade item number, category and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.pipeline.live.goods import Goods, cell_keys
from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows, aligned, coded, counted_merchants
from assay.pipeline.live.shelves import Ints, Shelf, hashed_all
from assay.signals import attributes
from assay.signals.attributes import JOINER, LEAST_SPECIFICATIONS, USUAL_SHARE, check_attributes
from assay.signals.brand_ranges import LEAST_ELSEWHERE, compare_ranges
from assay.signals.goods import cells, goods, with_product_facts
from assay.signals.specification import LEAST_USUAL
from assay.signals.trade_numbers import NumberCheck, number_check

_CHECKED = pa.schema(
    [
        ("cell", pa.int64()),
        ("attributes", pa.string()),
        ("catalogue", pa.string()),
        ("category_cell", pa.int64()),
        ("n", pa.int64()),
        ("category", pa.string()),
    ]
)


def shelve_specifications(rows: Rows) -> None:
    """Writes how often each cell states which attribute, what every brand is offered as, and whose numbers are."""
    if rows.market.has("listings.attributes"):
        _shelve_names(rows)
    _shelve_ranges(rows)
    check = number_check(rows.market, rows.work)
    about = {
        "owners": {prefix: sorted(owners) for prefix, owners in check.owners.items()},
        "holders": check.holders,
        "names": check.names,
    }
    (rows.writer.folder / "numbers.json").write_bytes(orjson.dumps(about))


def _shelve_names(rows: Rows) -> None:
    work = rows.work
    table = with_product_facts(goods(rows.market, work), rows.market, work, "attributes")
    table = table.rename(catalogue="catalogue_attributes")
    attributes.checked_attributes(work, table, cells(rows.market, work))
    found = work.engine.read(work.folder / "spec_attributes")
    stated = found.filter(found.names != "")
    for group in ("cell", "category_cell"):
        counts = work.engine.collect(attributes.name_counts(stated, group)).to_pylist()
        by_group: dict[int, dict[str, Any]] = {}
        for row in counts:
            kept = by_group.setdefault(row[group], {"total": row["total"], "names": {}})
            kept["names"][row["name"]] = row["n_with"]
        numbers = sorted(by_group)
        rows.writer.keys(f"spec_{group}", np.array(numbers, dtype=np.int64))
        rows.writer.texts(
            f"spec_{group}_names", [orjson.dumps(by_group[n], option=orjson.OPT_SORT_KEYS) for n in numbers]
        )
    (specification,) = rows.aligned(rows.market.table("listings").select("listing_id", "attributes"), "attributes")
    read = work.engine.collect(stated.select("attributes", "names").distinct()).combine_chunks()
    codes, known = coded(aligned(specification, read, "attributes", ["names"])[0])
    rows.writer.array("spec_names_of", codes)
    rows.writer.texts("spec_names", known)


def _shelve_ranges(rows: Rows) -> None:
    folder, writer = rows.writer.folder, rows.writer
    parts = cell_keys(folder)
    named = np.array([bool(part[0] and part[1]) for part in parts])
    brands = hashed_all(part[0] for part in parts)
    pairs = hashed_all("\x1f".join(part[:2]) for part in parts)
    cell = np.load(folder / "cell.npy")
    for name, keys in (("brand", brands), ("pair", pairs)):
        writer.array(f"range_{name}", np.where(named, keys, 0))
        used = named[cell]
        found, n_merchants = counted_merchants(keys[cell][used], rows.merchant[used])
        writer.keys(f"range_{name}_merchants", found, n_merchants)
        found, n_listings = np.unique(keys[cell][used], return_counts=True)
        writer.keys(f"range_{name}_listings", found, n_listings)


class Specifications:
    """Measures the specification signals of an offer."""

    def __init__(self, shelf: Shelf) -> None:
        about = orjson.loads((shelf.folder / "numbers.json").read_bytes())
        owners = {prefix: frozenset(found) for prefix, found in about["owners"].items()}
        self.numbers = NumberCheck(owners, about["holders"], about["names"])
        self.cell: npt.NDArray[Any] = shelf.array("cell")
        self.category_cell = shelf.array("cell_category_cell")
        self.has_names = "spec_names_of" in shelf
        if self.has_names:
            self.names_of, self.names = shelf.array("spec_names_of"), shelf.texts("spec_names")
            self.norms = {
                g: (shelf.keys(f"spec_{g}"), shelf.texts(f"spec_{g}_names")) for g in ("cell", "category_cell")
            }
        self.ranges = {
            name: (
                shelf.ints(f"range_{name}"),
                shelf.keys(f"range_{name}_merchants"),
                shelf.keys(f"range_{name}_listings"),
            )
            for name in ("brand", "pair")
        }

    def measured(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        """Values and facts of every specification signal."""
        return self._attributes(offer, goods) | self._category(offer, goods) | self._number(offer, goods)

    def _attributes(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        if not self.has_names:
            return {}
        stated = offer.values["attributes"]
        names: list[str] = []
        found: dict[str, Any] = {}
        if stated is not None:
            catalogue = (goods.product or {}).get("attributes") or ""
            row = {"cell": 0, "attributes": stated, "catalogue": catalogue, "category_cell": 0, "n": 1}
            row["category"] = offer.text("category")
            checked = check_attributes(pa.RecordBatch.from_pylist([row], schema=_CHECKED)).to_pylist()[0]
            names = checked["names"].split(JOINER) if checked["names"] else []
            found = {
                "spec_contradiction": checked["n_contradictions"],
                "spec_contradiction__text": checked["contradiction"],
                "spec_impossible": checked["n_impossible"],
                "spec_impossible__text": checked["impossible"],
            }
        usual = self._usual(offer, goods, names)
        if len(usual) < LEAST_USUAL:
            return found
        n_filled = len(usual & set(names))
        return found | {
            "spec_completeness": n_filled / len(usual),
            "spec_completeness__n_filled": n_filled,
            "spec_completeness__n_usual": len(usual),
        }

    def _usual(self, offer: Offer, goods: Goods, names: list[str]) -> set[str]:
        """The names usual in the offer's cell, else in its category, with the offer's own specification among them."""
        old_cell = int(self.cell[offer.row]) if offer.is_known else -1
        code = int(self.names_of[offer.row]) if offer.is_known else -1
        old = [name for name in self.names[code].split(JOINER) if name] if code >= 0 else []
        usual = self._usual_in("cell", goods.cell, names, old if old_cell == goods.cell else [])
        if usual:
            return usual
        is_same = old_cell >= 0 and int(self.category_cell[old_cell]) == goods.category_cell
        return self._usual_in("category_cell", goods.category_cell, names, old if is_same else [])

    def _usual_in(self, group: str, number: int, names: list[str], old: list[str]) -> set[str]:
        keys, texts = self.norms[group]
        place = keys.row(number)
        known: dict[str, Any] = orjson.loads(texts.raw(place)) if place >= 0 else {"total": 0, "names": {}}
        counts: dict[str, int] = known["names"]
        total = known["total"] + bool(names) - bool(old)
        for name in names:
            counts[name] = counts.get(name, 0) + 1
        for name in old:
            counts[name] = counts.get(name, 0) - 1
        if total < LEAST_SPECIFICATIONS:
            return set()
        return {name for name, n in counts.items() if n and n >= total * USUAL_SHARE}

    def _category(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        category = offer.text("category")
        if not goods.brand_key or not category:
            return {}
        known, unseen = None, None
        n_elsewhere, by_market = self._by_market(offer, goods, category)
        if goods.brand_id is not None and goods.categories is not None:
            row = {"brand_id": goods.brand_id, "category": category, "categories": goods.categories}
            for said in compare_ranges(pa.RecordBatch.from_pylist([row])).to_pylist():
                known, unseen = said["known"], float(said["is_unlisted"])
        unseen = by_market if unseen is None else unseen
        if unseen != 1.0:
            return {"spec_category_unseen": unseen, "spec_category_unseen__n_elsewhere": n_elsewhere}
        return {
            "spec_category_unseen": unseen,
            "spec_category_unseen__brand": goods.brand_name,
            "spec_category_unseen__category": category,
            "spec_category_unseen__known": known,
            "spec_category_unseen__n_elsewhere": n_elsewhere,
        }

    def _by_market(self, offer: Offer, goods: Goods, category: str) -> tuple[int, float | None]:
        """Listings of the brand in other categories, and whether nobody else offers it here; null for too few."""
        brand_key, pair_key = hashed_all([goods.brand_key, f"{goods.brand_key}\x1f{category}"]).tolist()
        n_rivals, n_brand = self._others("brand", brand_key, offer)
        n_here, n_pair = self._others("pair", pair_key, offer)
        n_elsewhere = n_brand - n_pair
        if not n_rivals or n_elsewhere < LEAST_ELSEWHERE:
            return n_elsewhere, None
        return n_elsewhere, float(n_here == 0)

    def _others(self, name: str, key: int, offer: Offer) -> tuple[int, int]:
        """Other merchants with goods under the key, and listings under it but the offer's own row."""
        by_cell, merchants, listings = self.ranges[name]
        own: Ints = by_cell[self.cell[offer.first : offer.stop]] == key
        is_old = offer.is_known and by_cell[self.cell[offer.row]] == key
        return max(merchants.row(key), 0) - bool(own.any()), max(listings.row(key), 0) - bool(is_old)

    def _number(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        gtin = offer.values["gtin"]
        if gtin is None:
            return {}
        batch = pa.RecordBatch.from_pydict({"gtin": [gtin], "brand_id": [goods.brand_id or ""]})
        fault, prefix_owner = None, None
        for row in self.numbers(batch).to_pylist():
            fault, prefix_owner = row["fault"], row["prefix_owner"]
        owner = self._catalogue_owner(goods) or prefix_owner
        checked = goods.brand_id is not None and fault is None
        return {
            "spec_gtin_invalid": float(fault is not None),
            "spec_gtin_invalid__gtin": gtin if fault is not None else None,
            "spec_gtin_invalid__fault": fault,
            "spec_gtin_brand": float(owner is not None) if checked else None,
            "spec_gtin_brand__gtin": gtin if owner is not None else None,
            "spec_gtin_brand__claimed": goods.brand_name if owner is not None else None,
            "spec_gtin_brand__owner": owner,
        }

    def _catalogue_owner(self, goods: Goods) -> str | None:
        """The brand whose product has the number, if it is of another house than the brand claimed."""
        owner = goods.gtin_brand_id
        if owner is None or goods.brand_id is None or owner not in self.numbers.names:
            return None
        claimed = goods.rights_holder or goods.brand_id
        return self.numbers.names[owner] if self.numbers.holder(owner) != claimed else None
