"""Lists of text in one cell, stored as one JSON array."""

from __future__ import annotations

import json
import re

from assay.market.values import text
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "items joined by | or ; or the hint `separator`, or a JSON array of text"

# tried in this order; a comma is not among them, because names hold commas
_SEPARATORS = ("|", ";", "；", "、", "\n")

# what Python's str() makes of a list of text, found in files that went through a script
_PYTHON_ITEM = r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?[\w.]+))\s*"""
_PYTHON_LIST = re.compile(rf"[\[(]\s*(?:{_PYTHON_ITEM},?)*[\])]", re.DOTALL)
_PYTHON_ITEMS = re.compile(_PYTHON_ITEM, re.DOTALL)

MOST_CHARACTERS = 1_000_000  # as for text


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """One JSON array of text, items in their order without repeats; None for a blank or an empty list.

    Raises BadValue for lists inside lists, objects, and text that `text.clean` refuses.

    >>> clean("Nike | NIKE Inc. | 耐克"), clean("['39', 'eu']"), clean(["a", 1])
    ('["Nike","NIKE Inc.","耐克"]', '["39","eu"]', '["a","1"]')
    """
    if raw is None:
        return None
    items = raw if isinstance(raw, list | tuple) else _split(raw, hints)
    kept: dict[str, None] = {}
    for item in items:
        if isinstance(item, list | tuple | dict):
            raise refuse(raw, "holds a list or an object inside the list", ALLOWED)
        cleaned = text.one_line(item)
        if cleaned is not None:
            kept[cleaned] = None
    return json.dumps(list(kept), ensure_ascii=False, separators=(",", ":")) if kept else None


def items(cleaned: str | None) -> tuple[str, ...]:
    """The items of a cleaned list; empty for None.

    >>> items('["39","eu"]')
    ('39', 'eu')
    """
    return () if cleaned is None else tuple(json.loads(cleaned))


def _split(raw: object, hints: Hints) -> list[object]:
    written = text.clean(raw)
    if written is None:
        return []
    if written[0] in "[(":
        parsed = _bracketed(written)
        if parsed is not None:
            return parsed
    if hints.separator is not None:
        return list(written.split(hints.separator))
    for separator in _SEPARATORS:
        if separator in written:
            return list(written.split(separator))
    return [written]


def _bracketed(written: str) -> list[object] | None:
    """The items of a JSON or Python list; None when the brackets are only part of a text ("[NEW] shoes")."""
    try:
        # numbers stay as they are written: an item is text
        parsed = json.loads(written, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, list):
        return parsed
    # the pattern walks the text once, but is only worth trying on what may be a list
    if written[-1] in "])" and _is_python_list(written):
        return [_unescaped(one or two or three) for one, two, three in _PYTHON_ITEMS.findall(written[1:-1])]
    return None


def _is_python_list(written: str) -> bool:
    """Items and commas by turns, checked with one match per item: no nested repetition, so no slow input."""
    place, end = 1, len(written) - 1
    while place < end:
        found = _PYTHON_ITEMS.match(written, place, end)
        if found is None or found[3] in {"True", "False"}:
            return not written[place:end].strip()
        place = found.end()
        if place < end and written[place] != ",":
            return False
        place += 1
    return True


def _unescaped(item: str) -> str:
    return re.sub(r"\\(.)", r"\1", item, flags=re.DOTALL)


RULE = Rule(
    accepts=(
        "Items joined by |, ;, 、 or line ends, or by the hint `separator`; JSON arrays; lists as Python prints them."
    ),
    becomes="One JSON array of text in the given order, without blanks and repeats; null when nothing is left.",
    refuses="Lists inside lists, objects.",
    examples=(
        Example("Nike | NIKE Inc. | 耐克"),
        Example('["a","b"]'),
        Example("['39', 'eu']"),
        Example("a, b", Hints(separator=",")),
        Example("[[1]]"),
    ),
)
