"""A listing as a caller gives it, cleaned with the value types of the market; all its faults told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.market.columns import Table
from assay.market.errors import BadValue, CallerError
from assay.market.tables import TABLES
from assay.market.values import Hints, clean

# The market's own units: a price is whole minor units of the listing's currency, as in the table `listings`.
_HINTS = Hints(unit="minor")
_IMAGES = "images"
# More pictures than any marketplace takes; the work grows with them.
_MOST_IMAGES = 100
_TABLE, _PICTURES = TABLES["listings"], TABLES["images"]
_COLUMNS = {column.name: column for column in _TABLE.columns}
# Filled in for a picture that comes with its listing.
_IMPLIED = ("image_id", "listing_id")


@dataclass(frozen=True, slots=True)
class CleanListing:
    """Every column of `listings`, None where nothing is stated; `images` is None when no pictures were given."""

    values: dict[str, Any]
    images: tuple[dict[str, Any], ...] | None

    @property
    def listing_id(self) -> str:
        """Identifier of the offer."""
        return str(self.values["listing_id"])

    @property
    def merchant_id(self) -> str:
        """Merchant that offers it."""
        return str(self.values["merchant_id"])


def cleaned(listing: Mapping[str, Any]) -> CleanListing:
    """The values of a listing as intake stores them.

    `listing` has the columns of the table `listings` (price in minor units) and, if wanted, `images`: a list of
    mappings with the columns of `images`. CallerError with every fault when a value, a name or a required column is
    wrong; the faults stand one by one in its `where["faults"]`.
    """
    if not isinstance(listing, Mapping):
        raise CallerError("A listing is a mapping of columns to values.", value=type(listing).__name__)
    faults: list[dict[str, str]] = []
    values = _row(_TABLE, {k: v for k, v in listing.items() if k != _IMAGES}, "", faults)
    images = _images(listing.get(_IMAGES), faults)
    if faults:
        told = "; ".join(f"{fault['column']}: {fault['reason']}" for fault in faults)
        which = values.get("listing_id")
        raise CallerError(
            f"Listing {which!r} cannot be rated; {told}." if which else f"The listing cannot be rated; {told}.",
            where={"table": "listings", "faults": faults},
            value=which,
        )
    return CleanListing(values, images)


def _row(table: Table, raw: Mapping[str, Any], prefix: str, faults: list[dict[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {column.name: None for column in table.columns}
    for name, value in raw.items():
        if name not in values:
            reason = f"there is no such column; allowed: {', '.join(values)}"
            faults.append({"column": f"{prefix}{name}", "reason": reason})
        elif value is not None:
            try:
                values[name] = clean(table.column(name), value, _HINTS)
            except BadValue as fault:
                faults.append({"column": f"{prefix}{name}", "reason": fault.message})
    faults.extend(_missing(table, values, prefix, faults))
    return values


def _missing(
    table: Table, values: Mapping[str, Any], prefix: str, faults: list[dict[str, str]]
) -> Iterator[dict[str, str]]:
    told = {fault["column"] for fault in faults}
    for column in table.columns:
        name = f"{prefix}{column.name}"
        if column.required and values[column.name] is None and name not in told:
            yield {"column": name, "reason": "is missing; every listing needs it"}


def _images(images: object, faults: list[dict[str, str]]) -> tuple[dict[str, Any], ...] | None:
    if images is None:
        return None
    if not isinstance(images, list | tuple) or not all(isinstance(each, Mapping) for each in images):
        faults.append({"column": _IMAGES, "reason": "is not a list of mappings; allowed: rows of the table images"})
        return None
    if len(images) > _MOST_IMAGES:
        faults.append({"column": _IMAGES, "reason": f"has {len(images)} pictures; allowed: up to {_MOST_IMAGES}"})
        return None
    implied = dict.fromkeys(_IMPLIED, "-")
    return tuple(_row(_PICTURES, implied | dict(each), f"images[{i}].", faults) for i, each in enumerate(images))
