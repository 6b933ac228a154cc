"""Lists a page at a time: a cursor names the last row seen, so rows that come meanwhile move nothing."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema

from assay.market.errors import CallerError

MOST = 200
_MOST_ID = 2**63 - 1
Row = TypeVar("Row", bound=Model)


class PageQuery(Schema):
    """Where a list goes on, and how many rows."""

    cursor: str = Field("", description="`next` of the page before; empty for the first.", max_length=100)
    limit: int = Field(50, ge=1, le=MOST, description="Rows at most.")


class EffectQuery(PageQuery):
    """The same for effects."""

    endpoint: int | None = Field(None, ge=1, le=_MOST_ID, description="The copy of one endpoint only.")


def page_of(rows: QuerySet[Row], page: PageQuery) -> tuple[list[Row], str | None]:
    """Rows by ascending id after the cursor, and the next cursor (None at the end). CallerError for a broken cursor."""
    after = _read(page.cursor) if page.cursor else 0
    found = list(rows.filter(pk__gt=after).order_by("pk")[: page.limit + 1])
    more = len(found) > page.limit
    found = found[: page.limit]
    return found, _write(int(found[-1].pk)) if more else None


def going_on(rows: list[Row], page: PageQuery) -> str | None:
    """The cursor for what is yet to come, also at the end; None before the first row."""
    return _write(int(rows[-1].pk)) if rows else page.cursor or None


def _write(last: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        word, _, number = text.partition(":")
        value = int(number) if number.isascii() and number.isdigit() else -1
        if word != "after" or not 0 <= value <= _MOST_ID:
            raise ValueError(text)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise CallerError(
            f"The cursor {cursor!r} is none of ours; pass `next` of the page before, unchanged.",
            where={"field": "cursor"},
            value=cursor,
            allowed="the value of `next`",
        ) from error
    return value


def said(rows: list[Any], following: str | None) -> dict[str, Any]:
    """The shape of every page."""
    return {"items": rows, "next": following}
