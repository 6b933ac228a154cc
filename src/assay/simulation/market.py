"""Puts the market together: fixed parts first, then chunk after chunk, each from its own seed."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.snapshots import SnapshotWriter
from assay.market.errors import CallerError
from assay.simulation.catalogue import Catalogue, brands_table, make_catalogue, products_table
from assay.simulation.draws import Flags, Floats, Ints, numbered, where_valid
from assay.simulation.imagery import images_table
from assay.simulation.listings import listing_ids, listings_table
from assay.simulation.merchants import (
    ADVERSARY_KINDS,
    KIND,
    KINDS,
    make_merchants,
    merchant_ids,
    merchants_table,
)
from assay.simulation.offers import Offers, World, adversary_index, epoch, make_offers
from assay.simulation.opinions import reviews_table
from assay.simulation.posts import market_posts
from assay.simulation.settings import SimulationSettings
from assay.simulation.trade import Counters, accounts_table, count, make_trade, orders_table, stats_table
from assay.simulation.verdicts import listing_verdicts, merchant_verdicts
from assay.simulation.wordings import write_texts

LEAST_LISTINGS = 1_000  # below that the published shares cannot be met in whole merchants
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """Where a synthetic market and its truth are, and how large it came out."""

    market: Path
    truth: Path
    snapshot_id: str
    n_rows: dict[str, int]

    @property
    def n_rows_in_all(self) -> int:
        """Rows of all market tables together."""
        return sum(self.n_rows.values())


def simulate(
    folder: Path,
    *,
    n_listings: int,
    seed: int,
    settings: SimulationSettings | None = None,
    progress: Progress | None = None,
    workers: int = 2,
) -> SimulatedMarket:
    """Writes a synthetic market to `folder/market` and what is true about it to `folder/truth`.

    The truth is `listings.parquet` (listing_id, is_counterfeit, adversary, caught, ring_id, producer) and
    `merchants.parquet` (merchant_id, kind, n_listings, n_counterfeit, ring_id, producer, predecessor_id), and
    `posts.parquet`, one row for each post of a campaign or of an innocent crowd (`planting.TRUTH_SCHEMA`). The market
    itself knows only its verdicts. The same seed, size and settings give the same files to the byte, with any number
    of workers. `progress` is called with listings written and listings in all. CallerError for fewer than 1,000
    listings.

    Example: `simulate(Path("demo"), n_listings=15_000, seed=7).market`
    """
    if n_listings < LEAST_LISTINGS:
        raise CallerError(
            f"A simulated market needs at least {LEAST_LISTINGS:,} listings; got {n_listings:,} (option --listings).",
            value=n_listings,
            allowed=f">= {LEAST_LISTINGS}",
        )
    settings = settings or SimulationSettings()
    world, merchant_of, is_fake = _world(n_listings, seed, settings)
    with SnapshotWriter(folder / "market") as writer, _Truth(folder / "truth") as truth:
        sink = _Sink(world, writer, truth)
        sink.write_fixed()
        done = 0
        for chunk in _chunks(world, merchant_of, is_fake, workers):
            sink.write_chunk(chunk)
            done += len(chunk.offers)
            if progress is not None:
                progress(done, n_listings)
        sink.write_merchants()
        sink.write_posts()
        snapshot_id = writer.commit(_about(n_listings, seed, settings), as_of=settings.as_of)
        truth.commit()
    return SimulatedMarket(folder / "market", folder / "truth", snapshot_id, sink.n_rows)


def _about(n_listings: int, seed: int, settings: SimulationSettings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in settings.__slots__}
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    return {"simulated": {"n_listings": n_listings, "seed": seed, "settings": plain}}


def _world(n_listings: int, seed: int, settings: SimulationSettings) -> tuple[World, npt.NDArray[np.int32], Flags]:
    """The fixed parts, and for each listing its merchant and whether it is counterfeit, in shuffled order."""
    rng = _generator(seed, 0)
    catalogue = make_catalogue(rng)
    merchants = make_merchants(rng, n_listings, settings, _category_weights(catalogue))
    rows = np.arange(len(merchants), dtype=np.int32)
    merchant_of = np.repeat(rows, merchants.n_listings)
    place = np.arange(n_listings) - np.repeat(
        np.cumsum(merchants.n_listings) - merchants.n_listings, merchants.n_listings
    )
    is_fake = place < np.repeat(merchants.n_fake, merchants.n_listings)
    order = rng.permutation(n_listings)
    n_accounts = max(200, round(settings.accounts_per_listing * n_listings))
    world = World(seed, settings, catalogue, merchants, n_accounts)
    return world, merchant_of[order], is_fake[order]


def _generator(seed: int, *stage: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stage)))


def _category_weights(catalogue: Catalogue) -> tuple[Floats, Floats]:
    honest = np.array([float(row["honest_weight"]) for row in catalogue.categories])
    fake = np.array([float(row["fake_weight"]) ** 1.4 for row in catalogue.categories])
    return honest / honest.sum(), fake / fake.sum()


@dataclass(frozen=True, slots=True)
class _Chunk:
    offers: Offers
    counters: Counters
    tables: dict[str, pa.Table]


def _chunks(world: World, merchant_of: npt.NDArray[np.int32], is_fake: Flags, workers: int) -> Iterator[_Chunk]:
    """Chunks in order, made ahead by threads; at most `workers` wait finished, which bounds the memory."""
    size = world.settings.chunk_listings
    starts = range(0, len(merchant_of), size)

    def make(index: int, start: int) -> _Chunk:
        return _make_chunk(
            world, index, start, merchant_of[start : start + size].astype(np.int64), is_fake[start : start + size]
        )

    with ThreadPoolExecutor(max(1, workers)) as pool:
        waiting: deque[Future[_Chunk]] = deque()
        for index, start in enumerate(starts):
            waiting.append(pool.submit(make, index, start))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _make_chunk(world: World, index: int, first: int, merchant: Ints, is_fake: Flags) -> _Chunk:
    rng = _generator(world.seed, 1, index)
    offers = make_offers(rng, world, first, merchant, is_fake)
    texts = write_texts(rng, world, offers)
    trade = make_trade(rng, world, offers, index)
    counters = count(rng, offers, trade)
    tables = {
        "listings": listings_table(rng, world, offers, texts),
        "images": images_table(rng, world, offers, index),
        "orders": orders_table(rng, world, offers, trade),
        "reviews": reviews_table(rng, world, offers, trade),
        "verdicts": listing_verdicts(rng, world, offers),
        "listing_stats": stats_table(
            "listing", listing_ids(offers.number), counters, world.merchants.currency[merchant], world
        ),
        "accounts": _accounts(world, first, len(offers)),
    }
    return _Chunk(offers, counters, tables)


def _accounts(world: World, first: int, n: int) -> pa.Table:
    n_listings = int(world.merchants.n_listings.sum())
    low = first * world.n_accounts // n_listings
    high = (first + n) * world.n_accounts // n_listings
    return accounts_table(world, low, high - low)


@dataclass(slots=True)
class _Sink:
    """Takes chunks to disk and keeps the sums by merchant."""

    world: World
    writer: SnapshotWriter
    truth: _Truth
    n_rows: dict[str, int] = field(default_factory=dict)
    _sums: dict[str, Any] = field(default_factory=dict)

    def write(self, table: str, rows: pa.Table) -> None:
        self.writer.write(table, rows)
        self.n_rows[table] = self.n_rows.get(table, 0) + rows.num_rows

    def write_fixed(self) -> None:
        world = self.world
        self.write("brands", brands_table(world.catalogue, _authorised(world)))
        self.write("products", products_table(world.catalogue))
        self.write("merchants", merchants_table(world.merchants, world.seed, world.as_of))
        self.write("events", _events(world))

    def write_chunk(self, chunk: _Chunk) -> None:
        for table, rows in chunk.tables.items():
            self.write(table, rows)
        offers, counters = chunk.offers, chunk.counters
        for name in Counters.__slots__:
            self._add(name, offers.merchant, getattr(counters, name).astype(float))
        caught = np.flatnonzero(offers.caught)
        self._add("n_caught", offers.merchant[caught], np.ones(len(caught)))
        last = self._sums.setdefault("last_caught", np.zeros(len(self.world.merchants)))
        np.maximum.at(last, offers.merchant[caught], epoch(self.world, offers.caught_days[caught]))
        self.truth.listings.write_table(_listing_truth(self.world, offers))

    def _add(self, name: str, merchant: Ints, values: Floats) -> None:
        n = len(self.world.merchants)
        self._sums[name] = self._sums.get(name, 0) + np.bincount(merchant, weights=values, minlength=n)

    def write_merchants(self) -> None:
        world, sums = self.world, self._sums
        counters = Counters(**{name: sums[name].astype(np.int64) for name in Counters.__slots__})
        ids = merchant_ids(np.arange(len(world.merchants)))
        self.write("merchant_stats", stats_table("merchant", ids, counters, world.merchants.currency, world))
        verdicts = merchant_verdicts(_generator(world.seed, 2), world, sums["n_caught"], sums["last_caught"])
        self.write("verdicts", verdicts)
        pq.write_table(_merchant_truth(world), self.truth.temporary / "merchants.parquet")

    def write_posts(self) -> None:
        made = market_posts(_generator(self.world.seed, 3), self.world)
        self.write("posts", made.posts)
        self.write("accounts", made.accounts)
        pq.write_table(made.truth, self.truth.temporary / "posts.parquet")


def _authorised(world: World) -> list[list[str]]:
    """Merchants with an authorisation on file, by brand: those whose whole range is about that brand."""
    shops, catalogue = world.merchants, world.catalogue
    rows = np.flatnonzero(shops.kind == KIND["authorised"])
    found: list[list[str]] = [[] for _ in catalogue.brands]
    names = merchant_ids(rows).to_pylist()
    for column in range(shops.categories.shape[1]):
        brand = catalogue.product_brand[catalogue.choose(shops.categories[rows, column], shops.focus[rows])]
        for name, index in zip(names, brand.tolist(), strict=True):
            found[index].append(name)
    return [sorted(set(names)) for names in found]


_SALES = (
    ("New Year sale", 1, 2, 9),
    ("Spring sale", 3, 15, 7),
    ("Mid-year sale", 6, 1, 18),
    ("Singles' Day", 11, 10, 3),
)
_LATE_SALES = (("Black Friday", 11, 24, 5), ("Christmas sale", 12, 10, 14))


def _events(world: World) -> pa.Table:
    last = world.settings.as_of.year
    rows = [
        (name, datetime(year, month, day, tzinfo=UTC).timestamp(), days)
        for year in range(last - 3, last + 1)
        for name, month, day, days in _SALES + _LATE_SALES
    ]
    rows = [row for row in rows if row[1] + row[2] * 86_400 <= world.as_of]
    micros = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "event_id": numbered("E", np.arange(len(rows)), 4),
            "name": [f"{name} {datetime.fromtimestamp(start, UTC).year}" for name, start, _ in rows],
            "starts_at": pa.array([int(start * 1e6) for _, start, _ in rows]).cast(micros),
            "ends_at": pa.array([int((start + days * 86_400) * 1e6) for _, start, days in rows]).cast(micros),
        }
    )


def _ring_names(ring: Ints) -> pa.Array:
    return where_valid(numbered("G", np.maximum(ring, 0), 6), ring >= 0)


def _producer_names(producer: Ints) -> pa.Array:
    return where_valid(numbered("S", np.maximum(producer, 0), 6), producer >= 0)


def _listing_truth(world: World, offers: Offers) -> pa.Table:
    shops = world.merchants
    adversary = adversary_index(offers)
    return pa.table(
        {
            "listing_id": listing_ids(offers.number),
            "is_counterfeit": offers.is_fake,
            "adversary": where_valid(
                pa.array(ADVERSARY_KINDS).take(pa.array(np.maximum(adversary, 0))), adversary >= 0
            ),
            "caught": offers.caught,
            "ring_id": _ring_names(np.where(offers.is_fake, shops.ring[offers.merchant], -1)),
            "producer": _producer_names(np.where(offers.is_fake, shops.producer[offers.merchant], -1)),
        }
    )


def _merchant_truth(world: World) -> pa.Table:
    shops = world.merchants
    rows = np.arange(len(shops))
    return pa.table(
        {
            "merchant_id": merchant_ids(rows),
            "kind": pa.array(KINDS).take(pa.array(shops.kind)),
            "n_listings": shops.n_listings,
            "n_counterfeit": shops.n_fake,
            "ring_id": _ring_names(shops.ring),
            "producer": _producer_names(shops.producer),
            "predecessor_id": where_valid(merchant_ids(shops.persona), shops.persona != rows),
        }
    )


@dataclass(slots=True)
class _Truth:
    """The truth's folder, put in place by one rename."""

    folder: Path
    temporary: Path = field(init=False)
    listings: pq.ParquetWriter = field(init=False)

    def __enter__(self) -> _Truth:
        self.temporary = self.folder.with_name(f".truth.{uuid4().hex[:8]}")
        self.temporary.mkdir(parents=True)
        schema = pa.schema(
            [
                ("listing_id", pa.string()),
                ("is_counterfeit", pa.bool_()),
                ("adversary", pa.string()),
                ("caught", pa.bool_()),
                ("ring_id", pa.string()),
                ("producer", pa.string()),
            ]
        )
        self.listings = pq.ParquetWriter(self.temporary / "listings.parquet", schema)
        return self

    def commit(self) -> None:
        self.listings.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.temporary.rename(self.folder)

    def __exit__(self, *error: object) -> None:
        self.listings.close()
        shutil.rmtree(self.temporary, ignore_errors=True)
