"""Repetition of one offer: its words at other merchants, at confirmed counterfeits and at goods taken down."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.likeness import Banding, PairSimilarity, TextBuckets
from assay.likeness.copies import LEAST_SIMILARITY
from assay.pipeline.live.dated import earlier_of, shelve_dated
from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows, whole
from assay.pipeline.live.shelves import NONE, Groups, Shelf
from assay.pipeline.live.stars import Joined, Stars, shelve_stars
from assay.signals.copies import copies, copy_texts, keyed
from assay.signals.repetition import ENFORCED
from assay.signals.text_risk import TextModel, text_model

_KEYED = pa.schema(
    [
        ("listing_id", pa.string()),
        ("merchant_id", pa.string()),
        ("listed_s", pa.int64()),
        ("title", pa.string()),
        ("description", pa.string()),
    ]
)
_ENFORCED = re.compile(ENFORCED)


def shelve_repetition(rows: Rows) -> None:
    """Writes the keys of every listing's words, the groups they make, and the model of risky words."""
    market, work, writer = rows.market, rows.work, rows.writer
    words = copies(market, work)
    title, text, star = (whole(column) for column in rows.aligned(words, "title_key", "text_key", "star"))
    listed = np.load(writer.folder / "listed_s.npy")
    for name, column in (("title_key", title), ("text_key", text), ("star", star)):
        writer.array(name, column)
    for name, keys in (("title", title), ("star", star)):
        shelve_dated(rows, f"repetition_{name}", keys, listed)
    seen = work.engine.collect(copy_texts(market, work).select("seen_at", key="text_key")).combine_chunks()
    shelve_stars(writer, work.folder, "copies", seen)
    _shelve_removed(rows, star)
    if market.has("verdicts.verdict"):
        _shelve_confirmed(rows, text, star)
        _shelve_risk(rows)


def _shelve_removed(rows: Rows, star: npt.NDArray[np.int64]) -> None:
    listings = rows.market.table("listings")
    enforced = listings.removal_reason.lower().re_search(ENFORCED).fill_null(False)
    gone = listings.filter(listings.removed_at.notnull() & enforced)
    gone = gone.select("listing_id", removed_s=gone.removed_at.epoch_seconds().cast("int64"))
    removed = whole(rows.aligned(gone, "removed_s")[0])
    rows.writer.array("removed_s", removed)
    shelve_dated(rows, "repetition_removed", np.where(removed == NONE, NONE, star), removed)


def _shelve_confirmed(rows: Rows, text: npt.NDArray[np.int64], star: npt.NDArray[np.int64]) -> None:
    confirmed = np.load(rows.writer.folder / "confirmed_s.npy")
    for name, keys in (("text", text), ("star", star)):
        shelve_dated(rows, f"confirmed_{name}", np.where(confirmed == NONE, NONE, keys), confirmed)


def _shelve_risk(rows: Rows) -> None:
    model = text_model(rows.market, rows.work)
    if model is not None:
        rows.writer.array("risk_weights", model.weights)
        about = {"offsets": model.offsets.tolist(), "n_confirmed": model.n_confirmed.tolist()}
        (rows.writer.folder / "risk.json").write_bytes(orjson.dumps(about))


class Repetition:
    """Measures the repetition signals of an offer."""

    def __init__(self, shelf: Shelf) -> None:
        self.stars = Stars(shelf, "copies", TextBuckets(Banding()), PairSimilarity(LEAST_SIMILARITY))
        self.columns = {name: shelf.ints(name) for name in ("title_key", "star", "text_key")}
        self.groups = {name: shelf.groups(f"repetition_{name}") for name in ("title", "star", "removed")}
        self.n_merchants = {name: shelf.array(f"repetition_{name}.merchants") for name in ("title", "star")}
        self.listed, self.removed = shelf.ints("listed_s"), shelf.ints("removed_s")
        self.listing_ids = shelf.texts("listing_ids")
        self.precedents = Precedents(shelf, ("text", "star")) if "confirmed_text.keys" in shelf else None
        self.risk = _risk(shelf)
        self.likeness = PairSimilarity(0.0, 0)

    def measured(self, offer: Offer, rated_s: int) -> dict[str, Any]:
        """Values and facts of every repetition signal; puts the offer's `star` into `offer.found`."""
        row = {"listing_id": offer.listing_id, "merchant_id": offer.merchant_id, "listed_s": offer.listed_s}
        row |= {name: offer.values[name] for name in ("title", "description")}
        batch = pa.RecordBatch.from_pylist([row], schema=_KEYED)
        keys = keyed(batch).to_pylist()[0]
        found = self._risky(batch)
        if keys["title_key"] is not None:
            found |= self._shared("title", "repetition_title", keys["title_key"], offer)
        if keys["text_key"] is None:
            return found
        content = offer.text("description" if keys["is_described"] else "title")
        star = self.stars.find(keys["text_key"], content, offer.listed_s)
        offer.found["star"] = star.star
        found |= self._shared("star", "repetition_text", star.star, offer)
        found["repetition_text__similarity"] = star.similarity
        found |= self._relisted(offer, star.star)
        return found | self._confirmed(offer, keys["text_key"], star, content, rated_s)

    def _shared(self, kind: str, name: str, key: int, offer: Offer) -> dict[str, Any]:
        """How many other merchants have the key, on how many listings, and which was the earliest."""
        column = self.columns["title_key" if kind == "title" else kind]
        groups = self.groups[kind]
        place = groups.place(key)
        members = groups.members(place)
        is_own = bool((column[offer.first : offer.stop] == key).any())
        n_merchants = int(self.n_merchants[kind][place]) if place >= 0 else 0
        is_old = offer.is_known and int(column[offer.row]) == key
        first = next((int(row) for row in members[:2] if row != offer.row), -1)
        first_s, first_id = earlier_of(first, self.listed, self.listing_ids, offer)
        return {
            name: float(n_merchants - is_own),
            f"{name}__n_listings": len(members) - is_old + 1,
            f"{name}__first_listing": first_id,
            f"{name}__first_s": first_s,
        }

    def _relisted(self, offer: Offer, star: int) -> dict[str, Any]:
        if offer.listed_s is None:
            return {}
        members = self.groups["removed"].members(self.groups["removed"].place(star))
        gone = [int(row) for row in members if row != offer.row and self.removed[row] < offer.listed_s]
        latest = max(((int(self.removed[row]), self.listing_ids[row]) for row in gone), default=(None, None))
        own = self._own_removal(offer)
        if own is not None and own < offer.listed_s:
            gone.append(offer.row)
            latest = max(latest, (own, offer.listing_id), key=lambda each: (each[0] is not None, each))
        return {
            "repetition_relisted": float(len(gone)),
            "repetition_relisted__listing": latest[1],
            "repetition_relisted__removed_s": latest[0],
            "repetition_relisted__listed_s": offer.listed_s,
        }

    def _own_removal(self, offer: Offer) -> int | None:
        removed, reason = offer.values["removed_at"], offer.text("removal_reason")
        return int(removed.timestamp() // 1) if removed is not None and _ENFORCED.search(reason.lower()) else None

    def _confirmed(self, offer: Offer, text: int, star: Joined, content: str, rated_s: int) -> dict[str, Any]:
        if self.precedents is None:
            return {}
        same = self.precedents.earliest("text", text, offer, rated_s)
        alike = self.precedents.earliest("star", star.star, offer, rated_s)
        if same < 0 and alike < 0:
            return {"repetition_confirmed": 0.0}
        row = same if same >= 0 else alike
        likeness = 1.0 if same >= 0 else self._likeness(content, int(self.columns["text_key"][row]))
        return {
            "repetition_confirmed": likeness,
            "repetition_confirmed__listing": self.listing_ids[row],
            "repetition_confirmed__decided_s": int(self.precedents.confirmed[row]),
        }

    def _likeness(self, content: str, other: int) -> float:
        text = self.stars.contents[self.stars.places.row(other)]
        columns = {"left_key": [0], "right_key": [0], "left_text": [content], "right_text": [text]}
        found = self.likeness(pa.RecordBatch.from_pydict(columns))
        return float(found.column("similarity")[0].as_py())

    def _risky(self, batch: pa.RecordBatch) -> dict[str, Any]:
        if self.risk is None:
            return {}
        found: dict[str, Any] = self.risk(batch).to_pylist()[0]
        del found["listing_id"]
        return found


class Precedents:
    """Confirmed counterfeits by what they share: the earliest of another merchant that was known."""

    def __init__(self, shelf: Shelf, kinds: tuple[str, ...]) -> None:
        self.confirmed, self.merchant_of = shelf.ints("confirmed_s"), shelf.array("merchant_of")
        self.groups: dict[str, Groups] = {kind: shelf.groups(f"confirmed_{kind}") for kind in kinds}

    def earliest(self, kind: str, key: int, offer: Offer, rated_s: int) -> int:
        """The row of the earliest confirmed listing of another merchant with the key; -1 when none was known."""
        groups = self.groups[kind]
        for row in groups.members(groups.place(key)):
            if self.merchant_of[row] != offer.merchant:
                return int(row) if self.confirmed[row] < rated_s else -1
        return -1


def _risk(shelf: Shelf) -> TextModel | None:
    if "risk_weights" not in shelf:
        return None
    about = orjson.loads((shelf.folder / "risk.json").read_bytes())
    weights: npt.NDArray[np.float32] = shelf.array("risk_weights")  # type: ignore[assignment]
    return TextModel(weights, np.array(about["offsets"]), np.array(about["n_confirmed"], dtype=np.int32))
