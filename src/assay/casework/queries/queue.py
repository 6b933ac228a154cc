"""The queue as people look at it: filters, one page after another by cursor, and how much there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from assay.casework.models import Band, Item, ItemState, Person, QueueCensus, Stream, SubjectType
from assay.casework.queries import filtering
from assay.casework.queries.blind import items_without_blind, passing_as_open
from assay.market.errors import CallerError

# As many rows as an analyst scans at once, and as the database reads without thinking.
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of the queue; empty fields do not filter. `text` is the whole id of a listing, merchant or both."""

    state: str = ItemState.OPEN
    stream: str = ""
    category: str = ""
    brand: str = ""
    merchant: str = ""
    band: str = ""
    subject: str = ""
    claimed: str = ""
    text: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Wanted:
        """From the query of an address or a saved view. CallerError for a value that no item can have."""
        given = filtering.read(cls, query, _ALLOWED, gettext("The queue"))
        given["state"] = given["state"] or ItemState.OPEN
        return cls(**given)

    @property
    def query(self) -> dict[str, str]:
        """The fields that filter, as an address holds them; without an open state, which is the usual one."""
        given = {name: value for name, value in asdict(self).items() if value}
        if given.get("state") == ItemState.OPEN:
            del given["state"]
        return given

    def without(self, *names: str) -> Wanted:
        """The same without some of its filters."""
        return replace(self, **{name: "" for name in names})


_ALLOWED: dict[str, list[str]] = {
    "state": list(ItemState.values),
    "stream": list(Stream.values),
    "band": list(Band.values),
    "subject": list(SubjectType.values),
    "claimed": ["mine", "free"],
}


def narrowed(rows: QuerySet[Item], wanted: Wanted) -> QuerySet[Item]:
    """The rows that meet every filter but state and claim."""
    columns = {"stream": "stream", "category": "category", "brand": "brand", "merchant": "merchant_id"}
    columns |= {"band": "band", "subject": "subject_type"}
    given = {column: getattr(wanted, name) for name, column in columns.items() if getattr(wanted, name)}
    rows = rows.filter(**given)
    if wanted.text:
        rows = rows.filter(Q(subject_id=wanted.text) | Q(merchant_id=wanted.text))
    return rows


def free(now: datetime) -> Q:
    """Items that nobody holds: a lease in the past does not count."""
    return Q(claimed_until=None) | Q(claimed_until__lte=now)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the queue in order, and the cursor after the last one; None when there are no more."""

    rows: list[Item]
    after: str | None


def page_of(person: Person, wanted: Wanted, now: datetime, *, after: str = "", size: int = PAGE_ROWS) -> Page:
    """One page, from the cursor on. It reads `size` + 1 rows off each index, whatever the queue holds."""
    if wanted.claimed == "mine":
        return Page(held_by(person, now), None)
    found: dict[int, Item] = {}
    for rows in _in_state(person, wanted):
        rows = narrowed(rows, wanted)
        if wanted.claimed == "free":
            rows = rows.filter(free(now))
        if after:
            rank, pk = _read_cursor(after)
            rows = rows.filter(Q(rank__lt=rank) | Q(id__gt=pk), rank__lte=rank)
        found |= {row.pk: row for row in rows.select_related("claimed_by").order_by("-rank", "id")[: size + 1]}
    first = sorted(found.values(), key=lambda row: (-row.rank, row.pk))[: size + 1]
    last = first[size - 1] if len(first) > size else None
    return Page(first[:size], _cursor(last) if last else None)


def _in_state(person: Person, wanted: Wanted) -> list[QuerySet[Item]]:
    """Sets of rows that are in the state asked for, as the person may see it: gold and blind items look open."""
    rows = Item.objects.filter(state=wanted.state)
    if wanted.state == ItemState.OPEN:
        return [rows, *passing_as_open(person)]
    return [items_without_blind(person, rows)]


def held_by(person: Person, now: datetime) -> list[Item]:
    """What the person holds, the lease that ends first on top; of whatever kind, without saying which."""
    rows = Item.objects.filter(claimed_by=person, claimed_until__gt=now)
    return list(rows.select_related("claimed_by").order_by("claimed_until", "id"))


def counted() -> dict[str, int]:
    """Items by state as the worker last counted them; empty before the first census."""
    counts = QueueCensus.objects.order_by("-taken_at").values_list("counts", flat=True).first()
    return {str(state): int(n) for state, n in counts.get("states", {}).items()} if counts else {}


def largest_categories() -> list[str]:
    """Categories of open items as last counted, most items first; for the filter's suggestions."""
    counts = QueueCensus.objects.order_by("-taken_at").values_list("counts", flat=True).first()
    return [str(name) for name in counts.get("categories", {}) if name] if counts else []


def _cursor(item: Item) -> str:
    return f"{item.rank.hex()}_{item.pk}"


def _read_cursor(text: str) -> tuple[float, int]:
    rank, _, pk = text.partition("_")
    try:
        found = float.fromhex(rank), int(pk)
    except (ValueError, OverflowError):
        found = (math.nan, 0)
    if not math.isfinite(found[0]) or not 0 < found[1] < 2**63:
        raise CallerError(
            gettext("The place %(text)s in the queue cannot be read; begin at its top.") % {"text": repr(text[:80])},
            where={"field": "after"},
            value=text[:80],
        )
    return found
