"""Authentication outcomes: what was caught and when, what was cleared, and a random sample of test buys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.simulation.draws import Flags, Floats, Ints, at, where_valid
from assay.simulation.listings import listing_ids
from assay.simulation.merchants import Merchants, merchant_ids
from assay.simulation.offers import Offers, World, epoch

_CAUGHT_BY = ("platform_review", "brand_report", "customer_claim", "customs")
_CAUGHT_RATES = (0.48, 0.30, 0.17, 0.05)
_CLEARED_BY = ("platform_review", "appeal")


def listing_verdicts(rng: np.random.Generator, world: World, offers: Offers) -> pa.Table:
    """Verdicts on the listings of a chunk; a test-bought listing may also have another verdict."""
    caught = np.flatnonzero(offers.caught)
    n = len(caught)
    found = _rows(
        offers,
        caught,
        np.ones(n, dtype=bool),
        pa.array(_CAUGHT_BY).take(pa.array(rng.choice(4, n, p=_CAUGHT_RATES))),
        epoch(world, offers.caught_days[caught]),
        np.full(n, np.nan),
    )
    return pa.concat_tables([found, _cleared(rng, world, offers), _test_buys(rng, world, offers)])


def _cleared(rng: np.random.Generator, world: World, offers: Offers) -> pa.Table:
    """Honest listings that were looked at and cleared: the more fake-like, the likelier."""
    rate = world.settings.cleared_rate
    chance = rate * (0.5 + 6.0 * offers.look)
    rows = np.flatnonzero(~offers.is_fake & (rng.random(len(offers)) < chance))
    n = len(rows)
    source = pa.array(_CLEARED_BY).take(pa.array((rng.random(n) < 0.4).astype(np.int64)))
    days = offers.age_days[rows] * rng.uniform(0.02, 0.95, n)
    return _rows(offers, rows, np.zeros(n, dtype=bool), source, epoch(world, days), np.full(n, np.nan))


def _test_buys(rng: np.random.Generator, world: World, offers: Offers) -> pa.Table:
    """A Poisson sample of all listings with its inclusion probability, authenticated with a small stated error.

    Every listing is in the frame while it is live, so what was caught later could be drawn too: the sample speaks for
    the market that the score rates, not for what others left behind.
    """
    settings = world.settings
    risky = np.array([row["safety"] == "high" for row in world.catalogue.categories])
    probability = (
        np.where(world.catalogue.luxury[offers.brand] | risky[offers.category], 3.0, 1.0) * settings.test_buy_rate
    )
    rows = np.flatnonzero(rng.random(len(offers)) < probability)
    n = len(rows)
    right = np.where(offers.is_fake[rows], settings.test_buy_sensitivity, settings.test_buy_specificity)
    says_fake = offers.is_fake[rows] == (rng.random(n) < right)
    gone = np.fmax(np.nan_to_num(offers.removed_days[rows]), np.nan_to_num(offers.caught_days[rows]))
    days = gone + (offers.age_days[rows] - gone) * rng.uniform(0.05, 0.95, n)
    source = pa.repeat("test_buy", n).cast(pa.string())
    return _rows(offers, rows, says_fake, source, epoch(world, days), probability[rows])


def _rows(
    offers: Offers, rows: Ints, says_fake: Flags, source: pa.Array, decided: Floats, probability: Floats
) -> pa.Table:
    n = len(rows)
    return pa.table(
        {
            "subject_type": pa.repeat("listing", n).cast(pa.string()),
            "subject_id": listing_ids(offers.number[rows]),
            "verdict": pa.array(("genuine", "counterfeit")).take(pa.array(says_fake.astype(np.int64))),
            "source": source,
            "decided_at": at(decided),
            "inclusion_probability": where_valid(np.nan_to_num(probability), ~np.isnan(probability)),
        }
    )


def merchant_verdicts(rng: np.random.Generator, world: World, n_caught: Ints, last_caught: Floats) -> pa.Table:
    """Confirmed counterfeit sellers, and honest ones cleared on appeal.

    `n_caught` is the number of listings caught by merchant, `last_caught` the epoch seconds of the latest.
    """
    shops: Merchants = world.merchants
    confirmed = np.flatnonzero((n_caught >= 3) & (rng.random(len(shops)) < 0.75))
    cleared = np.flatnonzero((n_caught == 0) & (shops.n_fake == 0) & (rng.random(len(shops)) < 0.006))
    rows = np.concatenate([confirmed, cleared])
    fake = np.arange(len(rows)) < len(confirmed)
    decided = np.where(
        fake,
        np.minimum(last_caught[rows] + 3600, world.as_of),
        epoch(world, shops.age_days[rows] * rng.uniform(0.02, 0.5, len(rows))),
    )
    n = len(rows)
    return pa.table(
        {
            "subject_type": pa.repeat("merchant", n).cast(pa.string()),
            "subject_id": merchant_ids(rows),
            "verdict": pa.array(("genuine", "counterfeit")).take(pa.array(fake.astype(np.int64))),
            "source": pa.array(("appeal", "platform_review")).take(pa.array(fake.astype(np.int64))),
            "decided_at": at(decided),
        }
    )
