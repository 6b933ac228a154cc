"""History of one offer: how often other goods of its merchant, text group, brand and category were confirmed."""

from __future__ import annotations

import hashlib
import string
from math import ceil, exp, log
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.pipeline.live.offers import SECONDS_PER_DAY, Offer
from assay.pipeline.live.rows import Rows, coded, whole
from assay.pipeline.live.shelves import NONE, Ints, Keys, Shelf, hashed, hashed_all
from assay.signals.history import (
    BASE_RATE,
    FIRST_CONFIRMED,
    FIRST_GOODS,
    GROUP_PRIOR,
    MERCHANT_PRIOR,
    TRADE_PRIOR,
    dated_goods,
)

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_TRADES = ("brand", "category")
_FACTS = ("confirmed", "seen")


def shelve_history(rows: Rows) -> None:
    """Writes the days on which every listing's facts became known, by listing and in order for every group."""
    table = rows.work.step("live_history", dated_goods(rows.market, rows.work))
    columns = rows.aligned(table, "brand", "category", "confirmed_day", "seen_day", "shard")
    days = {"confirmed": whole(columns[2]), "seen": whole(columns[3])}
    for fact in _FACTS:
        rows.writer.array(f"{fact}_day", days[fact])
    shards, names = coded(columns[4])
    keys = {"all": np.zeros(len(rows), dtype=np.int64), "shard": np.array([int(n, 16) for n in names])[shards]}
    for name, column in zip(_TRADES, columns[:2], strict=True):
        codes, known = coded(column)
        rows.writer.array(f"history_{name}", codes)
        rows.writer.keys(f"history_{name}", hashed_all(known))
        keys[name] = codes.astype(np.int64)
    for name, groups in keys.items():
        for fact in _FACTS:
            _shelve_days(rows, f"history_{name}_{fact}", groups, days[fact])


def _shelve_days(rows: Rows, name: str, groups: Ints, days: Ints) -> None:
    """The days of every group in order: how many facts were known by a day is a place in it."""
    kept = (days != NONE) & (groups >= 0)
    groups, days = groups[kept], days[kept]
    order = np.lexsort((days, groups))
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    rows.writer.array(f"{name}.starts", np.searchsorted(groups[order], np.arange(n_groups + 1)).astype(np.int64))
    rows.writer.array(f"{name}.days", days[order])


class _Known:
    """How many facts of a group were known on a day, counted backwards from `as_of`."""

    def __init__(self, shelf: Shelf, name: str) -> None:
        self.starts, self.days = shelf.ints(f"{name}.starts"), shelf.ints(f"{name}.days")

    def count(self, group: int, day: int) -> int:
        """Facts of the group known at that day or earlier."""
        if group < 0 or group + 1 >= len(self.starts):
            return 0
        days = self.days[self.starts[group] : self.starts[group + 1]]
        return len(days) - int(days.searchsorted(day, "left"))


class History:
    """Measures the history signals of an offer."""

    def __init__(self, shelf: Shelf, as_of_s: int) -> None:
        self.as_of_s = as_of_s
        self.days = {fact: shelf.ints(f"{fact}_day") for fact in _FACTS}
        self.known = {
            (name, fact): _Known(shelf, f"history_{name}_{fact}")
            for name in ("all", "shard", *_TRADES)
            for fact in _FACTS
        }
        self.codes: dict[str, npt.NDArray[Any]] = {name: shelf.array(f"history_{name}") for name in _TRADES}
        self.keys: dict[str, Keys] = {name: shelf.keys(f"history_{name}") for name in _TRADES}
        self.stars = shelf.groups("repetition_star") if "repetition_star.keys" in shelf else None
        self.merchant_of = shelf.array("merchant_of")

    def measured(self, offer: Offer, rated_s: int) -> dict[str, Any]:
        """Values and facts of every history signal."""
        day = ceil((self.as_of_s - rated_s) / SECONDS_PER_DAY)
        own = {fact: offer.own(self.days[fact]) >= day for fact in _FACTS}
        rate = self._rate(offer.merchant_id, day)
        confirmed, others = int(own["confirmed"].sum()), int(own["seen"].sum())
        share = (confirmed + rate * MERCHANT_PRIOR) / (others + MERCHANT_PRIOR)
        found: dict[str, Any] = {
            "history_merchant": _standardised(share, rate),
            "history_merchant__n_confirmed": confirmed,
            "history_merchant__n_others": others,
            "history_merchant_count": confirmed,
            "history_merchant_count__n_others": others,
        }
        found |= self._group(offer, day, rate)
        for key in _TRADES:
            found |= self._trade(key, own, offer, day, rate)
        return found

    def _rate(self, merchant_id: str, day: int) -> float:
        """The market's share of confirmed goods on that day, among merchants of other shards than the own."""
        shard = int(hashlib.md5(merchant_id.encode(), usedforsecurity=False).hexdigest()[0], 16)
        confirmed, seen = (
            self.known["all", fact].count(0, day) - self.known["shard", fact].count(shard, day) for fact in _FACTS
        )
        return (confirmed + FIRST_CONFIRMED) / (seen + FIRST_GOODS)

    def _group(self, offer: Offer, day: int, rate: float) -> dict[str, Any]:
        star = offer.found.get("star")
        if self.stars is None or star is None:
            return {}
        members = self.stars.members(self.stars.place(star))
        others = members[self.merchant_of[members] != offer.merchant]
        confirmed, seen = (int((self.days[fact][others] >= day).sum()) for fact in _FACTS)
        return {
            "history_group": _standardised((confirmed + rate * GROUP_PRIOR) / (seen + GROUP_PRIOR), rate),
            "history_group__n_confirmed": confirmed,
            "history_group__n_others": seen,
        }

    def _trade(
        self, key: str, own: dict[str, npt.NDArray[np.bool_]], offer: Offer, day: int, rate: float
    ) -> dict[str, Any]:
        """What is known of other merchants' goods of the offer's brand or category; `own` of the own merchant's."""
        text, name = offer.text(key), f"history_{key}"
        if not text:
            return {}
        code = self.keys[key].row(hashed(text.translate(_LOWER) if key == "brand" else text))
        # A listing without a brand has the number -1 as well, and shares nothing.
        is_same = (offer.own(self.codes[key]) == code) & (code >= 0)
        # The offer's own row has its merchant, and others are counted: it is left out with them.
        old = {fact: self._is_old(key, code, offer, fact, day) for fact in _FACTS}
        confirmed, seen = (
            self.known[key, fact].count(code, day) - int((own[fact] & is_same).sum()) - old[fact] for fact in _FACTS
        )
        share = (confirmed + rate * TRADE_PRIOR) / (seen + TRADE_PRIOR)
        return {
            name: _log_odds(share) - _log_odds(rate),
            f"{name}__n_confirmed": confirmed,
            f"{name}__n_others": seen,
            f"{name}__{key}": text,
            f"{name}__rate": rate,
        }

    def _is_old(self, key: str, code: int, offer: Offer, fact: str, day: int) -> bool:
        row = offer.row
        return row >= 0 and code >= 0 and int(self.codes[key][row]) == code and int(self.days[fact][row]) >= day


def _standardised(share: float, rate: float) -> float:
    """The share that it would be if the market's rate were `BASE_RATE`."""
    odds = exp(_log_odds(share) - _log_odds(rate) + log(BASE_RATE / (1 - BASE_RATE)))
    return odds / (odds + 1.0)


def _log_odds(share: float) -> float:
    return log(share / (1.0 - share))
