"""Text of strangers made safe to look at: what cannot be seen is named, what is endless is cut."""

from __future__ import annotations

import re
import unicodedata

# Longer texts are filler or an attack on the page; a sentence with two quoted titles stays below it.
MOST_CHARACTERS = 400
# Vietnamese and Hebrew stack two or three marks on a letter; towers of marks run over the lines above and below.
_MOST_MARKS = 4
# Letters by category that leave no ink: fillers and the empty Braille pattern.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")
_PICTURE_SELECTOR = "\ufe0f"
# Only texts with one of these need a closer look: controls, marks, format characters, blanks, selectors.
_SUSPECT = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0300-\u036f\u0483-\u0489\u0591-\u061c\u06dd\u070f\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2028-\u202e\u2060-\u206f\u20d0-\u20f0\u2800\u3164\ufe00-\ufe0f"
    "\ufe20-\ufe2f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: object, limit: int = MOST_CHARACTERS) -> str:
    """`text` on one line, with invisible, control and direction characters written as `⟦U+200B⟧`, and cut at `limit`.

    Joiners stay where scripts and emoji need them. Works on anything that `str` takes; safe for terminals (no escape
    sequence survives) and for pages after escaping.

    >>> visible("Nor\u200bvane"), visible("a\x1b[31mb")
    ('Nor⟦U+200B⟧vane', 'a⟦U+001B⟧[31mb')
    >>> visible("long " * 1000, limit=9)
    'long long… (5,000 characters)'
    """
    raw = str(text)
    kept = raw[:limit].rstrip() if len(raw) > limit else raw
    if _SUSPECT.search(kept):
        kept = _named(kept)
    return f"{kept}… ({len(raw):,} characters)" if len(raw) > limit else kept


def _named(text: str) -> str:
    parts: list[str] = []
    marks = 0
    for place, character in enumerate(text):
        is_mark = unicodedata.category(character) == "Mn"
        marks = marks + 1 if is_mark else 0
        if character in "\n\r\t\u2028\u2029":
            parts.append(" ")
        elif _needs_naming(text, place) or marks > _MOST_MARKS:
            parts.append(f"⟦U+{ord(character):04X}⟧")
        else:
            parts.append(character)
    return "".join(parts)


def _needs_naming(text: str, place: int) -> bool:
    character = text[place]
    before = text[place - 1] if place else ""
    if character in _JOINERS:
        return not (before and _joins(before))
    if character == _PICTURE_SELECTOR:
        return unicodedata.category(before or "a") not in ("So", "Sm", "Po", "Nd")
    if "\ufe00" <= character <= "\ufe0e" or "\U000e0100" <= character <= "\U000e01ef":
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or character in _BLANK_LETTERS


def _joins(before: str) -> bool:
    """Whether a joiner after this character is ordinary writing: Arabic to Sinhala script, or an emoji."""
    return "\u0600" <= before <= "\u0dff" or before == _PICTURE_SELECTOR or unicodedata.category(before) in ("So", "Sk")
