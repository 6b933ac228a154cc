"""One offer to be rated: its cleaned values, and where it stands among the market's listings."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.market.errors import CallerError
from assay.pipeline.live.listing import CleanListing
from assay.pipeline.live.shelves import Shelf, Texts, hashed

Mask = npt.NDArray[np.bool_]
SECONDS_PER_DAY = 86_400


@dataclass(slots=True)
class Offer:
    """A listing to be rated as if it stood in the market, in the place of its own row where it has one.

    `row`, `merchant`: its rows, -1 when the market has none. `first` to `stop` are the merchant's listings, `others`
    which of these are not its own row. `listed_s` (epoch seconds to the nearest, as groups
    of copies are dated, or None) of a new listing is never after the market's `as_of`; `listed_floor_s` is the same
    with fractions dropped, as ages are counted.
    """

    values: dict[str, Any]
    images: tuple[dict[str, Any], ...] | None
    listing_id: str
    merchant_id: str
    row: int
    merchant: int
    first: int
    stop: int
    others: Mask
    listed_s: int | None
    listed_floor_s: int | None
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the market has a row of this identifier."""
        return self.row >= 0

    def text(self, name: str) -> str:
        """A text column, "" where nothing is stated."""
        return self.values[name] or ""

    def own(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The values of a column by listing for the merchant's other listings."""
        return column[self.first : self.stop][self.others]


@dataclass(frozen=True, slots=True)
class Offers:
    """Finds where an offer stands."""

    listings: Any
    merchants: Any
    listing_ids: Texts
    merchant_ids: Texts
    merchant_of: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    as_of_s: int

    @classmethod
    def of(cls, shelf: Shelf, as_of_s: int) -> Offers:
        """The offers of an opened folder."""
        return cls(
            shelf.keys("listing"),
            shelf.keys("merchant"),
            shelf.texts("listing_ids"),
            shelf.texts("merchant_ids"),
            shelf.array("merchant_of"),  # type: ignore[arg-type]
            shelf.ints("merchant_starts"),
            as_of_s,
        )

    def offer(self, listing: CleanListing) -> Offer:
        """The offer of a cleaned listing. CallerError when the market knows it as another merchant's."""
        row = self.listings.row(hashed(listing.listing_id))
        merchant = self.merchants.row(hashed(listing.merchant_id))
        if row >= 0 and int(self.merchant_of[row]) != merchant:
            whose = self.merchant_ids[int(self.merchant_of[row])]
            raise CallerError(
                f"Listing {listing.listing_id!r} cannot be rated; merchant_id: is {listing.merchant_id!r}, and in the "
                f"rated market the listing is {whose!r}'s; allowed: its own merchant, or a new listing_id.",
                where={"table": "listings", "column": "merchant_id"},
                value=listing.merchant_id,
                allowed=whose,
            )
        first, stop = (int(self.starts[merchant]), int(self.starts[merchant + 1])) if merchant >= 0 else (0, 0)
        others = np.ones(stop - first, dtype=np.bool_)
        if row >= 0:
            others[row - first] = False
        listed = listing.values["listed_at"]
        instant = None if listed is None else listed.timestamp()
        if instant is not None and row < 0:
            # Created after the market was rated: it is rated as if it had just appeared then.
            instant = min(instant, self.as_of_s)
        return Offer(
            listing.values,
            listing.images,
            listing.listing_id,
            listing.merchant_id,
            row,
            merchant,
            first,
            stop,
            others,
            None if instant is None else round(instant),
            None if instant is None else floor(instant),
        )
