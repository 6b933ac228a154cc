"""Makes the demonstration: people, a loaded run, test buys, and some days of work on them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
from django.utils import timezone

from assay.casework.demonstration import buying, drawing, objecting, reviewing
from assay.casework.demonstration.cast import Login, Names, make_cast
from assay.casework.demonstration.clock import at
from assay.casework.demonstration.reviewing import Work, open_items
from assay.casework.models import Decision, Item, Language, Stream
from assay.casework.services import census
from assay.casework.services.loading import How, load_run
from assay.casework.services.recording import COMMAND_LINE
from assay.engine import EngineSettings
from assay.market.errors import CallerError
from assay.pipeline import open_run
from assay.pipeline.originals import originals

# Three weeks: long enough for curves of the queue, short enough that no usual action has run out but the invoices.
DAYS = 21
_MOST_REVIEWED = 60
_RANDOM_REVIEWED = 12
_CHINESE = frozenset({"CN", "HK", "TW", "MO"})


@dataclass(frozen=True, slots=True)
class SimulatedFolder:
    """Where a simulated market's parts lie: the run, the truth, and the period's test buys."""

    folder: Path

    @property
    def run(self) -> Path:
        """The rating of the simulated market."""
        return self.folder / "run"

    @property
    def truth(self) -> Path:
        """What is true about it, which only the simulation knows."""
        return self.folder / "truth"

    @property
    def buys(self) -> Path:
        """The test buys of the simulated period."""
        return self.folder / "buys"

    @property
    def open_buys(self) -> Path:
        """The test buys that are under way."""
        return self.folder / "buys-under-way"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was made: the logins with their passwords, and how much there is to look at."""

    logins: tuple[Login, ...]
    n_items: int
    n_open: int
    n_decisions: int
    n_appeals: int


def make(
    simulated: SimulatedFolder,
    *,
    seed: int = 1,
    settings: EngineSettings | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Demonstration:
    """Fills an empty casework from a simulated market. CallerError when there is something in it already.

    Everything is done by the services that people's pages use, at moments of the past three weeks. All names are the
    simulation's; the same seed gives the same choices, the passwords are new every time.
    """
    if Item.objects.exists() or Decision.objects.exists():
        raise CallerError("This casework holds work already; a demonstration is made in an empty one.")
    now = timezone.now()
    begun = now - timedelta(days=DAYS)
    with at(begun):
        tell("loading the run")
        load_run(simulated.run, actor=COMMAND_LINE, seed=seed, how=How(engine_settings=settings))
        cast = make_cast(_names(simulated))
    tell("drawing pictures")
    drawing.draw_pictures(simulated.run)
    work = Work(cast, _fakes(simulated.truth), begun, now, random.Random(seed))
    tell("test buys")
    if simulated.buys.is_dir():
        buying.past_period(simulated.buys)
    tell("three weeks of reviews")
    n_appeals = _reviews(work)
    tell("test buys under way")
    buying.open_period(work, simulated.open_buys, simulated.run, settings)
    census.take(now)
    return Demonstration(
        logins=cast.logins,
        n_items=Item.objects.count(),
        n_open=Item.objects.filter(state="open").count(),
        n_decisions=Decision.objects.count(),
        n_appeals=n_appeals,
    )


def _reviews(work: Work) -> int:
    """The merchant's goods first, then the rest of the queue; half of what is open at most, so that work is left."""
    shop = work.cast.by_role["merchant"].organisation.merchant_id
    goods = open_items()
    own = [item for item in goods if item.merchant_id == shop][:3]
    removed = objecting.removals(work, own)
    rest = [item for item in goods if item.merchant_id != shop]
    some = rest[: min(_MOST_REVIEWED, len(rest) // 2)]
    drawn = open_items(Stream.RANDOM)[:_RANDOM_REVIEWED]
    merchants = open_items(subject_type="merchant")
    order = [*some, *drawn, *merchants[: min(6, len(merchants) // 2)]]
    work.chance.shuffle(order)
    reviewing.review(work, order)
    reviewing.second_opinions(work, 4)
    reviewing.gold_items(work, 4)
    left = open_items()
    reviewing.set_aside(work, left[-2:])
    return objecting.object_to(work, removed)


def _names(simulated: SimulatedFolder) -> Names:
    """The merchant with the most flagged goods, and the owner of the brand that is named most often in the queue."""
    goods = Item.objects.filter(subject_type="listing", stream=Stream.FLAGGED)
    shops = Counter(goods.order_by("merchant_id").values_list("merchant_id", flat=True))
    shop = min(shops, key=lambda each: (-shops[each], each))
    rows = originals(open_run(simulated.run))
    merchant = rows.rows("merchants", "merchant_id", [shop])[shop]
    language = Language.CHINESE if merchant["country"] in _CHINESE else Language.ENGLISH
    return Names(_rights_holder(simulated), shop, merchant["name"] or shop, language)


def _rights_holder(simulated: SimulatedFolder) -> str:
    named = Counter(Item.objects.exclude(brand="").values_list("brand", flat=True))
    snapshot = originals(open_run(simulated.run)).snapshot
    if snapshot is None:
        raise CallerError(f"The market of {simulated.run} is not where it was rated.")
    brands = ds.dataset(snapshot.tables["brands"]).to_table(columns=["name", "rights_holder"]).to_pylist()
    owners = {row["name"]: row["rights_holder"] for row in brands if row["rights_holder"]}
    known = [name for name, _ in named.most_common() if name in owners]
    return str(owners[known[0]] if known else next(iter(sorted(owners.values()))))


def _fakes(truth: Path) -> frozenset[str]:
    """Counterfeit listings, and merchants most of whose goods are."""
    rows = pq.read_table(truth / "listings.parquet", columns=["listing_id", "is_counterfeit"]).to_pylist()
    shops = pq.read_table(truth / "merchants.parquet", columns=["merchant_id", "n_listings", "n_counterfeit"])
    listings = {row["listing_id"] for row in rows if row["is_counterfeit"]}
    merchants = {row["merchant_id"] for row in shops.to_pylist() if 2 * row["n_counterfeit"] > row["n_listings"]}
    return frozenset(listings | merchants)
