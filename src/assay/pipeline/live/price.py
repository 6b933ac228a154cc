"""Price signals of one offer: against the other merchants' prices, authorised merchants, the list price; odd prices."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor, isnan, log
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.pipeline.live.goods import Goods, cell_keys
from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows, counted_merchants, real
from assay.pipeline.live.shelves import Ints, Shelf
from assay.signals.goods import goods, with_cell_facts
from assay.signals.price import LEAST_SPREAD
from assay.signals.price_points import ENDINGS, USUAL_ENDING_SHARE, authorised_prices, basis, reference_prices
from assay.signals.references import (
    LEAST_MERCHANTS,
    LEVEL_BRAND,
    LEVEL_CATEGORY,
    LEVEL_MODEL,
    QUARTILES_PER_SD,
)

_Floats = npt.NDArray[np.float64]
# A cell and a model in one whole number; no market has this many models.
_MODELS = 1 << 31


@dataclass(frozen=True, slots=True)
class Reference:
    """What is usual among the other merchants, and what stands behind it."""

    middle: float
    spread: float
    n_others: int
    n_sold: int
    level: int


def shelve_prices(rows: Rows) -> None:
    """Writes what every merchant's price is in every cell, what authorised merchants ask, endings and equal prices."""
    market, work, writer = rows.market, rows.work, rows.writer
    offered = goods(market, work)
    (learnt,) = rows.aligned(reference_prices(offered, market, work), "value")
    values = real(learnt)
    writer.array("price_learnt", values)
    cell, model, category = _cells_of(rows)
    models = _model_names(rows)
    has_model = np.array([bool(name) for name in models])[model] if models else np.zeros(len(rows), dtype=bool)
    known = ~np.isnan(values)
    for name, keys, used in (
        ("price_model", cell.astype(np.int64) * _MODELS + model, known & has_model),
        ("price_brand", cell.astype(np.int64), known),
        ("price_category", category.astype(np.int64), known & (category > 0)),
    ):
        _shelve_level(rows, name, keys[used], rows.merchant[used], values[used])
    asked = np.load(writer.folder / "price.npy")
    priced = asked > 0
    keys, counts = counted_merchants(_asking(cell[priced], asked[priced]), rows.merchant[priced])
    writer.array("price_asking.keys", keys)
    writer.array("price_asking.rows", counts)
    official = work.engine.collect(authorised_prices(with_cell_facts(offered, market, work))).sort_by("authorised_cell")
    writer.array("price_official.keys", official["authorised_cell"].to_numpy().astype(np.int64))
    writer.array("price_official.log", official["authorised_log"].to_numpy())
    writer.array("price_official.n", official["n_authorised"].to_numpy())
    _shelve_endings(rows, asked, cell)


def _cells_of(rows: Rows) -> tuple[npt.NDArray[np.int32], ...]:
    folder = rows.writer.folder
    cell = np.load(folder / "cell.npy")
    return cell, np.load(folder / "model.npy"), np.load(folder / "cell_category_cell.npy")[cell]


def _model_names(rows: Rows) -> list[str]:
    (model,) = rows.aligned(goods(rows.market, rows.work), "model")
    return sorted(pa.compute.unique(model.drop_null()).to_pylist(), key=lambda name: name.encode())


def _shelve_level(rows: Rows, name: str, keys: Ints, merchant: npt.NDArray[np.int32], values: _Floats) -> None:
    """Every merchant once in a cell, with the mean of its listings' values, in the order of these."""
    pairs, place = np.unique(np.stack((keys, merchant.astype(np.int64)), axis=1), axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), minlength=len(pairs))
    means = np.bincount(place.ravel(), weights=values, minlength=len(pairs)) / np.maximum(counts, 1)
    order = np.lexsort((means, pairs[:, 0]))
    found, starts = np.unique(pairs[order, 0], return_index=True)
    writer = rows.writer
    writer.array(f"{name}.keys", found)
    writer.array(f"{name}.starts", np.append(starts, len(pairs)).astype(np.int64))
    writer.array(f"{name}.rows", pairs[order, 1].astype(np.int32))
    writer.array(f"{name}.values", means[order])
    writer.array(f"{name}.counts", counts[order].astype(np.int32))


def _asking(cell: npt.NDArray[np.int32], price: Ints) -> Ints:
    """A cell and a price as one key: a product with an odd number leaves no two of a market's pairs equal by design."""
    return np.asarray(cell.astype(np.int64) * np.int64(0x9E3779B97F4A7C1) + price)


def _shelve_endings(rows: Rows, asked: Ints, cell: npt.NDArray[np.int32]) -> None:
    folder = rows.writer.folder
    currencies = [currency for _, _, currency in cell_keys(folder)]
    counts: dict[str, list[int]] = {}
    priced = asked > 0
    pairs, n = np.unique(np.stack((cell[priced], asked[priced] % ENDINGS), axis=1), axis=0, return_counts=True)
    for (number, ending), many in zip(pairs.tolist(), n.tolist(), strict=True):
        counts.setdefault(currencies[number], [0] * ENDINGS)[ending] += many
    about = {"basis": basis(rows.market), "endings": counts, "currencies": currencies}
    (folder / "prices.json").write_bytes(orjson.dumps(about))


class Prices:
    """Measures the price signals of an offer."""

    def __init__(self, shelf: Shelf) -> None:
        about = orjson.loads((shelf.folder / "prices.json").read_bytes())
        self.basis: str = about["basis"]
        self.endings: dict[str, list[int]] = about["endings"]
        self.currencies: list[str] = about["currencies"]
        self.learnt, self.price = shelf.floats("price_learnt"), shelf.ints("price")
        self.cell, self.model = shelf.array("cell"), shelf.array("model")
        self.category_cell = shelf.array("cell_category_cell")
        self.levels = {
            level: (shelf.groups(name), shelf.floats(f"{name}.values"), shelf.array(f"{name}.counts"))
            for level, name in (
                (LEVEL_MODEL, "price_model"),
                (LEVEL_BRAND, "price_brand"),
                (LEVEL_CATEGORY, "price_category"),
            )
        }
        self.asking = shelf.keys("price_asking")
        self.official = shelf.ints("price_official.keys")
        self.official_log, self.official_n = shelf.floats("price_official.log"), shelf.ints("price_official.n")

    def measured(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        """Values and facts of every price signal."""
        price = offer.values["price"]
        log_price = log(price) if price else None
        found: dict[str, Any] = {
            "price_gap__price": price,
            "price_gap__brand": goods.brand_name or None,
            "price_gap__category": offer.values["category"],
            "price_gap__currency": offer.values["currency"],
            "price_gap__basis": self.basis,
            "price_repeated": self._repeated(offer, goods),
        }
        reference = self._reference(offer, goods, log_price)
        if reference is not None:
            found |= _gap(reference, log_price)
        return found | self._authorised_gap(goods, log_price) | _list_gap(offer, goods, log_price)

    def _reference(self, offer: Offer, goods: Goods, log_price: float | None) -> Reference | None:
        """The usual price in the finest cell that has enough merchants."""
        learnt = self._own_learnt(offer, log_price)
        others, cells = offer.own(self.learnt), offer.own(self.cell)
        known = ~np.isnan(others)
        if goods.model and goods.model_code >= 0 and goods.cell >= 0:
            same = known & (cells == goods.cell) & (offer.own(self.model) == goods.model_code)
            key = goods.cell * _MODELS + goods.model_code
            found = self._level(LEVEL_MODEL, key, offer.merchant, _with(others[same], learnt))
            if found is not None:
                return found
        if goods.cell >= 0:
            same = known & (cells == goods.cell)
            found = self._level(LEVEL_BRAND, goods.cell, offer.merchant, _with(others[same], learnt))
            if found is not None:
                return found
        if goods.category_cell < 0:
            return None
        same = known & (self.category_cell[cells] == goods.category_cell)
        return self._level(LEVEL_CATEGORY, goods.category_cell, offer.merchant, _with(others[same], learnt))

    def _own_learnt(self, offer: Offer, log_price: float | None) -> float | None:
        """What the offer itself adds to what is usual: its asking price, or what was paid for it so far."""
        if self.basis == "asked":
            return log_price
        return float(self.learnt[offer.row]) if offer.is_known and not isnan(self.learnt[offer.row]) else None

    def _level(self, level: int, key: int, merchant: int, own: _Floats) -> Reference | None:
        groups, values, counts = self.levels[level]
        place = groups.place(key)
        start, stop = (int(groups.starts[place]), int(groups.starts[place + 1])) if place >= 0 else (0, 0)
        if stop - start + 1 < LEAST_MERCHANTS:
            return None
        kept = groups.rows[start:stop] != merchant
        others = values[start:stop][kept]
        n = len(others) + (len(own) > 0)
        if n < LEAST_MERCHANTS:
            return None
        every = _inserted(others, float(own.sum() / len(own))) if len(own) else others
        half, quarter = len(others) // 2, (n - 1) // 4
        middle = others[half] if len(others) % 2 else (others[half - 1] + others[half]) / 2
        spread = (every[n - 1 - quarter] - every[quarter]) / QUARTILES_PER_SD
        n_sold = int(counts[start:stop][kept].sum())
        return Reference(float(middle), float(spread), len(others), n_sold, level)

    def _authorised_gap(self, goods: Goods, log_price: float | None) -> dict[str, Any]:
        # Whoever is not on the brand's list has no part in what those on it ask, so nothing is left out.
        place = int(self.official.searchsorted(goods.cell))
        if goods.unauthorised != 1.0 or place >= len(self.official) or self.official[place] != goods.cell:
            return {}
        usual = float(self.official_log[place])
        return {
            "price_authorised_gap": None if log_price is None else log_price - usual,
            "price_authorised_gap__reference": rounded(exp(usual)),
            "price_authorised_gap__n_merchants": int(self.official_n[place]),
        }

    def _repeated(self, offer: Offer, goods: Goods) -> float | None:
        price = offer.values["price"]
        if not price or goods.brand_key == "":
            return None
        if self._is_usual_ending(offer, price) or goods.cell < 0:
            return 0.0
        key = int(_asking(np.array([goods.cell], dtype=np.int32), np.array([price], dtype=np.int64))[0])
        n_asking = max(self.asking.row(key), 0)
        whole = slice(offer.first, offer.stop)
        is_own = bool(((self.cell[whole] == goods.cell) & (self.price[whole] == price)).any())
        return float(n_asking - is_own)

    def _is_usual_ending(self, offer: Offer, price: int) -> bool:
        currency, ending = offer.text("currency"), price % ENDINGS
        counts = self.endings.get(currency)
        n, total = (counts[ending], sum(counts)) if counts else (0, 0)
        old = int(self.price[offer.row]) if offer.is_known else -1
        if old > 0 and self.currencies[int(self.cell[offer.row])] == currency:
            n, total = n - (old % ENDINGS == ending), total - 1
        return (n + 1) / (total + 1) > USUAL_ENDING_SHARE


def _inserted(ordered: _Floats, value: float) -> _Floats:
    return np.insert(ordered, int(ordered.searchsorted(value)), value)


def _with(values: _Floats, own: float | None) -> _Floats:
    return values if own is None else np.append(values, own)


def _gap(reference: Reference, log_price: float | None) -> dict[str, Any]:
    gap = None if log_price is None else log_price - reference.middle
    spread = max(reference.spread, LEAST_SPREAD)
    is_of_brand = reference.level != LEVEL_CATEGORY
    return {
        "price_gap": gap if is_of_brand else None,
        "price_category_gap": None if is_of_brand else gap,
        "price_gap__reference": rounded(exp(reference.middle)),
        "price_gap__n_merchants": reference.n_others,
        "price_gap__n_listings": reference.n_sold,
        "price_gap__level": reference.level,
        "price_outlier": None if gap is None else gap / spread,
        "price_outlier__spread": spread,
    }


def _list_gap(offer: Offer, goods: Goods, log_price: float | None) -> dict[str, Any]:
    if goods.product is None:
        return {}
    listed = goods.product["list_price"]
    same = offer.text("currency") == (goods.product["currency"] or "")
    gap = log_price - log(listed) if same and listed and log_price is not None else None
    return {
        "price_list_gap": gap,
        "price_list_gap__list_price": listed,
        "price_list_gap__model": goods.product["model"],
    }


def rounded(number: float) -> int:
    """The nearest whole number, halves up, as the engine rounds."""
    return floor(number + 0.5)
