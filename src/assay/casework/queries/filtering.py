"""Filters as the query of an address holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from django.utils.translation import gettext

from assay.market.errors import CallerError

_LONGEST = 300


def read(kind: type[Any], query: Mapping[str, str], allowed: Mapping[str, Sequence[str]], what: str) -> dict[str, str]:
    """The fields of a filter as given, without NUL and blanks around. CallerError for a value that is not allowed."""
    given = {f.name: str(query.get(f.name, "")).replace("\0", "").strip()[:_LONGEST] for f in fields(kind)}
    for name, values in allowed.items():
        if given[name] and given[name] not in values:
            raise CallerError(
                gettext("%(what)s cannot be filtered by %(name)s %(value)s; allowed: %(allowed)s.")
                % {"what": what, "name": name, "value": repr(given[name][:80]), "allowed": ", ".join(values)},
                where={"field": name},
                value=given[name][:80],
                allowed=", ".join(values),
            )
    return given
