"""Brands and their genuine products: what an honest offer is compared with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.simulation.draws import Floats, Ints, numbered
from assay.simulation.spelling import spellings
from assay.simulation.vocabulary import Pool, pool, rows

MODELS_PER_BRAND_CATEGORY = 7  # a brand's range in one category; a cell of 50,000 listings then holds about a dozen
ORIGINS = ("IT", "FR", "DE", "CN", "VN", "JP", "US", "PT")
N_PLAIN_SURFACES = 6  # of each brand: name, lower, upper, up to three aliases; evasive spellings follow


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Brands, categories and products as parallel arrays; a product is known by its row number everywhere else."""

    categories: list[dict[str, str]]
    brands: list[dict[str, str]]
    surfaces: Pool  # ways to write each brand: plain first, then evasive
    luxury: npt.NDArray[np.bool_]  # by brand
    product_brand: Ints
    product_category: Ints
    product_price_eur: Floats
    product_weight_g: Floats
    product_origin: Ints
    product_gtin: Ints  # 13 digits with check digit
    product_model: pa.Array
    by_category: list[tuple[Ints, Floats]]  # product rows of each category, ordered by brand, with cumulative weight

    @property
    def category_paths(self) -> pa.Array:
        """Category path by category index."""
        return pa.array([row["path"] for row in self.categories])

    @property
    def brand_names(self) -> pa.Array:
        """Brand name by brand index."""
        return pa.array([row["name"] for row in self.brands])

    def choose(self, category: Ints, fraction: Floats) -> Ints:
        """A product of each row's category; neighbouring fractions (0 to 1) give products of the same brand."""
        chosen = np.zeros(len(category), dtype=np.int64)
        for index, (members, cumulative) in enumerate(self.by_category):
            mask = category == index
            chosen[mask] = members[np.searchsorted(cumulative, fraction[mask], side="right")]
        return chosen


def make_catalogue(rng: np.random.Generator) -> Catalogue:
    """The catalogue of one market. Brand names are fixed; prices, models and trade item numbers follow the seed."""
    categories, brands = rows("categories.tsv"), rows("brands.tsv")
    code = {row["code"]: i for i, row in enumerate(categories)}
    pairs = [(b, code[c]) for b, row in enumerate(brands) for c in row["categories"].split("|")]
    brand, category = (np.repeat([p[i] for p in pairs], MODELS_PER_BRAND_CATEGORY).astype(np.int64) for i in (0, 1))
    luxury = np.array([row["is_luxury"] == "true" for row in brands])
    popularity = np.array([float(row["popularity"]) for row in brands])
    n = len(brand)
    level = rng.normal(0, 0.35, len(brands)) + np.where(luxury, 0.9, -0.1)
    spread = np.array([float(row["price_spread"]) for row in categories])
    base = np.array([float(row["price_eur"]) for row in categories])
    price = base[category] * np.exp(level[brand] * spread[category] * 1.6 + rng.normal(0, 0.32, n))
    weight = np.array([float(row["weight_g"]) for row in categories])[category] * np.exp(rng.normal(0, 0.12, n))
    share = popularity[brand] * rng.gamma(1.5, 1.0, n)
    return Catalogue(
        categories=categories,
        brands=brands,
        surfaces=pool([_surfaces(row, rng) for row in brands]),
        luxury=luxury,
        product_brand=brand,
        product_category=category,
        product_price_eur=price,
        product_weight_g=np.round(weight),
        product_origin=rng.integers(0, len(ORIGINS), len(brands))[brand],
        product_gtin=_gtins(brand, np.arange(n)),
        product_model=_models(rng, n),
        by_category=[_choices(category == c, share) for c in range(len(categories))],
    )


def _surfaces(row: dict[str, str], rng: np.random.Generator) -> list[str]:
    aliases = row["aliases"].split("|")
    plain = [row["name"], row["name"].lower(), row["name"].upper(), *aliases, *[row["name"]] * 3]
    return plain[:N_PLAIN_SURFACES] + spellings(row["name"], rng)


def _choices(mask: npt.NDArray[np.bool_], share: Floats) -> tuple[Ints, Floats]:
    members = np.flatnonzero(mask)
    cumulative = np.cumsum(share[members]) / share[members].sum()
    cumulative[-1] = 1.0
    return members, cumulative


def _gtins(brand: Ints, item: Ints) -> Ints:
    """EAN-13 numbers under GS1 prefix 952, which is reserved for demonstrations."""
    body = 952_0000_00000 + brand * 100_000 + item % 100_000
    total = np.zeros(len(body), dtype=np.int64)
    for place in range(12):
        total += (body // 10**place % 10) * (3 if place % 2 == 0 else 1)
    return body * 10 + (10 - total % 10) % 10


def _models(rng: np.random.Generator, n: int) -> pa.Array:
    stems = pool(
        [["TR", "X", "Alta", "Pro", "Nova", "GL", "City", "Air", "Luna", "Max", "Core", "Terra", "VS", "Mini"]]
    )
    numbers = pa.array(rng.integers(1, 90, n) * 10).cast(pa.string())
    return pa.compute.binary_join_element_wise(stems.take(np.zeros(n, np.int64), rng.random(n)), numbers, "-")


def brands_table(catalogue: Catalogue, authorised: list[list[str]]) -> pa.Table:
    """The market's `brands`; `authorised` holds merchant identifiers by brand."""
    paths = {row["code"]: row["path"] for row in catalogue.categories}
    safety = {row["code"]: row["safety"] for row in catalogue.categories}
    grades = ("none", "elevated", "high")

    def one(index: int, row: dict[str, str]) -> dict[str, Any]:
        codes = row["categories"].split("|")
        return {
            "brand_id": f"B{index:04d}",
            "name": row["name"],
            "aliases": json.dumps(row["aliases"].split("|"), ensure_ascii=False),
            "rights_holder": f"{row['name']} Holding",
            "categories": json.dumps([paths[c] for c in codes]),
            "authorised_merchants": json.dumps(authorised[index]),
            "safety_class": max((safety[c] for c in codes), key=grades.index),
            "is_luxury": row["is_luxury"] == "true",
            "gtin_prefixes": json.dumps([f"952{index:04d}"]),
        }

    return pa.Table.from_pylist([one(i, row) for i, row in enumerate(catalogue.brands)])


def products_table(catalogue: Catalogue) -> pa.Table:
    """The market's `products`, with the values each attribute may take."""
    allowed = [
        json.dumps({row["attribute_a"]: row["values_a"], row["attribute_b"]: row["values_b"]}, sort_keys=True)
        for row in catalogue.categories
    ]
    category = pa.array(catalogue.product_category)
    n = len(category)
    return pa.table(
        {
            "product_id": numbered("P", np.arange(n), 6),
            "brand_id": numbered("B", catalogue.product_brand, 4),
            "gtin": numbered("", catalogue.product_gtin, 14),
            "model": catalogue.product_model,
            "category": catalogue.category_paths.take(category),
            "list_price": np.round(catalogue.product_price_eur * 100).astype(np.int64),
            "currency": pa.repeat("EUR", n).cast(pa.string()),
            "attributes": pa.array(allowed).take(category),
            "weight_g": catalogue.product_weight_g,
            "origin": pa.array(ORIGINS).take(pa.array(catalogue.product_origin)),
        }
    )
