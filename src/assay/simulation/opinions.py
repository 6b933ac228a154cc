"""Reviews: what buyers write, in five languages, and whether they speak of fakes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.draws import Flags, Floats, Ints, at, key, numbered, unit, where_valid
from assay.simulation.listings import listing_ids
from assay.simulation.merchants import DAY, KIND, merchant_ids
from assay.simulation.offers import Offers, World
from assay.simulation.trade import Trade
from assay.simulation.vocabulary import REVIEW_KINDS, review_sentences

_KIND = {name: i for i, name in enumerate(REVIEW_KINDS)}
_LANGUAGE_RATES = (0.34, 0.12, 0.16, 0.16, 0.22)
_STARS = np.array((5, 4, 3, 2, 1))
_HONEST_STARS = np.cumsum((0.63, 0.20, 0.07, 0.04, 0.06))


def reviews_table(rng: np.random.Generator, world: World, offers: Offers, trade: Trade) -> pa.Table:
    """One row per review; every review follows an order."""
    order = np.flatnonzero(_reviewed(rng, world, offers, trade))
    row = trade.row[order]
    n = len(order)
    sort, stars = _opinions(rng, world, offers, row)
    written = np.minimum(trade.delivered[order] + DAY * rng.gamma(1.5, 5.0, n), world.as_of - 60)
    return pa.table(
        {
            "review_id": numbered("R", trade.number[order], 13),
            "listing_id": listing_ids(offers.number).take(pa.array(row)),
            "merchant_id": merchant_ids(offers.merchant).take(pa.array(row)),
            "order_id": numbered("O", trade.number[order], 13),
            "buyer_id": numbered("A", trade.buyer[order], 9),
            "rating": stars.astype(np.float64),
            "text": _texts(rng, world, offers, row, sort),
            "n_images": np.where(rng.random(n) < 0.12, rng.integers(1, 4, n), 0),
            "written_at": at(written),
        }
    )


def _reviewed(rng: np.random.Generator, world: World, offers: Offers, trade: Trade) -> Flags:
    """Which orders are reviewed: some listings never are, whatever they sell."""
    settings = world.settings
    open_to = unit(key(world.seed, 601, offers.number), 1) < 0.85
    arrived = trade.delivered < world.as_of
    share = settings.reviews_per_listing / settings.orders_per_listing
    chance = share * len(trade.row) / max(1, int((open_to[trade.row] & arrived).sum()))
    return open_to[trade.row] & arrived & (rng.random(len(trade.row)) < chance)


def _opinions(rng: np.random.Generator, world: World, offers: Offers, row: Ints) -> tuple[Ints, Ints]:
    """What each review says (index into REVIEW_KINDS) and its stars."""
    n = len(row)
    u = rng.random(n)
    good_copy = np.isin(offers.trick, (KIND["dear_fake"], KIND["mixed_seller"]))
    says_fake = np.where(offers.is_fake, (0.03 + 0.20 * offers.loud) * np.where(good_copy, 0.5, 1.0), 0.0)
    says_fake += np.where(
        offers.is_fake, 0, 0.0012 + 0.010 * world.merchants.angry[offers.merchant] + 0.004 * offers.look
    )
    fake = u < says_fake[row]
    denied = ~fake & (u > 1 - 0.012 - 0.010 * offers.look[row])
    elsewhere = ~fake & ~denied & (u > 1 - 0.030)
    worse = (0.06 * offers.loud + 0.14 * offers.look)[row]
    stars = _STARS[np.minimum(np.searchsorted(_HONEST_STARS, np.minimum(rng.random(n) + worse, 0.999)), 4)]
    stars = np.where(fake, np.where(rng.random(n) < 0.85, 1, 2), np.where(denied, 5, stars))
    sort = np.where(stars >= 4, _KIND["good"], np.where(stars == 3, _KIND["plain"], _KIND["bad"]))
    return np.select([fake, denied, elsewhere], [_KIND["fake"], _KIND["denied"], _KIND["elsewhere"]], sort), stars


def _texts(rng: np.random.Generator, world: World, offers: Offers, row: Ints, sort: Ints) -> pa.Array:
    """One or two sentences; a third of the reviews that say nothing special have no text."""
    n = len(row)
    home = world.merchants.language[offers.merchant][row]
    language = np.where(rng.random(n) < 0.6, home, rng.choice(len(_LANGUAGE_RATES), n, p=_LANGUAGE_RATES))
    first = _sentence(language, sort, rng.random(n))
    beside = np.where(sort == _KIND["fake"], _KIND["bad"], np.where(sort <= _KIND["bad"], sort, _KIND["plain"]))
    second = where_valid(_sentence(language, beside, rng.random(n)), rng.random(n) < 0.45)
    text = pc.binary_join_element_wise(first, second, " ", null_handling="skip")
    return where_valid(text, (sort > _KIND["bad"]) | (rng.random(n) > 0.35))


def _sentence(language: Ints, sort: Ints, fraction: Floats) -> pa.Array:
    return review_sentences().take(language * len(REVIEW_KINDS) + sort, fraction)
