"""Rates one listing at the moment it is created, by the signals and the model of a rated run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from math import floor
from pathlib import Path
from threading import Lock
from typing import Any

from assay.market.errors import DamagedSnapshot
from assay.pipeline.explaining import Explanation, computed_signals, explanation
from assay.pipeline.live import listings
from assay.pipeline.live.goods import Catalogue
from assay.pipeline.live.history import History
from assay.pipeline.live.imagery import Imagery
from assay.pipeline.live.listing import cleaned
from assay.pipeline.live.merchants import Merchants
from assay.pipeline.live.offers import Offer, Offers
from assay.pipeline.live.preparing import LIVE_FOLDER, hashes, read_about
from assay.pipeline.live.price import Prices
from assay.pipeline.live.repetition import Repetition
from assay.pipeline.live.shelves import NONE, Shelf
from assay.pipeline.live.specification import Specifications
from assay.pipeline.live.wording import Wording
from assay.rating import load_model
from assay.signals.families import DECIMALS

_SCALE = 10**DECIMALS


class LiveRater:
    """Rates listings one by one against a market that was rated before. Opened once per process.

    Safe to use from several threads: nothing is written after opening, and listings are rated one at a time, as threads
    that rate at once only fight over the interpreter's lock and take twice as long together (benchmarks/casework). The
    market is mapped from disk, so that processes on one machine share its pages.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder, self.about = folder, about
        self._one_at_a_time = Lock()
        self.model = load_model(folder / "model_listing.json")
        signals = computed_signals(about, "listing")
        self._columns = tuple(signal.column for signal in signals)
        as_of_s = floor(datetime.fromisoformat(about["as_of"]).timestamp())
        self._as_of_s = as_of_s
        shelf = Shelf(folder)
        families = {signal.family for signal in signals}
        self._offers = Offers.of(shelf, as_of_s)
        self._catalogue = Catalogue(shelf, folder)
        self._merchants = Merchants(shelf, as_of_s)
        self._rated = shelf.ints("rated_s") if "rated_s" in shelf else None
        self._prices = Prices(shelf) if "price" in families else None
        self._wording = Wording(shelf) if "wording" in families else None
        self._specifications = Specifications(shelf) if "spec" in families else None
        self._repetition = Repetition(shelf) if "repetition" in families else None
        self._imagery = Imagery(shelf) if "imagery" in families else None
        self._history = History(shelf, as_of_s) if "history" in families else None

    @property
    def snapshot_id(self) -> str:
        """The snapshot that listings are compared with."""
        return str(self.about["snapshot_id"])

    def rate(self, listing: Mapping[str, Any]) -> Explanation:
        """The score of a listing with every step, what does not fit, and what could not be checked.

        `listing` has the columns of the table `listings` (price in minor units of its currency), and `images`, a list
        of rows of the table `images`, where its pictures are known. It is rated as if it stood in the rated market, in
        the place of its own row when it has one. An unknown merchant's signals are not checked. CallerError with every
        fault of the listing.
        """
        clean = cleaned(listing)
        with self._one_at_a_time:
            values = self._values(self._offers.offer(clean))
            found = explanation(
                self.model, self.about, "listing", values, {n: values[n] for n in ("listing_id", "merchant_id")}
            )
        return replace(found, name=clean.values["title"])

    def signals(self, listing: Mapping[str, Any]) -> dict[str, Any]:
        """The values and facts of every signal of a listing, by column; None where not checked."""
        return self._values(self._offers.offer(cleaned(listing)))

    def safety_class(self, brand: str | None) -> str | None:
        """The class by which harm is weighed, of the brand that a listing names; None where it is not known."""
        return self._catalogue.safety_class(brand)

    def _values(self, offer: Offer) -> dict[str, Any]:
        goods = self._catalogue.goods(offer)
        rated_s = self._rated_s(offer)
        found: dict[str, Any] = listings.measured(offer, goods, self._merchants.country(offer), self._as_of_s)
        if self._prices is not None:
            found |= self._prices.measured(offer, goods)
        if self._wording is not None:
            found |= self._wording.measured(offer)
        if self._specifications is not None:
            found |= self._specifications.measured(offer, goods)
        if self._repetition is not None:
            found |= self._repetition.measured(offer, rated_s)
        if self._imagery is not None:
            found |= self._imagery.measured(offer, rated_s)
        if self._history is not None:
            found |= self._history.measured(offer, rated_s)
        found |= self._merchants.later_life(offer) | self._merchants.measured(offer, goods)
        found |= {"listing_id": offer.listing_id, "merchant_id": offer.merchant_id}
        return _rounded(found, self._columns)

    def _rated_s(self, offer: Offer) -> int:
        """The instant at which the listing is rated: its first verdict, else the market's `as_of`."""
        if self._rated is None or not offer.is_known or self._rated[offer.row] == NONE:
            return self._as_of_s
        return int(self._rated[offer.row])


def open_live(folder: Path, *, check: bool = False) -> LiveRater:
    """Opens what `prepare_live` made: the folder itself, or the run folder it lies in.

    `check` compares every file with its hash, which reads all of them. CallerError when the folder is not prepared or
    was prepared by other code, DamagedSnapshot when a file does not match.
    """
    if (folder / "run.json").is_file():
        folder = folder / LIVE_FOLDER
    about = read_about(folder)
    if check:
        found = hashes(folder)
        bad = sorted(name for name in {*found, *about["files"]} if found.get(name) != about["files"].get(name))
        if bad:
            raise DamagedSnapshot(
                f"{folder} does not match its manifest ({', '.join(bad[:3])}); prepare the run again.",
                where={"path": str(folder), "files": bad},
            )
    return LiveRater(folder, about)


class _Facts(dict[str, Any]):
    """Values and facts of one row, in which what was not found out is None, as in a table."""

    def __missing__(self, name: str) -> None:
        return None


def _rounded(found: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """The values as the batch stores them, rounded as the engine rounds; every computed signal has one or None."""
    values = _Facts(found)
    for column in columns:
        value = found.get(column)
        values[column] = None if value is None else _to_decimals(float(value))
    return values


def _to_decimals(value: float) -> float:
    scaled: float = floor(abs(value) * _SCALE + 0.5) / _SCALE
    return scaled if value >= 0 else -scaled
