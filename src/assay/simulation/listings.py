"""The market's `listings`: the plain columns that a merchant fills in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.draws import Ints, at, numbered, where_valid
from assay.simulation.merchants import COUNTRIES, CURRENCIES, KIND, PER_EUR, merchant_ids
from assay.simulation.offers import REMOVALS, Offers, World, epoch
from assay.simulation.vocabulary import LANGUAGES
from assay.simulation.wordings import Texts

_CONDITIONS = ("new", "used", "refurbished")
_CHINA = COUNTRIES.index("CN")


def listing_ids(numbers: Ints) -> pa.Array:
    """Identifiers of listings by number."""
    return numbered("L", numbers, 9)


def minor_units(world: World, offers: Offers) -> Ints:
    """Price in minor units of the shop's currency; half of the prices end in 90 or 99."""
    price = world.catalogue.product_price_eur[offers.product] * offers.price_ratio
    money = np.round(price * PER_EUR[world.merchants.currency[offers.merchant]] * 100).astype(np.int64)
    ending = np.where(offers.number % 7 < 2, 90, 99)
    whole: Ints = np.maximum(np.where(offers.number % 7 < 5, money // 100 * 100 + ending, money), 99)
    return whole


def listings_table(rng: np.random.Generator, world: World, offers: Offers, texts: Texts) -> pa.Table:
    """One row per offer of the chunk."""
    n, shops = len(offers), world.merchants
    currency = pa.array(shops.currency[offers.merchant])
    used = (offers.trick == KIND["second_hand"]) & (rng.random(n) < 0.9) | (rng.random(n) < 0.015)
    condition = np.where(used, 1, np.where(rng.random(n) < 0.01, 2, 0))
    listing = listing_ids(offers.number)
    return pa.table(
        {
            "listing_id": listing,
            "merchant_id": merchant_ids(offers.merchant),
            "title": texts.title,
            "description": texts.description,
            "brand": _brand_field(rng, world, offers, texts),
            "category": world.catalogue.category_paths.take(pa.array(offers.category)),
            "price": minor_units(world, offers),
            "currency": pa.array(CURRENCIES).take(currency),
            "quantity": np.minimum(rng.geometric(0.06 + 0.5 * (condition > 0), n), 999),
            "gtin": _gtins(rng, world, offers),
            "model": where_valid(
                world.catalogue.product_model.take(pa.array(offers.product)), rng.random(n) < 0.45 - 0.25 * offers.look
            ),
            "condition": where_valid(pa.array(_CONDITIONS).take(pa.array(condition)), rng.random(n) < 0.9),
            "attributes": _attributes(rng, world, offers, texts),
            "ships_from": pa.array(COUNTRIES).take(pa.array(_ships_from(rng, world, offers))),
            "language": pa.array(LANGUAGES).take(pa.array(texts.language)),
            "url": pc.binary_join_element_wise("https://market.example/item/", listing, ""),
            "listed_at": at(epoch(world, offers.age_days)),
            "removed_at": where_valid(
                at(np.nan_to_num(epoch(world, offers.removed_days))), ~np.isnan(offers.removed_days)
            ),
            "removal_reason": where_valid(
                pa.array(REMOVALS).take(pa.array(offers.removed_why)), ~np.isnan(offers.removed_days)
            ),
            "n_edits": rng.poisson(0.10 + 1.5 * offers.look),
        }
    )


def _brand_field(rng: np.random.Generator, world: World, offers: Offers, texts: Texts) -> pa.Array:
    """The brand as declared: often empty, and for a few counterfeits that name a brand in the title, another one."""
    n, settings = len(offers), world.settings
    empty = rng.random(n) < settings.brand_empty_rate + settings.brand_empty_rise * offers.look
    other = (rng.random(n) < np.where(offers.is_fake, 0.05 * offers.loud, 0.002)) & texts.names_brand
    brand = np.where(other, rng.integers(0, len(world.catalogue.brands), n), offers.brand)
    return where_valid(world.catalogue.brand_names.take(pa.array(brand)), ~empty)


def _gtins(rng: np.random.Generator, world: World, offers: Offers) -> pa.Array:
    """Trade item numbers: absent on fake-looking offers, sometimes another brand's or misread on counterfeits."""
    n = len(offers)
    gtins = world.catalogue.product_gtin
    wrong = rng.random(n)
    borrowed = wrong < np.where(offers.is_fake, 0.16 * offers.loud, 0.002)
    misread = wrong > 1 - np.where(offers.is_fake, 0.10 * offers.loud, 0.004)
    number = np.where(borrowed, gtins[rng.integers(0, len(gtins), n)], gtins[offers.product])
    number = np.where(misread, number // 10 * 10 + (number % 10 + rng.integers(1, 9, n)) % 10, number)
    return where_valid(numbered("", number, 14), rng.random(n) < 0.60 - 0.56 * offers.look)


def _attributes(rng: np.random.Generator, world: World, offers: Offers, texts: Texts) -> pa.Array:
    """The stated specification; counterfeits now and then claim what the brand never made."""
    n, rows = len(offers), world.catalogue.categories
    names_a = pa.array([row["attribute_a"] for row in rows]).take(pa.array(offers.category))
    names_b = pa.array([row["attribute_b"] for row in rows]).take(pa.array(offers.category))
    impossible = pa.array(rng.random(n) < np.where(offers.is_fake, 0.12 * offers.loud, 0.003))
    value_a = pc.if_else(impossible, _beyond(rng, offers, texts.value_a), texts.value_a)
    ordered = pc.less(names_a, names_b)
    first = pc.if_else(ordered, names_a, names_b)
    second = pc.if_else(ordered, names_b, names_a)
    value_1 = pc.if_else(ordered, value_a, texts.value_b)
    value_2 = pc.if_else(ordered, texts.value_b, value_a)
    both = pc.binary_join_element_wise('{"', first, '":"', value_1, '","', second, '":"', value_2, '"}', "")
    only = pc.binary_join_element_wise('{"', names_a, '":"', value_a, '"}', "")
    brief = pa.array(rng.random(n) < 0.15 + 0.4 * offers.look)
    return where_valid(pc.if_else(brief, only, both), rng.random(n) < 0.88 - 0.3 * offers.look)


def _beyond(rng: np.random.Generator, offers: Offers, value: pa.Array) -> pa.Array:
    """A value that no genuine product of the category has: numbers grow a zero, words become another claim."""
    numeric = pc.match_substring_regex(value, "^[0-9]+$")
    grown = pc.binary_join_element_wise(value, "0", "")
    claim = pa.array(["universal", "multi", "premium"]).take(pa.array(rng.integers(0, 3, len(offers))))
    return pc.if_else(numeric, grown, claim)


def _ships_from(rng: np.random.Generator, world: World, offers: Offers) -> Ints:
    country = world.merchants.country[offers.merchant]
    elsewhere = rng.random(len(offers)) < 0.02 + 0.45 * offers.look
    return np.where(
        elsewhere,
        np.where(rng.random(len(offers)) < 0.6, _CHINA, rng.integers(0, len(COUNTRIES), len(offers))),
        country,
    )
