"""What one event says about many items: which they are, and hashes of how they stood before and after.

An event for each would make the log of a load as long as what it brings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from assay.casework.models import Item

# What a load may change and what decides about an item; the finding is in by its own hash.
COLUMNS = (
    *("id", "subject_type", "subject_id", "state", "stream", "score", "harm_minor", "harm_currency"),
    *("inclusion_probability", "opened_at", "finding__content_sha256"),
)

Row = tuple[Any, ...]


def standing(items: Iterable[Item]) -> list[Row]:
    """COLUMNS of some items as they stand in the database, in the order of their ids."""
    ids = [item.pk for item in items]
    return list(Item.objects.filter(pk__in=ids).order_by("pk").values_list(*COLUMNS))


def told(rows: Sequence[Row]) -> dict[str, str]:
    """What an event holds of them: ids, as ranges, and the SHA-256 over a line of JSON for each, a list of COLUMNS.

    Times are in UTC with microseconds, so the same rows give the same hash from either database.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(orjson.dumps([_plain(value) for value in row]) + b"\n")
    return {"items": ranges([row[0] for row in rows]), "sha256": digest.hexdigest()}


def ranges(ids: Sequence[int]) -> str:
    """Ids in rising order, shortened.

    >>> ranges([4, 5, 6, 9])
    '4-6,9'
    """
    found: list[list[int]] = []
    for pk in ids:
        if found and pk == found[-1][1] + 1:
            found[-1][1] = pk
        else:
            found.append([pk, pk])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
