"""Titles and descriptions: put together from word pools by key, so that whoever copies a text gets the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.catalogue import N_PLAIN_SURFACES
from assay.simulation.draws import Flags, Ints, Keys, key, pick, unit, where_valid
from assay.simulation.merchants import KIND
from assay.simulation.offers import Offers, World
from assay.simulation.spelling import TRICKS, VARIANTS_PER_TRICK
from assay.simulation.vocabulary import LANGUAGES, attribute_values, nouns, title_values, wording

# Where a text comes from.
OWN, FEED, CATALOGUE, SUPPLIER, GENERIC = range(5)

SUPPLIER_VARIANTS = 3  # texts a producer circulates for one product
GENERIC_VARIANTS = 12  # generic titles of one category and language; the first are used most
HOT_RATE = 0.3  # share of those that counterfeit producers use; published: some templates are 100 % counterfeit


@dataclass(frozen=True, slots=True)
class Texts:
    """Titles and descriptions of a chunk, and the facts that other columns must agree with."""

    title: pa.Array
    description: pa.Array
    language: Ints
    value_a: pa.Array
    value_b: pa.Array
    names_brand: Flags  # the title names the brand in one way or another


def write_texts(rng: np.random.Generator, world: World, offers: Offers) -> Texts:
    """The texts of a chunk."""
    source = _sources(rng, world, offers)
    keys = _text_keys(rng, world, offers, source)
    language = world.merchants.language[offers.merchant]
    noun = nouns().take(offers.category * len(LANGUAGES) + language, unit(keys, 1))
    pools = attribute_values()
    loose = key(world.seed, 201, offers.number)
    place = unit(np.where(source == GENERIC, keys, loose), 2)
    value_a = pools[0].take(offers.category, place)
    in_title = title_values().take(offers.category * len(LANGUAGES) + language, place)
    value_b = pools[1].take(offers.category, unit(loose, 3))
    names_brand = (source != GENERIC) & (rng.random(len(offers)) < 0.93 - 0.3 * offers.look)
    flag = _flags(rng, offers, language)
    parts = _Parts(
        brand=where_valid(_brand(rng, world, offers), names_brand),
        model=where_valid(
            world.catalogue.product_model.take(pa.array(offers.product)), (source != GENERIC) & (unit(keys, 4) < 0.8)
        ),
        noun=noun,
        value=where_valid(in_title, (source == GENERIC) | (unit(keys, 5) < 0.6)),
        adjective=where_valid(
            wording()["adjectives"].take(language, unit(keys, 6)),
            unit(keys, 7) < np.where(source == GENERIC, 0.3, 0.85 - 0.5 * offers.look),
        ),
        tail=where_valid(
            wording()["tails"].take(language, unit(keys, 8)),
            (source != GENERIC) & (unit(keys, 9) < 0.65 - 0.6 * offers.look),
        ),
        flag=flag,
    )
    title = _arrange(parts, np.where(source == GENERIC, 4, pick(keys, 10, 4)))
    description = _descriptions(rng, world, offers, keys, language, noun)
    return Texts(title, description, language, value_a, value_b, names_brand)


def _sources(rng: np.random.Generator, world: World, offers: Offers) -> Ints:
    n = len(offers)
    u = rng.random(n)
    has_feed = world.merchants.supplier[offers.merchant] >= 0
    honest = np.where(u < 0.05, CATALOGUE, np.where(has_feed & (u > 0.45), FEED, OWN))
    honest = np.where((u > 0.05) & (u < 0.07 + 0.05 * offers.look), GENERIC, honest)
    honest = np.where((offers.trick == KIND["generic_goods"]) & (u < 0.7), GENERIC, honest)
    copied = 0.15 + 0.55 * np.where(offers.alike, 0.5, offers.loud)
    generic = np.where(world.nameless[offers.category], 0.22, 0.04)
    fake = np.where(u < copied, SUPPLIER, np.where(u > 1 - generic, GENERIC, np.where(u > 0.70, CATALOGUE, OWN)))
    return np.where(offers.is_fake | offers.alike, fake, honest)


def _text_keys(rng: np.random.Generator, world: World, offers: Offers, source: Ints) -> Keys:
    """The key of each listing's text. Equal keys give equal words, apart from the brand's spelling and the values."""
    n, shops = len(offers), world.merchants
    persona = shops.persona[offers.merchant]
    # A shop with many offers words them in more ways than a small one.
    variants = np.clip(shops.n_listings[offers.merchant] // 4, 3, 300)
    own = key(world.seed, 202, persona, offers.product, (variants * rng.random(n)).astype(np.int64))
    feed = key(world.seed, 203, shops.supplier[offers.merchant], offers.product)
    catalogue = key(world.seed, 204, offers.product)
    supplier = key(
        world.seed, 205, shops.producer[offers.merchant], offers.product, rng.integers(0, SUPPLIER_VARIANTS, n)
    )
    generic = _generic_keys(rng, world, offers)
    return np.choose(source, [own, feed, catalogue, supplier, generic])


def _generic_keys(rng: np.random.Generator, world: World, offers: Offers) -> Keys:
    """Keys of generic titles: counterfeits keep to the hot ones, honest shops nearly always to the others."""
    wants_hot = rng.random(len(offers)) < np.where(offers.is_fake, 0.95, 0.008)
    chosen = np.zeros(len(offers), dtype=np.uint64)
    found = np.zeros(len(offers), dtype=bool)
    language = world.merchants.language[offers.merchant]
    group = offers.category * len(LANGUAGES) + language
    for _ in range(10):  # leaves the wrong sort in 0.7^10 = 3 % of the hot and almost none of the others
        variant = (GENERIC_VARIANTS * rng.random(len(offers)) ** 2).astype(np.int64)
        draw = key(world.seed, 206, offers.category, language, variant)
        # Hot is the pair of noun and value that the buyer reads, whatever adjective stands behind it.
        noun = pick(draw, 1, nouns().sizes[group])
        value = pick(draw, 2, title_values().sizes[group])
        fits = (unit(key(world.seed, 209, group, noun, value), 1) < HOT_RATE) == wants_hot
        chosen = np.where(found, chosen, draw)
        found |= fits
    return chosen


def _brand(rng: np.random.Generator, world: World, offers: Offers) -> pa.Array:
    """The brand as the title writes it: plainly, by an alias, or spelt to slip past a filter."""
    n, surfaces = len(offers), world.catalogue.surfaces
    u = rng.random(n)
    surface = np.where(u < 0.86, 0, np.where(u < 0.92, 1, np.where(u < 0.97, 2, rng.integers(3, N_PLAIN_SURFACES, n))))
    evasive = offers.is_fake & (
        rng.random(n) < np.where(offers.trick == KIND["evasive_speller"], 0.75, 0.06) * offers.loud
    )
    nickname = offers.is_fake & (rng.random(n) < 0.10)
    surface = np.where(nickname, rng.integers(3, N_PLAIN_SURFACES, n), surface)
    # A shop keeps to about three tricks of its own.
    trick = pick(key(world.seed, 207, world.merchants.persona[offers.merchant], rng.integers(0, 3, n)), 1, len(TRICKS))
    spelling = N_PLAIN_SURFACES + trick * VARIANTS_PER_TRICK + rng.integers(0, VARIANTS_PER_TRICK, n)
    surface = np.where(evasive, spelling, surface)
    return surfaces.phrases.take(pa.array(surfaces.starts[offers.brand] + surface))


def _flags(rng: np.random.Generator, offers: Offers, language: Ints) -> pa.Array:
    """Replica slang of blunt shops, and the honest wording that looks like it."""
    n = len(offers)
    u, words = rng.random(n), wording()
    fraction = rng.random(n)
    blunt = np.isin(offers.trick, (KIND["blunt_replica"], KIND["returner"]))
    slang = offers.is_fake & (u < np.where(blunt, 0.40, 0.03) * offers.loud)
    slang |= ~offers.is_fake & (u < 0.0012)
    denial = ~slang & (u > 1 - np.where(offers.is_fake, 0.02, 0.006))
    used = ~slang & (offers.trick == KIND["second_hand"])
    sale = ~slang & (offers.trick == KIND["clearance"]) & (u < 0.5)
    flag = where_valid(words["replica"].take(language, fraction), slang)
    for mask, sort in ((denial, "denied"), (used & ~denial, "used"), (sale & ~denial, "clearance")):
        flag = pc.if_else(pa.array(mask), words[sort].take(language, fraction), flag)
    return flag


@dataclass(frozen=True, slots=True)
class _Parts:
    brand: pa.Array
    model: pa.Array
    noun: pa.Array
    value: pa.Array
    adjective: pa.Array
    tail: pa.Array
    flag: pa.Array


_ORDERS = (
    ("brand", "model", "noun", "value", "tail", "flag"),
    ("adjective", "noun", "brand", "model", "value", "flag"),
    ("brand", "noun", "model", "adjective", "flag", "tail"),
    ("noun", "brand", "value", "adjective", "model", "flag", "tail"),
    ("noun", "value", "adjective"),
)


def _arrange(parts: _Parts, pattern: Ints) -> pa.Array:
    """Joins the parts in each row's order; rows keep their place."""
    order = np.argsort(pattern, kind="stable")
    pieces = []
    for index, names in enumerate(_ORDERS):
        rows = pa.array(order[pattern[order] == index])
        columns = [getattr(parts, name).take(rows) for name in names]
        pieces.append(pc.binary_join_element_wise(*columns, " ", null_handling="skip"))
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(pieces).take(pa.array(back))


def _descriptions(
    rng: np.random.Generator, world: World, offers: Offers, keys: Keys, language: Ints, noun: pa.Array
) -> pa.Array:
    """Four to six sentences; null on some listings, more often on fake-looking ones."""
    n, words = len(offers), wording()
    opening = pc.binary_join_element_wise(*_around(words["opening"].take(language, unit(keys, 11)), noun), "")
    evasive = offers.is_fake & (rng.random(n) < 0.25 * offers.loud) | (rng.random(n) < 0.002)
    reference = key(world.seed, 208, world.merchants.persona[offers.merchant])
    number = pc.binary_join_element_wise("Ref.", pa.array(pick(reference, 1, 90_000) + 1000).cast(pa.string()), " ")
    sentences = [
        opening,
        words["quality"].take(language, unit(keys, 12)),
        where_valid(
            words["quality"].take(language, (unit(keys, 12) + 0.2 + 0.6 * unit(keys, 13)) % 1.0), unit(keys, 14) < 0.6
        ),
        where_valid(words["evasive"].take(language, unit(keys, 15)), evasive),
        words["terms"].take(language, unit(reference, 2)),
        where_valid(
            words["terms"].take(language, (unit(reference, 2) + 0.2 + 0.6 * unit(keys, 16)) % 1.0), unit(keys, 17) < 0.5
        ),
        where_valid(number, unit(reference, 3) < 0.4),
    ]
    text = pc.binary_join_element_wise(*sentences, " ", null_handling="skip")
    return where_valid(text, rng.random(n) > 0.08 + 0.15 * offers.look)


def _around(template: pa.Array, noun: pa.Array) -> tuple[Any, Any, Any]:
    """The words before {n}, the noun, and the words after it."""
    halves = pc.split_pattern(template, "{n}", max_splits=1)
    return pc.list_element(halves, 0), noun, pc.list_element(halves, 1)
