"""Every address of the pages, walked from the URL table itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# A value for each converter, of something that does not exist: whoever may come in finds nothing there.
_NOTHING = {
    "int": "999999999",
    "str": "no-such-thing",
    "slug": "no-such-thing",
    "path": "no/such",
    "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
}


@dataclass(frozen=True, slots=True)
class Address:
    """One URL pattern: its view name, and an address in it that leads to nothing."""

    name: str
    path: str
    takes_id: bool


def addresses() -> list[Address]:
    """All of them, in the order of the URL table."""
    return list(_walk(get_resolver().url_patterns, "/", ()))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, spaces: tuple[str, ...]) -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver):
            deeper = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _walk(pattern.url_patterns, route, deeper)
            continue
        filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: _NOTHING[found[1] or "str"], route)
        yield Address(":".join((*spaces, pattern.name or "")), filled, filled != route)
