"""Imagery of one offer: its pictures at other merchants, earlier elsewhere, and at confirmed counterfeits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.likeness import picture_buckets, picture_pairs
from assay.pipeline.live.dated import earlier_of, shelve_dated
from assay.pipeline.live.offers import SECONDS_PER_DAY, Offer
from assay.pipeline.live.repetition import Precedents
from assay.pipeline.live.rows import Rows, aligned, counted_merchants, whole
from assay.pipeline.live.shelves import NONE, Ints, Shelf, hashed, hashed_all
from assay.pipeline.live.stars import Stars, shelve_stars
from assay.signals.brand_lists import brand_lists, entries
from assay.signals.imagery import picture_uses

_FILE = "file:"


def shelve_imagery(rows: Rows) -> None:
    """Writes which pictures every listing shows, and who shows each first."""
    market, work, writer = rows.market, rows.work, rows.writer
    found = work.engine.collect(work.step("live_uses", picture_uses(market, work))).combine_chunks()
    place = pa.compute.index_in(found["listing_id"].combine_chunks(), value_set=rows.listing_ids).to_numpy()
    order = np.argsort(place, kind="stable")
    owner = place[order].astype(np.int32)
    picture = hashed_all(found["picture"].to_pylist())[order]
    writer.array("use_picture", picture)
    writer.array("use_starts", np.searchsorted(owner, np.arange(len(rows) + 1)).astype(np.int64))
    listed = whole(found["listed_s"].combine_chunks())[order]
    shelve_dated(rows, "picture", picture, listed, owner)
    _shelve_authorised(rows, picture, owner)
    if market.has("verdicts.verdict"):
        known = np.load(writer.folder / "confirmed_s.npy")[owner]
        shelve_dated(rows, "confirmed_picture", np.where(known == NONE, NONE, picture), known, owner)
    if market.has("images.pdq"):
        shown = work.engine.read(work.folder / "imagery_shown")
        seen = shown.group_by(key="raw").agg(seen_at=shown.listed_s.min())
        shelve_stars(writer, work.folder, "imagery", work.engine.collect(seen).combine_chunks())


def _shelve_authorised(rows: Rows, picture: Ints, owner: npt.NDArray[np.int32]) -> None:
    lists = brand_lists(rows.market, rows.work)
    known = rows.work.engine.collect(
        entries(lists, "authorised").select(merchant_id="value", on_list="value").distinct()
    )
    (on_list,) = aligned(rows.merchant_ids, known.combine_chunks(), "merchant_id", ["on_list"])
    listed = on_list.is_valid().to_numpy(zero_copy_only=False)
    rows.writer.array("merchant_is_authorised", listed)
    used = listed[rows.merchant[owner]]
    keys, counts = counted_merchants(picture[used], rows.merchant[owner][used])
    rows.writer.keys("picture_authorised", keys, counts)


class Imagery:
    """Measures the picture signals of an offer."""

    def __init__(self, shelf: Shelf) -> None:
        self.pictures, self.starts = shelf.ints("use_picture"), shelf.ints("use_starts")
        self.groups, self.n_merchants = shelf.groups("picture"), shelf.array("picture.merchants")
        self.listed, self.listing_ids = shelf.ints("listed_s"), shelf.texts("listing_ids")
        self.merchant_of = shelf.array("merchant_of")
        self.is_authorised, self.n_authorised = shelf.array("merchant_is_authorised"), shelf.keys("picture_authorised")
        self.precedents = Precedents(shelf, ("picture",)) if "confirmed_picture.keys" in shelf else None
        has_stars = "imagery_star_keys" in shelf
        self.stars = Stars(shelf, "imagery", picture_buckets, picture_pairs) if has_stars else None

    def measured(self, offer: Offer, rated_s: int) -> dict[str, Any]:
        """Values and facts of every picture signal; nothing for an offer without pictures."""
        shown = self._shown(offer)
        if not shown:
            return {}
        uses = [self._use(picture, offer) for picture in shown]
        found: dict[str, Any] = {
            "imagery_shared": float(max(use["n_others"] for use in uses)),
            "imagery_shared__n_listings": max(use["n_listings"] for use in uses),
            "imagery_authorised": min(use["n_authorised"] / (use["n_others"] + 1) for use in uses),
            "imagery_authorised__n_merchants": max(use["n_others"] + 1 for use in uses),
        }
        if offer.listed_s is not None:
            found |= _elsewhere(uses)
        return found | self._confirmed(shown, offer, rated_s)

    def _shown(self, offer: Offer) -> list[int]:
        """The stars of the offer's pictures: those given, else those that the market has of it."""
        if offer.images is None:
            if not offer.is_known:
                return []
            return [int(p) for p in self.pictures[self.starts[offer.row] : self.starts[offer.row + 1]]]
        return sorted({key for each in offer.images if (key := self._star(each, offer.listed_s)) is not None})

    def _star(self, image: dict[str, Any], listed_s: int | None) -> int | None:
        pdq, sha256 = image["pdq"], image["sha256"]
        if pdq is not None and self.stars is not None:
            return self.stars.find(hashed(pdq.lower()), pdq.lower(), listed_s).star
        if pdq is not None:
            return hashed(pdq.lower())
        return None if sha256 is None else hashed(_FILE + sha256)

    def _use(self, picture: int, offer: Offer) -> dict[str, Any]:
        """Who else shows a picture, and how long it had been elsewhere before."""
        place = self.groups.place(picture)
        members = self.groups.members(place)
        whole = self.pictures[self.starts[offer.first] : self.starts[offer.stop]] == picture
        is_own = bool(whole.any())
        is_old = offer.is_known and bool((members == offer.row).any())
        n_others = (int(self.n_merchants[place]) if place >= 0 else 0) - is_own
        listed_here = offer.merchant >= 0 and bool(self.is_authorised[offer.merchant])
        n_authorised = max(self.n_authorised.row(picture), 0) - (is_own and listed_here) + listed_here
        use: dict[str, Any] = {"n_others": n_others, "n_authorised": n_authorised, "days": 0.0, "first": None}
        use["n_listings"] = len(members) - is_old + 1 if n_others else 1
        if not n_others:
            return use
        first = next((int(row) for row in members[:2] if row != offer.row), -1)
        if first >= 0 and self.listed[first] != NONE and self.merchant_of[first] != offer.merchant:
            first_s, first_id = earlier_of(first, self.listed, self.listing_ids, offer)
            if first_id != offer.listing_id and offer.listed_s is not None and first_s is not None:
                use["days"] = max((offer.listed_s - first_s) / SECONDS_PER_DAY, 0.0)
                use["first"] = (first_s, first_id)
        return use

    def _confirmed(self, shown: list[int], offer: Offer, rated_s: int) -> dict[str, Any]:
        if self.precedents is None:
            return {}
        rows = [self.precedents.earliest("picture", picture, offer, rated_s) for picture in shown]
        known = [(int(self.precedents.confirmed[row]), self.listing_ids[row]) for row in rows if row >= 0]
        if not known:
            return {"imagery_confirmed": 0.0}
        decided_s, listing_id = min(known)
        return {
            "imagery_confirmed": 1.0,
            "imagery_confirmed__listing": listing_id,
            "imagery_confirmed__decided_s": decided_s,
        }


def _elsewhere(uses: list[dict[str, Any]]) -> dict[str, Any]:
    before = [use["first"] for use in uses if use["days"] > 0]
    first_s, first_id = min(before) if before else (None, None)
    return {
        "imagery_first_elsewhere": max(use["days"] for use in uses),
        "imagery_first_elsewhere__listing": first_id,
        "imagery_first_elsewhere__first_s": first_s,
    }
