"""Merchant accounts: who is honest, who is not, how large, how old, and who shares what with whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtri

from assay.simulation.draws import (
    Flags,
    Floats,
    Ints,
    Keys,
    at,
    hexadecimal,
    key,
    numbered,
    pick,
    split_total,
    unit,
    where_valid,
)
from assay.simulation.settings import SimulationSettings
from assay.simulation.vocabulary import pool, wording

HONEST_KINDS = (
    "ordinary",
    "authorised",
    "big_store",
    "new_shop",
    "clearance",
    "parallel_importer",
    "second_hand",
    "generic_goods",
)
ADVERSARY_KINDS = ("blunt_replica", "evasive_speller", "picture_thief", "mixed_seller", "returner", "dear_fake")
KINDS = HONEST_KINDS + ADVERSARY_KINDS
KIND = {name: i for i, name in enumerate(KINDS)}
_HONEST_RATES = (0.60, 0.07, 0.05, 0.09, 0.05, 0.05, 0.05, 0.04)
_ADVERSARY_RATES = (0.30, 0.18, 0.20, 0.0, 0.12, 0.20)  # of sellers that have nothing but counterfeits

COUNTRIES = ("DE", "FR", "GB", "US", "CN", "RU", "ES", "IT", "PL", "HK", "TR")
_HONEST_COUNTRY = np.array((0.26, 0.12, 0.10, 0.07, 0.13, 0.10, 0.09, 0.05, 0.04, 0.02, 0.02))
_SUSPECT_COUNTRY = np.array((0.10, 0.05, 0.05, 0.04, 0.36, 0.13, 0.07, 0.03, 0.03, 0.07, 0.07))
_COUNTRY_LANGUAGE = np.array((4, 0, 0, 0, 1, 2, 3, 0, 0, 1, 0))  # index into vocabulary.LANGUAGES
_PHONE = pool([["+49151", "+336", "+4477", "+1212", "+86138", "+7916", "+346", "+39333", "+48601", "+8525", "+90532"]])
_PHONE_DIGITS = np.array((8, 8, 8, 7, 8, 7, 8, 7, 6, 7, 7))
_CITIES = pool(
    [
        ["Berlin", "Hamburg", "Köln", "Leipzig"],
        ["Paris", "Lyon", "Lille"],
        ["London", "Leeds", "Bristol"],
        ["Newark", "Austin", "Portland"],
        ["广州市", "莆田市", "义乌市", "深圳市", "杭州市"],
        ["Москва", "Казань", "Самара"],
        ["Madrid", "Valencia", "Sevilla"],
        ["Milano", "Napoli", "Prato"],
        ["Warszawa", "Łódź"],
        ["香港"],
        ["Istanbul", "Bursa"],
    ]
)
_STEMS = pool(
    [["Lu", "Mora", "Ten", "Vi", "Sol", "Ka", "Ber", "Nia", "Rok", "Ami", "Del", "Fio", "Jo", "Pe", "Zu", "Tri"]]
)
_STEM_ENDS = pool(
    [["ra", "lin", "vo", "mex", "dan", "tia", "net", "sa", "rio", "ko", "bel", "max", "ny", "gu", "pol", "ex"]]
)
_HAN = pool([list("华美佳诚信达鑫盛源丰宏泰恒祥安瑞兴隆")])

# Currency of a shop's prices by country, and units of it per euro (fixed, so that the market is reproducible).
CURRENCIES = ("EUR", "USD", "CNY", "GBP")
PER_EUR = np.array((1.0, 1.10, 7.80, 0.85))
_COUNTRY_CURRENCY = np.array((0, 0, 3, 1, 2, 0, 0, 0, 0, 1, 0))

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Merchants:
    """All merchants as parallel arrays; a merchant is known by its row number everywhere else."""

    kind: Ints  # index into KINDS
    n_listings: Ints
    n_fake: Ints
    look: Floats  # how fake-like the shop looks, 0 to 1
    age_days: Floats
    closed_days: Floats  # days since the account was suspended or closed; 0 while active
    country: Ints
    language: Ints
    currency: Ints
    ring: Ints  # -1 when in none
    producer: Ints  # supplier of counterfeits; -1 for honest shops
    persona: Ints  # merchant whose texts and pictures it uses: itself, or a banned predecessor
    supplier: Ints  # honest wholesaler whose feed it copies; -1 when none
    categories: npt.NDArray[np.int64]  # three focus categories each
    focus: Floats  # where in a category's range of brands the shop stands, 0 to 1
    breadth: Floats  # how much of that range it sells, 0 to 1
    angry: Flags  # honest shops whose disappointed buyers cry fake

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_adversary(self) -> Flags:
        """Whether the merchant sells any counterfeit."""
        return self.kind >= len(HONEST_KINDS)


def make_merchants(
    rng: np.random.Generator, n_listings: int, settings: SimulationSettings, category_weights: tuple[Floats, Floats]
) -> Merchants:
    """The merchants of a market of that size; `category_weights` are honest and counterfeit shares by category."""
    kind, n_fake, n_honest = _sizes(rng, n_listings, settings)
    n = len(kind)
    bad = kind >= len(HONEST_KINDS)
    look = _looks(rng, kind, settings)
    country = np.where(
        rng.random(n) < look,
        rng.choice(len(COUNTRIES), n, p=_SUSPECT_COUNTRY),
        rng.choice(len(COUNTRIES), n, p=_HONEST_COUNTRY),
    )
    age = _ages(rng, look, np.where(bad, n_fake, 0), n_fake + n_honest, settings)
    persona, closed = _returners(rng, kind, age)
    ring, producer = _rings(rng, kind, persona, settings)
    categories = _categories(rng, bad, look, category_weights)
    crowd = np.minimum((n_fake + n_honest) / 500, 1.0)  # a shop of thousands does not sell one article
    return Merchants(
        kind=kind,
        n_listings=n_fake + n_honest,
        n_fake=n_fake,
        look=look,
        age_days=age,
        closed_days=closed,
        country=country,
        language=np.where(rng.random(n) < 0.18, 0, _COUNTRY_LANGUAGE[country]),
        currency=np.where(rng.random(n) < 0.6, _COUNTRY_CURRENCY[country], 0),
        ring=ring,
        producer=producer,
        persona=persona,
        supplier=np.where(
            ~bad & (rng.random(n) < settings.supplier_feed_rate), rng.integers(0, max(3, n // 60), n), -1
        ),
        categories=categories,
        focus=rng.random(n),
        breadth=np.where(kind == KIND["authorised"], 0.004, np.maximum(rng.beta(1.2, 2.5, n), crowd)),
        angry=(kind == KIND["big_store"]) & (rng.random(n) < 0.25),
    )


def _categories(
    rng: np.random.Generator, bad: Flags, look: Floats, category_weights: tuple[Floats, Floats]
) -> npt.NDArray[np.int64]:
    """Three focus categories of each merchant; fake-like shops favour those that counterfeiters like."""
    honest_weights, fake_weights = category_weights
    n = len(bad)
    suspect = rng.random((n, 3)) < np.where(bad, 0.25 + 0.6 * look, 0.6 * look)[:, None]
    return np.where(
        suspect,
        rng.choice(len(fake_weights), (n, 3), p=fake_weights),
        rng.choice(len(honest_weights), (n, 3), p=honest_weights),
    )


def _sizes(rng: np.random.Generator, n_listings: int, settings: SimulationSettings) -> tuple[Ints, Ints, Ints]:
    """Kind, counterfeit listings and honest listings of each merchant, in random order."""
    n = max(20, round(n_listings / settings.listings_per_merchant))
    n_all = max(2, round(n * settings.merchants_all_rate))
    n_mixed = max(2, n - n_all - round(n * settings.merchants_none_rate))
    n_none = n - n_all - n_mixed
    total_fake = round(n_listings * settings.counterfeit_rate)
    n_head = max(3, round(n_listings / settings.listings_per_head_merchant))
    n_head_all = n_head // 2
    head = split_total(round(total_fake * settings.head_rate), rng.lognormal(0, 0.5, n_head), least=2)
    tail = split_total(total_fake - int(head.sum()), rng.lognormal(0, 0.7, n_all + n_mixed - n_head), least=1)
    fakes = np.concatenate(
        [head[:n_head_all], tail[: n_all - n_head_all], head[n_head_all:], tail[n_all - n_head_all :]]
    )
    mixed = fakes[n_all:]
    beside = np.maximum(1, np.round(mixed * rng.lognormal(0.2, 0.9, n_mixed))).astype(np.int64)
    beside[n_head - n_head_all :] += rng.geometric(1 / 12, n_mixed - n_head + n_head_all)
    budget = max(n_mixed, (n_listings - total_fake) // 3)
    if beside.sum() > budget:
        beside = split_total(budget, beside.astype(float), least=1)
    kind_none = rng.choice(len(HONEST_KINDS), n_none, p=_HONEST_RATES)
    weight = rng.lognormal(0, 1.35, n_none) * np.array((1, 1.3, 8, 0.35, 1, 1, 0.8, 1))[kind_none]
    alone = split_total(n_listings - total_fake - int(beside.sum()), weight, least=1)
    kind_all = rng.choice(np.arange(len(HONEST_KINDS), len(KINDS)), n_all, p=_ADVERSARY_RATES)
    kind = np.concatenate([kind_none, kind_all, np.full(n_mixed, KIND["mixed_seller"])])
    n_fake = np.concatenate([np.zeros(n_none, np.int64), fakes])
    n_honest = np.concatenate([alone, np.zeros(n_all, np.int64), beside])
    order = rng.permutation(n)
    return kind[order], n_fake[order], n_honest[order]


def _looks(rng: np.random.Generator, kind: Ints, settings: SimulationSettings) -> Floats:
    n = len(kind)
    bad = kind >= len(HONEST_KINDS)
    look = np.where(bad, rng.beta(*settings.fake_look, n), rng.beta(*settings.honest_look, n))
    look = np.where(kind == KIND["mixed_seller"], rng.beta(1.5, 2.0, n), look)
    alike = ~bad & (rng.random(n) < settings.lookalike_rate)
    alike |= (kind == KIND["new_shop"]) & (rng.random(n) < 0.25)
    return np.where(alike, rng.beta(3.0, 1.5, n), look)


def _ages(rng: np.random.Generator, look: Floats, n_fake: Ints, n_all: Ints, settings: SimulationSettings) -> Floats:
    """Account ages: exact medians by class, and the more fake-like a shop looks the younger it is."""
    ages = np.empty(len(look))
    bad = n_fake > 0
    for mask, weight, median in (
        (bad, n_fake, settings.fake_seller_age_median),
        (~bad, n_all, settings.honest_seller_age_median),
    ):
        order = np.argsort(rng.normal(0, 0.22, int(mask.sum())) - look[mask], kind="stable")
        quantile = np.empty(len(order))
        sorted_weight = weight[mask][order].astype(float)
        quantile[order] = (np.cumsum(sorted_weight) - sorted_weight / 2) / sorted_weight.sum()
        ages[mask] = median * np.exp(0.9 * ndtri(quantile))
    return np.clip(ages, 1.0, 6000.0)


def _returners(rng: np.random.Generator, kind: Ints, age: Floats) -> tuple[Ints, Floats]:
    """For each returner a banned predecessor among older shops; and how long ago each shop was closed."""
    persona = np.arange(len(kind))
    closed = np.where(
        (kind < len(HONEST_KINDS)) & (rng.random(len(kind)) < 0.03), age * rng.random(len(kind)) * 0.5, 0.0
    )
    candidates = np.flatnonzero(
        (kind >= len(HONEST_KINDS)) & (kind != KIND["returner"]) & (kind != KIND["mixed_seller"])
    )
    candidates = candidates[np.argsort(-age[candidates], kind="stable")]
    returners = np.flatnonzero(kind == KIND["returner"])
    n_pairs = min(len(returners), len(candidates) // 3)
    returners = returners[np.argsort(-age[returners], kind="stable")][len(returners) - n_pairs :]
    before = rng.permutation(candidates[: len(candidates) // 2])[:n_pairs]
    returners = returners[: len(before)]
    old_enough = age[before] > age[returners] + 20
    persona[returners[old_enough]] = before[old_enough]
    closed[before[old_enough]] = age[returners[old_enough]] + 3
    return persona, closed


def _rings(rng: np.random.Generator, kind: Ints, persona: Ints, settings: SimulationSettings) -> tuple[Ints, Ints]:
    """Ring of each merchant (-1 for none) and the producer that supplies it; a returner stays in its old ring."""
    n = len(kind)
    bad = np.flatnonzero(kind >= len(HONEST_KINDS))
    in_ring = bad[rng.random(len(bad)) < np.where(kind[bad] == KIND["mixed_seller"], 0.7, 1.15) * settings.ringed_rate]
    n_rings = max(1, round(len(in_ring) / settings.ring_size))
    share = rng.lognormal(0, 0.5, n_rings)
    ring = np.full(n, -1)
    ring[in_ring] = rng.choice(n_rings, len(in_ring), p=share / share.sum())
    ring = ring[persona]
    n_producers = max(2, round(n_rings / settings.rings_per_producer))
    producer_of_ring = rng.integers(0, n_producers, n_rings)
    alone = rng.integers(0, n_producers, n)
    producer = np.where(ring >= 0, producer_of_ring[ring], alone)
    return ring, np.where(kind >= len(HONEST_KINDS), producer[persona], -1)


def merchant_ids(rows: Ints) -> pa.Array:
    """Identifiers of merchants by row number."""
    return numbered("M", rows, 7)


def merchants_table(merchants: Merchants, seed: int, as_of: float) -> pa.Table:
    """The market's `merchants`."""
    rows = np.arange(len(merchants))
    own = key(seed, 101, rows)
    closed = merchants.closed_days > 0
    status = np.where(closed, np.where(merchants.is_adversary, 1, 2), 0)
    n_feedback = (merchants.n_listings * merchants.age_days**0.5 * unit(own, 1) * 0.4).astype(np.int64)
    feedback = np.clip(0.995 - 0.03 * merchants.look - 0.02 * unit(own, 2), 0, 1)
    name = _names(own, merchants.language)
    return pa.table(
        {
            "merchant_id": merchant_ids(rows),
            "name": name,
            "registered_at": at(as_of - merchants.age_days * DAY),
            "country": pa.array(COUNTRIES).take(pa.array(merchants.country)),
            "address": _addresses(own, merchants),
            "phone": _phones(_shared(merchants, seed, 3, 0.35), merchants.country),
            "email": pc.binary_join_element_wise("shop", hexadecimal(key(own, 77)[:, None]), "@mail.example", ""),
            "payout_account": _opaque("PA", _shared(merchants, seed, 4, 0.45)),
            "device_id": _opaque("D", _shared(merchants, seed, 5, 0.45)),
            "ip": _opaque("I", _shared(merchants, seed, 6, 0.4, honest=0.03)),
            "licence_no": where_valid(_opaque("LN", key(own, 7)), unit(own, 8) > 0.25 + 0.3 * merchants.look),
            "status": pa.array(("active", "suspended", "closed")).take(pa.array(status)),
            "feedback_rate": where_valid(np.round(feedback, 4), n_feedback > 5),
            "n_feedback": n_feedback,
        }
    )


def _shared(merchants: Merchants, seed: int, slot: int, rate: float, honest: float = 0.004) -> Keys:
    """Key of an identifier: the ring's with probability `rate`, rarely one shared by honest neighbours, else its own.

    Returners carry the predecessor's identifier with the same probability.
    """
    rows = np.arange(len(merchants))
    chance = unit(key(seed, 102, rows), slot)
    own = key(seed, 103, slot, np.where(chance < rate, merchants.persona, rows))
    ring = key(seed, 104, slot, np.maximum(merchants.ring, 0))
    neighbours = key(seed, 105, slot, rows // 3)
    return np.where((merchants.ring >= 0) & (chance < rate), ring, np.where(chance > 1 - honest, neighbours, own))


def _opaque(prefix: str, keys: Keys) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.utf8_slice_codeunits(hexadecimal(keys[:, None]), 0, 12), "")


def _phones(keys: Keys, country: Ints) -> pa.Array:
    digits = _PHONE_DIGITS[country]
    number = pick(keys, 1, 8 * 10 ** (digits - 1)) + 2 * 10 ** (digits - 1)
    prefix = _PHONE.phrases.take(pa.array(country))
    return pc.binary_join_element_wise(prefix, pa.array(number).cast(pa.string()), "")


def _names(keys: Keys, language: Ints) -> pa.Array:
    zero = np.zeros(len(keys), np.int64)
    latin = pc.binary_join_element_wise(_STEMS.take(zero, unit(keys, 20)), _STEM_ENDS.take(zero, unit(keys, 21)), "")
    han = pc.binary_join_element_wise(_HAN.take(zero, unit(keys, 20)), _HAN.take(zero, unit(keys, 21)), "")
    chinese = pa.array(language == 1)
    stem = pc.if_else(chinese, han, latin)
    gap = pc.if_else(chinese, "", " ")
    number = pc.if_else(pa.array(unit(keys, 22) < 0.5), pa.array(pick(keys, 23, 900) + 10).cast(pa.string()), "")
    return pc.binary_join_element_wise(stem, gap, wording()["shop_words"].take(language, unit(keys, 24)), number, "")


def _addresses(keys: Keys, merchants: Merchants) -> pa.Array:
    street = wording()["streets"].take(_COUNTRY_LANGUAGE[merchants.country], unit(keys, 30))
    number = pa.array(pick(keys, 31, 180) + 1).cast(pa.string())
    city = _CITIES.take(merchants.country, unit(keys, 32))
    return pc.binary_join_element_wise(pc.binary_join_element_wise(street, number, " "), city, ", ")
