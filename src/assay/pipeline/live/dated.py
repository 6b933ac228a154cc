"""Groups of listings in the order of an instant: who has the same thing, and who had it first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows, counted_merchants
from assay.pipeline.live.shelves import NONE, Ints, Texts


def shelve_dated(
    rows: Rows, name: str, keys: Ints, seconds: Ints, members: npt.NDArray[np.integer] | None = None
) -> None:
    """Writes groups by key, earliest first, the undated last, equal instants by identifier; `NONE` is no key.

    `<name>.merchants` says how many merchants each group has. `members` are the rows that keys and seconds belong to,
    by default every listing.
    """
    of = np.arange(len(rows), dtype=np.int32) if members is None else members
    kept = keys != NONE
    keys, seconds, of = keys[kept], seconds[kept], of[kept]
    rows.writer.groups(name, keys, of, seconds == NONE, seconds, rows.rank[of])
    rows.writer.array(f"{name}.merchants", counted_merchants(keys, rows.merchant[of])[1])


def earlier_of(row: int, seconds: Ints, ids: Texts, offer: Offer) -> tuple[int | None, str | None]:
    """The earlier of a group's first listing (-1: none) and the offer, as instant and identifier; None when undated."""
    first_s = int(seconds[row]) if row >= 0 else NONE
    if first_s == NONE:
        return (None, None) if offer.listed_s is None else (offer.listed_s, offer.listing_id)
    if offer.listed_s is None or first_s < offer.listed_s:
        return first_s, ids[row]
    return min((first_s, ids[row]), (offer.listed_s, offer.listing_id))
