"""Specifications: named values of one product, stored as one JSON object of text to text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from assay.market.values import text
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = 'a JSON object, or pairs such as "size: 39; colour: black"'

# several values of one name are joined by this mark, as in the specification of a product
JOINER = "|"

_PAIR_NAMES = (("key", "value"), ("name", "value"), ("k", "v"))
_COLON = re.compile(r"\s*[:：=]\s*")
_PYTHON_PAIR = re.compile(
    r"""\s*'((?:[^'\\]|\\.)*)'\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([\w.+-]+))\s*(?:,|(?=\}))""", re.DOTALL
)


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """One JSON object of text to text, names in lower case and sorted; None for a blank or an empty object.

    Reads JSON and Python objects, arrays of {"key": …, "value": …}, and "a: b; c: d" with ";", "|", line ends or
    `hints.separator` between the pairs. Lists of values, and values of a name that occurs twice, are joined by |;
    objects inside keep their JSON; null values are dropped; numbers stay as written.

    Raises BadValue for text that has no names.

    >>> clean("Size: 39; Colour: black"), clean('{"Size": [39, 40], "x": null}')
    ('{"colour":"black","size":"39"}', '{"size":"39|40"}')
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    pairs = _pairs(raw, hints)
    found: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        cleaned_name, cleaned = text.one_line(name), _value(raw, value)
        parts = dict.fromkeys(filter(None, map(str.strip, (cleaned or "").split(JOINER))))
        if cleaned_name is not None and parts:
            found.setdefault(text.one_line(cleaned_name.lower()) or "", {}).update(parts)
    if not found:
        return None
    joined = {name: JOINER.join(parts) for name, parts in found.items()}
    return json.dumps(joined, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def mapping(cleaned: str | None) -> dict[str, str]:
    """The names and values of cleaned attributes; empty for None.

    >>> mapping('{"size":"39|40"}')
    {'size': '39|40'}
    """
    return {} if cleaned is None else dict(json.loads(cleaned))


def _pairs(raw: object, hints: Hints) -> Iterable[tuple[object, object]]:
    value: object = raw
    if isinstance(raw, str):
        written = text.clean(raw) or ""
        value = _parsed(written) if written[:1] in ("{", "[") else None
        if value is None:
            return _from_text(raw, written, hints)
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        return _from_list(raw, value)
    raise refuse(raw, "is no object", ALLOWED)


def _parsed(written: str) -> object:
    try:
        return json.loads(written, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return _python_object(written)


def _python_object(written: str) -> dict[str, str] | None:
    """A flat object of text as Python prints it; None for anything else."""
    if not (written.startswith("{") and written.endswith("}")):
        return None
    place, found = 1, {}
    while place < len(written) - 1:
        pair = _PYTHON_PAIR.match(written, place)
        if pair is None:
            return None
        if pair[4] != "None":
            found[_unescaped(pair[1])] = _unescaped(pair[2] or pair[3] or pair[4] or "")
        place = pair.end()
    return found


def _unescaped(item: str) -> str:
    return re.sub(r"\\(.)", r"\1", item, flags=re.DOTALL)


def _from_list(raw: object, entries: list[object] | tuple[object, ...]) -> list[tuple[object, object]]:
    pairs: list[tuple[object, object]] = []
    for entry in entries:
        names = [] if not isinstance(entry, Mapping) else [pair for pair in _PAIR_NAMES if set(pair) <= set(entry)]
        if isinstance(entry, Mapping) and names:
            pairs.append((entry[names[0][0]], entry[names[0][1]]))
        elif isinstance(entry, Mapping) and len(entry) == 1:
            pairs.extend(entry.items())
        elif isinstance(entry, list | tuple) and len(entry) == 2:
            pairs.append((entry[0], entry[1]))
        else:
            raise refuse(raw, "is a list of something other than names and values", ALLOWED)
    return pairs


def _from_text(raw: object, written: str, hints: Hints) -> list[tuple[object, object]]:
    separators = [hints.separator] if hints.separator else [mark for mark in ("\n", ";", "；", "|") if mark in written]
    parts = written.split(separators[0]) if separators else [written]
    pairs: list[tuple[object, object]] = []
    for part in filter(str.strip, parts):
        name, *values = _COLON.split(part.strip(), maxsplit=1)
        if not values or not name:
            raise refuse(raw, f"has no name for {part.strip()[:40]!r}", ALLOWED)
        pairs.append((name, values[0]))
    return pairs


def _value(raw: object, value: object) -> str | None:
    if isinstance(value, list | tuple) and not any(isinstance(part, list | tuple | Mapping) for part in value):
        parts = [text.one_line(part) for part in value]
        return JOINER.join(part for part in parts if part is not None) or None
    if isinstance(value, list | tuple | Mapping):
        try:
            return text.one_line(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
        except (TypeError, ValueError, RecursionError):
            raise refuse(raw, "holds something that is no JSON", ALLOWED) from None
    return text.one_line(value)


RULE = Rule(
    accepts=(
        'JSON objects, objects as Python prints them, arrays of {"key": …, "value": …}, and "a: b; c: d" '
        "(hint `separator` between the pairs)."
    ),
    becomes="One JSON object of text to text, names in lower case and sorted, several values joined by |.",
    refuses="Text without names.",
    examples=(
        Example("Size: 39; Colour: black"),
        Example('{"Size": [39, 40], "x": null}'),
        Example("{'size': '39'}"),
        Example('[{"key": "Type", "value": "Shoe"}]'),
        Example("black"),
    ),
)
