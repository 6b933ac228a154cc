"""What an offer is: its brand and category as a cell to compare within, and its product in the catalogue."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from assay.measurement.frame import brand_classes
from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows, coded, whole
from assay.pipeline.live.shelves import Shelf, Texts, hashed, hashed_all
from assay.signals.brand_lists import brand_lists, entries, folded, known_names
from assay.signals.goods import cells, goods, numbered_products

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_BLANKS = " \t\r\n"
_PRODUCT = ("brand_id", "model", "model_key", "list_price", "currency", "attributes", "weight_g", "origin")


@dataclass(frozen=True, slots=True)
class Goods:
    """What was found out about an offer; `cell`, `category_cell` are -1 where the market has none like it."""

    cell: int
    category_cell: int
    brand_key: str
    brand_code: int
    brand_id: str | None
    brand_name: str
    is_luxury: bool
    rights_holder: str | None
    categories: str | None
    model: str
    model_code: int
    product: dict[str, Any] | None
    gtin_brand_id: str | None
    unauthorised: float | None


@dataclass(frozen=True, slots=True)
class _Brand:
    name: str
    is_luxury: bool
    rights_holder: str | None
    categories: str | None
    authorised: frozenset[str]


def shelve_goods(rows: Rows) -> None:
    """Writes cells, brands, products and, by listing, `cell`, `model`, `unauthorised` and `price`."""
    market, work, writer = rows.market, rows.work, rows.writer
    cell, model, unauthorised, price = rows.aligned(goods(market, work), "cell", "model", "unauthorised", "price")
    writer.array("cell", whole(cell).astype(np.int32))
    codes, models = coded(model)
    writer.array("model", codes)
    writer.keys("model", hashed_all(models))
    writer.array("unauthorised", np.where(whole(unauthorised) < 0, -1, whole(unauthorised)).astype(np.int8))
    writer.array("price", np.maximum(whole(price), -1))
    _shelve_cells(rows)
    _shelve_brands(rows)
    if market.has("products"):
        _shelve_products(rows)


def _shelve_cells(rows: Rows) -> None:
    known = rows.work.engine.collect(cells(rows.market, rows.work)).sort_by("cell").to_pylist()
    by_cell: dict[int, dict[str, Any]] = {}
    for row in known:
        first = by_cell.setdefault(row["cell"], row)
        first["brand_name"] = min(first["brand_name"], row["brand_name"])
    found = [by_cell[number] for number in range(1, len(by_cell) + 1)]
    numbers = np.arange(1, len(found) + 1)
    writer = rows.writer
    writer.keys("cell", hashed_all(_key(r["brand_key"], r["category"], r["currency"]) for r in found), numbers)
    writer.texts("cell_names", ["", *(r["brand_name"] for r in found)])
    codes, brands = _codes([r["brand_key"] for r in found])
    writer.keys("brand", hashed_all(brands))
    writer.array("cell_brand", np.concatenate(([-1], codes)).astype(np.int32))
    luxury = [bool(r["is_luxury"]) for r in found]
    writer.array("cell_is_luxury", np.array([False, *luxury]))
    writer.array("cell_category_cell", np.array([0, *(r["category_cell"] for r in found)], dtype=np.int32))
    wide = {r["category_cell"]: _key(r["category"], r["currency"]) for r in found}
    writer.keys("category_cell", hashed_all(wide.values()), np.array(list(wide)))
    writer.texts("cell_keys", [b"", *(orjson.dumps([r["brand_key"], r["category"], r["currency"]]) for r in found)])


def _codes(texts: list[str]) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Numbers of texts, -1 for the empty one."""
    known = {text: place for place, text in enumerate(sorted({*texts} - {""}))}
    return np.array([known.get(text, -1) for text in texts], dtype=np.int32), list(known)


def _shelve_brands(rows: Rows) -> None:
    collect = rows.work.engine.collect
    lists = brand_lists(rows.market, rows.work)
    names = {row["brand_key"]: row["brand_id"] for row in collect(known_names(lists)).to_pylist()}
    authorised: dict[str, list[str]] = {}
    for row in collect(entries(lists, "authorised")).to_pylist():
        authorised.setdefault(row["brand_id"], []).append(row["value"])
    brands = []
    if rows.market.has("brands"):
        table = rows.market.table("brands")
        columns = table.select("brand_id", "name", "is_luxury", "rights_holder", "categories")
        brands = collect(columns.order_by("brand_id")).to_pylist()
    for brand in brands:
        brand["authorised"] = sorted(authorised.get(brand["brand_id"], []))
    about = {"brands": brands, "names": dict(sorted(names.items())), "safety_classes": brand_classes(rows.market)}
    (rows.writer.folder / "brands.json").write_bytes(orjson.dumps(about))


def _shelve_products(rows: Rows) -> None:
    products = rows.work.engine.collect(numbered_products(rows.market, rows.work)).sort_by("product").to_pylist()
    rows.writer.texts("products", [orjson.dumps({name: row[name] for name in _PRODUCT}) for row in products])
    by_gtin = [(row["gtin"], place) for place, row in enumerate(products) if row["gtin"] is not None]
    by_model = [
        (_key(row["brand_id"], row["model_key"]), place) for place, row in enumerate(products) if row["model_key"]
    ]
    for name, pairs in (("gtin", by_gtin), ("brand_model", by_model)):
        counts: dict[str, int] = {}
        for key, _ in pairs:
            counts[key] = counts.get(key, 0) + 1
        kept = [(key, place) for key, place in pairs if counts[key] == 1]
        rows.writer.keys(
            name, hashed_all(key for key, _ in kept), np.array([place for _, place in kept], dtype=np.int32)
        )


def cell_keys(folder: Path) -> list[list[str]]:
    """Brand key, category and currency of every cell by its number; of 0, which is none, three empty texts."""
    texts = Texts(np.load(folder / "cell_keys.starts.npy"), np.load(folder / "cell_keys.octets.npy"))
    return [["", "", ""], *(orjson.loads(texts.raw(cell)) for cell in range(1, len(texts.starts) - 1))]


def _key(*parts: str) -> str:
    return "\x1f".join(parts)


class Catalogue:
    """Finds what an offer is."""

    def __init__(self, shelf: Shelf, folder: Path) -> None:
        about = orjson.loads((folder / "brands.json").read_bytes())
        self.names: dict[str, str] = about["names"]
        self.brands = {
            row["brand_id"]: _Brand(
                row["name"],
                bool(row["is_luxury"]),
                row["rights_holder"],
                row["categories"],
                frozenset(row["authorised"]),
            )
            for row in about["brands"]
        }
        self.safety_classes: dict[str, str] = about["safety_classes"]
        self.any_list = any(brand.authorised for brand in self.brands.values())
        self.cells, self.category_cells, self.models = (
            shelf.keys("cell"),
            shelf.keys("category_cell"),
            shelf.keys("model"),
        )
        self.brand_codes = shelf.keys("brand")
        self.cell_names = shelf.texts("cell_names")
        self.has_products = "products.starts" in shelf
        if self.has_products:
            self.products = shelf.texts("products")
            self.by_gtin, self.by_model = shelf.keys("gtin"), shelf.keys("brand_model")

    def goods(self, offer: Offer) -> Goods:
        """Brand, cell, product and authorisation of an offer."""
        text = offer.text("brand")
        key = folded(text)
        brand_id = self.names.get(key)
        brand = self.brands.get(brand_id) if brand_id is not None else None
        brand_key = key if brand_id is None else f"#{brand_id}"
        category, currency = offer.text("category"), offer.text("currency")
        cell = self.cells.row(hashed(_key(brand_key, category, currency)))
        name = text.strip(_BLANKS) if brand is None else brand.name
        product, gtin_brand_id, model = self._product(offer, brand_id)
        return Goods(
            cell=cell,
            category_cell=self.category_cells.row(hashed(_key(category, currency))),
            brand_key=brand_key,
            brand_code=self.brand_codes.row(hashed(brand_key)),
            brand_id=brand_id,
            brand_name=min(name, self.cell_names[cell]) if cell >= 0 else name,
            is_luxury=brand is not None and brand.is_luxury,
            rights_holder=brand.rights_holder if brand is not None else None,
            categories=brand.categories if brand is not None else None,
            model=model,
            model_code=self.models.row(hashed(model)),
            product=product,
            gtin_brand_id=gtin_brand_id,
            unauthorised=self._unauthorised(brand, offer.merchant_id),
        )

    def safety_class(self, brand: str | None) -> str | None:
        """The safety class of the brand that a listing names; None where it is not known."""
        return self.safety_classes.get((brand or "").strip(_BLANKS).lower())

    def _unauthorised(self, brand: _Brand | None, merchant_id: str) -> float | None:
        if brand is None or not brand.authorised:
            return None
        return 0.0 if merchant_id in brand.authorised else 1.0

    def _product(self, offer: Offer, brand_id: str | None) -> tuple[dict[str, Any] | None, str | None, str]:
        """The product named by GTIN, else by brand and model; the brand of the GTIN's product; the model."""
        stated = offer.text("model").translate(_LOWER).strip(_BLANKS)
        if not self.has_products:
            return None, None, stated
        gtin = offer.values["gtin"]
        by_gtin = self._read(self.by_gtin.row(hashed(gtin))) if gtin is not None else None
        by_model = None
        if brand_id is not None and stated:
            by_model = self._read(self.by_model.row(hashed(_key(brand_id, stated))))
        gtin_brand_id = None if by_gtin is None else by_gtin["brand_id"]
        claimed = by_gtin if brand_id is None or gtin_brand_id == brand_id else None
        model = stated or (claimed["model_key"] if claimed is not None else "")
        return claimed or by_model, gtin_brand_id, model

    def _read(self, place: int) -> dict[str, Any] | None:
        found: dict[str, Any] | None = orjson.loads(self.products.raw(place)) if place >= 0 else None
        return found
