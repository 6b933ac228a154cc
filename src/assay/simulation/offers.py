"""The listings of one chunk as numbers: what is sold, how it looks, what is true, what was caught."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.simulation.catalogue import Catalogue
from assay.simulation.draws import Flags, Floats, Ints
from assay.simulation.merchants import DAY, HONEST_KINDS, KIND, Merchants
from assay.simulation.settings import SimulationSettings

MIXED_TRICKS = (KIND["picture_thief"], KIND["dear_fake"], KIND["evasive_speller"], KIND["mixed_seller"])
_MIXED_RATES = (0.30, 0.25, 0.10, 0.35)


@dataclass(frozen=True, slots=True)
class World:
    """What every chunk may read: the fixed parts of the market."""

    seed: int
    settings: SimulationSettings
    catalogue: Catalogue
    merchants: Merchants
    n_accounts: int

    @property
    def nameless(self) -> Flags:
        """By category: whether goods are often sold under no brand at all."""
        return np.array([float(row["luxury_rate"]) == 0 for row in self.catalogue.categories])

    @property
    def as_of(self) -> float:
        """The instant the market is looked at, in epoch seconds."""
        return self.settings.as_of.timestamp()


@dataclass(frozen=True, slots=True)
class Offers:
    """Listings of a chunk as parallel arrays. `look` drives the plain columns, `loud` the evidence beyond them."""

    number: Ints  # global, gives listing_id
    merchant: Ints
    is_fake: Flags
    trick: Ints  # index into merchants.KINDS: how this counterfeit (or honest listing) is offered
    look: Floats
    loud: Floats  # 0 for honest listings
    alike: Flags  # genuine, but offered by a counterfeit seller just like its counterfeits
    category: Ints
    product: Ints
    brand: Ints
    age_days: Floats
    price_ratio: Floats  # to the genuine product's list price
    caught: Flags
    caught_days: Floats  # days before as_of at which it was caught; NaN when it was not
    removed_days: Floats  # days before as_of at which it was taken down; NaN while live
    removed_why: Ints  # index into REMOVALS

    def __len__(self) -> int:
        return len(self.number)


REMOVALS = ("counterfeit", "sold out", "expired", "withdrawn by merchant")


def make_offers(rng: np.random.Generator, world: World, first: int, merchant: Ints, is_fake: Flags) -> Offers:
    """The chunk that starts at listing number `first`, given whose each listing is and whether it is counterfeit."""
    n = len(merchant)
    shops, settings = world.merchants, world.settings
    alike = ~is_fake & shops.is_adversary[merchant] & (rng.random(n) < settings.alike_beside_rate)
    quiet = rng.random(n) < settings.quiet_rate
    look = _looks(rng, world, merchant, (is_fake & ~quiet) | alike)
    loud = np.where(is_fake, rng.beta(1.6, 1.3, n), 0.0)
    trick = shops.kind[merchant]
    trick = np.where(is_fake & (trick == KIND["mixed_seller"]), rng.choice(MIXED_TRICKS, n, p=_MIXED_RATES), trick)
    trick = np.where(~is_fake & (trick >= len(HONEST_KINDS)), KIND["ordinary"], trick)
    category, product = _goods(rng, world, merchant)
    age = _ages(rng, shops, merchant, look)
    caught = is_fake & (rng.random(n) < np.where(loud < 0.3, settings.caught_quiet_rate, settings.caught_rate))
    # Most counterfeits are found within weeks of going live; the lag never reaches past today.
    lag = np.minimum(rng.exponential(25, n), age * rng.uniform(0.05, 0.98, n))
    caught_days = np.where(caught, age - lag, np.nan)
    removed_days, removed_why = _removals(rng, caught_days, age, shops.closed_days[merchant])
    return Offers(
        number=np.arange(first, first + n),
        merchant=merchant,
        is_fake=is_fake,
        trick=trick,
        look=look,
        loud=loud,
        alike=alike,
        category=category,
        product=product,
        brand=world.catalogue.product_brand[product],
        age_days=age,
        price_ratio=_price_ratios(rng, trick, look, is_fake, world.settings),
        caught=caught,
        caught_days=caught_days,
        removed_days=removed_days,
        removed_why=removed_why,
    )


def _looks(rng: np.random.Generator, world: World, merchant: Ints, as_fake: Flags) -> Floats:
    n, settings = len(merchant), world.settings
    own = np.where(as_fake, rng.beta(*settings.fake_look, n), rng.beta(*settings.honest_look, n))
    share = settings.merchant_look_share
    return share * world.merchants.look[merchant] + (1 - share) * own


def _goods(rng: np.random.Generator, world: World, merchant: Ints) -> tuple[Ints, Ints]:
    n, shops = len(merchant), world.merchants
    category = shops.categories[merchant, rng.choice(3, n, p=(0.6, 0.3, 0.1))]
    wander = np.where(rng.random(n) < 0.85, shops.breadth[merchant], 1.0) * (rng.random(n) - 0.5)
    product = world.catalogue.choose(category, (shops.focus[merchant] + wander) % 1.0)
    return category, product


def _ages(rng: np.random.Generator, shops: Merchants, merchant: Ints, look: Floats) -> Floats:
    """Days since each listing went live: fresh or settled, within the life of its shop."""
    n = len(merchant)
    fresh = rng.random(n) < 0.03 + 1.15 * look
    age = np.where(fresh, 6.3 * np.exp(rng.normal(0, 1.0, n)), 235.0 * np.exp(rng.normal(0, 0.95, n)))
    closed = shops.closed_days[merchant]
    opened = shops.age_days[merchant]
    age = np.where(age > opened - closed, (opened - closed) * rng.uniform(0.05, 1.0, n), age)
    return np.maximum(age + closed, 0.05)


def _price_ratios(
    rng: np.random.Generator, trick: Ints, look: Floats, is_fake: Flags, settings: SimulationSettings
) -> Floats:
    """Price over the genuine list price: mostly ordinary, with a cheap and a dear tail that grow with the look."""
    n = len(trick)
    ordinary = np.exp(rng.normal(-0.06, 0.22, n))
    u = rng.random(n)
    dear_share = np.where(trick == KIND["dear_fake"], 0.55, 0.26) * look
    cheap_share = np.where(trick == KIND["dear_fake"], 0.0, 0.47) * look
    ratio = np.where(u < cheap_share, rng.uniform(0.14, 0.6, n), ordinary)
    ratio = np.where(u > 1 - dear_share, np.exp(rng.normal(0.85, 0.35, n)), ratio)
    ratio = np.where((trick == KIND["clearance"]) & (rng.random(n) < 0.6), rng.uniform(0.25, 0.75, n), ratio)
    ratio = np.where(trick == KIND["parallel_importer"], ratio * rng.uniform(0.72, 0.95, n), ratio)
    ratio = np.where(trick == KIND["second_hand"], ratio * rng.uniform(0.3, 0.8, n), ratio)
    return ratio * np.where(is_fake, settings.fake_dearer**settings.fake_dearer_share, 1.0)


def _removals(rng: np.random.Generator, caught_days: Floats, age: Floats, closed: Floats) -> tuple[Floats, Ints]:
    """When and why listings were taken down: some of what was caught, and ordinary ends of ordinary offers."""
    n = len(age)
    taken = ~np.isnan(caught_days) & (rng.random(n) < 0.55)
    ended = ~taken & (rng.random(n) < 0.07)
    removed = np.where(taken, caught_days * rng.uniform(0.9, 1.0, n), np.nan)
    removed = np.where(ended, age * rng.random(n) * 0.7, removed)
    removed = np.where(np.isnan(removed) & (closed > 0), np.minimum(closed, age), removed)
    return removed, np.where(taken, 0, rng.integers(1, 4, n))


def adversary_index(offers: Offers) -> Ints:
    """Index into ADVERSARY_KINDS by listing, -1 for honest ones."""
    return np.where(offers.is_fake, offers.trick - len(HONEST_KINDS), -1)


def epoch(world: World, days_before: Floats) -> Floats:
    """Epoch seconds of an instant that many days before the market is looked at."""
    return world.as_of - days_before * DAY
