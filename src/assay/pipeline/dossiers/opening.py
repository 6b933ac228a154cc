"""Opens the dossiers of a run: selects, gathers, and gives them in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from assay.engine import EngineSettings, Workspace, open_engine, open_market
from assay.market.values.currencies import exponent, is_code
from assay.pipeline.dossiers.dossier import Dossier, PictureUse, PricePlace, Span
from assay.pipeline.dossiers.gathering import (
    ANY_BRAND,
    BRANDED,
    LISTING,
    MERCHANT,
    OF_LISTING,
    OF_MERCHANT,
    OF_SELLER,
    QUANTILES,
    gather_listings,
    gather_merchants,
)
from assay.pipeline.dossiers.reading import Beside, Key, Sides, batches
from assay.pipeline.dossiers.selecting import Selected, Wanted, expected_harm, merchant_harms, select
from assay.pipeline.explaining import Explanation, explanation
from assay.pipeline.runs import Run
from assay.rating import Model

# Large enough that a database writes at its full rate, small enough that a batch with its texts stays below 100 MB.
BATCH = 2_000
_GOODS_SHOWN = 8
_ELSEWHERE_NAMED = 5
_SPAN = "__span"
_NUMBERS = frozenset({"listing_id", "merchant_id", "worst_listing_score", "share_at_risk", "n_listings"})
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Dossiers:
    """The dossiers of a run while it is open. Counts say what was selected, and from what."""

    run: Run
    folder: Path
    selected: Selected

    @property
    def counts(self) -> dict[str, Any]:
        """Live listings, drawn at random, flagged but no longer offered; the currency that harm counts in."""
        return {
            "live_listings": self.selected.n_live,
            "drawn": self.selected.n_drawn,
            "not_live": self.selected.n_not_live,
            "currency": self.selected.currency,
        }

    def listings(self, after: Key | None = None, size: int = BATCH) -> Iterator[list[Dossier]]:
        """Batches of listings in the order of (merchant, listing), from behind `after` on."""
        model = self.run.model("listing")
        measured = Sides(self.folder, OF_LISTING, "merchant_id", "listing_id")
        sellers = Sides(self.folder, OF_SELLER, "merchant_id")
        pictures = Beside(self.folder / "pictures", "merchant_id", "listing_id")
        uses = Beside(self.folder / "picture_uses", "merchant_id", "listing_id")
        goods = Beside(self.folder / "goods_of_sellers", "merchant_id")
        for rows in batches(self.folder / "listings", size):
            kept = [row for row in rows if after is None or _key(row) > after]
            if not kept:
                continue
            last = _key(kept[-1])
            known, shops = measured.upto(last), sellers.upto(last[:1])
            around = _Around(pictures.upto(last), uses.upto(last), goods.upto(last[:1]))
            for row in kept:
                row.update(shops.get(_key(row)[:1], {}) | known.get(_key(row), {}))
            harms = expected_harm(*_harm_columns(kept)).tolist()
            yield [self._listing(model, row, harm, around) for row, harm in zip(kept, harms, strict=True)]

    def merchants(self, after: Key | None = None, size: int = BATCH) -> Iterator[list[Dossier]]:
        """Batches of merchants in the order of their ids, from behind `after` on."""
        model = self.run.model("merchant")
        measured = Sides(self.folder, OF_MERCHANT, "merchant_id")
        goods = Beside(self.folder / "goods_of_merchants", "merchant_id")
        for rows in batches(self.folder / "merchants", size):
            kept = [row for row in rows if after is None or (row["merchant_id"],) > after]
            if not kept:
                continue
            harms = self._merchant_harms
            last = (kept[-1]["merchant_id"],)
            around, known = goods.upto(last), measured.upto(last)
            for row in kept:
                row.update(known[(row["merchant_id"],)])
                row["harm"] = harms.get(row["merchant_id"], 0.0)
            yield [self._merchant(model, row, around) for row in kept]

    @cached_property
    def _merchant_harms(self) -> dict[str, float]:
        ids = pq.read_table(self.folder / "selected_merchants", columns=["merchant_id"])
        return merchant_harms(self.selected.candidates_folder, ids["merchant_id"].combine_chunks())

    def _listing(self, model: Model, row: Row, harm: float, around: _Around) -> Dossier:
        key = _key(row)
        uses: dict[str, list[Row]] = {}
        for use in around.uses.get(key, ()):
            uses.setdefault(use["image_id"], []).append(use)
        names = _names(tuple(row))
        return Dossier(
            explanation=self._explained(model, "listing", row, names),
            listing=_original(row, names.listing),
            merchant=_original(row, names.merchant) or {"merchant_id": row["merchant_id"]},
            harm_minor=round(harm),
            is_flagged=row["is_flagged"],
            inclusion_probability=self.selected.inclusion_probability if row["is_drawn"] else None,
            price=_price(row),
            pictures=tuple(_picture(each, uses.get(each["image_id"], [])) for each in around.pictures.get(key, ())),
            goods=_goods(around.goods.get(key[:1], []), row["listing_id"]),
            spans=_spans(row, names.spans),
        )

    def _explained(self, model: Model, kind: str, row: Row, names: _Names) -> Explanation:
        measured, scores = ({name: row[name] for name in each} for each in (names.measured, names.scores))
        return explanation(model, self.run.about, kind, measured, scores)

    def _merchant(self, model: Model, row: dict[str, Any], goods: dict[Key, list[dict[str, Any]]]) -> Dossier:
        names = _names(tuple(row))
        return Dossier(
            explanation=self._explained(model, "merchant", row, names),
            listing={},
            merchant=_original(row, names.merchant) or {"merchant_id": row["merchant_id"]},
            harm_minor=round(row["harm"]),
            is_flagged=True,
            inclusion_probability=None,
            goods=_goods(goods.get((row["merchant_id"],), [])),
        )


@dataclass(frozen=True, slots=True)
class _Around:
    """What hangs on the listings of one batch, by (merchant, listing) or merchant."""

    pictures: dict[Key, list[dict[str, Any]]]
    uses: dict[Key, list[dict[str, Any]]]
    goods: dict[Key, list[dict[str, Any]]]


@contextmanager
def open_dossiers(
    run: Run, wanted: Wanted | None = None, *, engine: str | None = None, settings: EngineSettings | None = None
) -> Iterator[Dossiers]:
    """The dossiers of the flagged and the drawn subjects of a run, gathered into files that go when they are closed.

    The market must still be where the run found it, with the snapshot that was rated; CallerError when it is not.
    """
    with open_engine(engine, settings) as opened:
        market = open_market(opened, run.market_folder, run.snapshot_id)
        work = Workspace(opened, opened.scratch / "dossiers")
        selected = select(work, market, run, wanted or Wanted())
        gather_listings(work, market, run, selected)
        gather_merchants(work, market, run, selected)
        yield Dossiers(run, work.folder, selected)


def _key(row: Row) -> Key:
    return (row["merchant_id"], row["listing_id"])


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a wide row by what they are: looked through once for all rows that have the same."""

    measured: tuple[str, ...]
    scores: tuple[str, ...]
    listing: tuple[tuple[str, str], ...]
    merchant: tuple[tuple[str, str], ...]
    spans: tuple[str, ...]


@lru_cache(maxsize=32)
def _names(names: tuple[str, ...]) -> _Names:
    """Signal values and facts; ids, points and numbers; the originals under their own names; words that were read."""
    originals = (LISTING, MERCHANT, BRANDED, ANY_BRAND)
    return _Names(
        measured=tuple(name for name in names if not name.startswith(originals)),
        scores=tuple(name for name in names if name.startswith("points_") or name in _NUMBERS),
        listing=tuple((name, name.removeprefix(LISTING)) for name in names if name.startswith(LISTING)),
        merchant=tuple((name, name.removeprefix(MERCHANT)) for name in names if name.startswith(MERCHANT)),
        spans=tuple(name for name in names if name.endswith(_SPAN)),
    )


def _original(row: Row, pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The original row; empty when the market has none of that id."""
    found = {bare: row[name] for name, bare in pairs}
    return found if any(value is not None for value in found.values()) else {}


def _harm_columns(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    chance = [row["score"] / 100.0 for row in rows]
    return chance, *([row[name] for row in rows] for name in ("n_orders", "price_counted", "safety_class"))


def _price(row: Row) -> PricePlace | None:
    """The price among offers of the same brand and category, else of the category; None where there are too few."""
    price, currency = row[f"{LISTING}price"], row[f"{LISTING}currency"]
    if price is None:
        return None
    category, brand = row[f"{LISTING}category"], row[f"{LISTING}brand"]
    for prefix, among in ((BRANDED, f"{brand}, {category}"), (ANY_BRAND, str(category))):
        if row[f"{prefix}n"] is not None:
            spread = {f"{name}_minor": round(row[f"{prefix}{name}"]) for name in QUANTILES}
            decimals = exponent(currency if is_code(currency) else None)
            return PricePlace(price, currency, decimals, among, row[f"{prefix}n"], **spread)
    return None


def _picture(row: Row, uses: list[Row]) -> PictureUse:
    """Copies of one file share their fingerprint as well, so the larger of the two counts holds both."""
    others = sorted({use["other"] for use in uses})
    n_elsewhere = max((use["n_listings"] - 1 for use in uses), default=0)
    uri = min((use["other_uri"] or "" for use in uses if use["other"] == others[0]), default="")
    return PictureUse(row, int(n_elsewhere), tuple(others[:_ELSEWHERE_NAMED]), uri)


def _goods(rows: list[dict[str, Any]], but: str = "") -> tuple[tuple[str, str, float], ...]:
    others = [row for row in rows if row["listing_id"] != but][:_GOODS_SHOWN]
    return tuple((row["listing_id"], row["title"] or "", row["score"]) for row in others)


# Where the words stand when the facts do not say it.
_PLACES = {"wording_discreet": "description"}


def _spans(row: Row, names: tuple[str, ...]) -> tuple[Span, ...]:
    found = []
    for name in names:
        if text := row[name]:
            column = name.removesuffix(_SPAN)
            place = row.get(f"{column}__place") or _PLACES.get(column, "title")
            found.append(Span(column.replace("_", "-"), place, text))
    return tuple(found)
