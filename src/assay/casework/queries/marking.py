"""Frozen texts cut where a wording signal marked them, with what cannot be seen made visible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assay.casework.findings import Mark
from assay.publishing.visible import visible

# A title is cut at 1,000 characters where it is kept, a description at 2,000.
_MOST_CHARACTERS = 2_000
_WORD = re.compile(r"[^\W\d_]{2,}")
# Scripts whose letters are read for one another; a word of one of them alone is ordinary writing.
_LOOK_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text as it may be shown; `marks` names the signals that rest on it, empty for unmarked text."""

    text: str
    marks: str = ""


def pieces(text: str, marks: Iterable[Mark], place: str) -> tuple[Piece, ...]:
    """The text of a `place` in order, cut at its marks; overlapping marks become one.

    >>> pieces("1:1 mirror watch", [Mark("wording-replica", "called a copy", "title", "1:1 mirror", 0, 10)], "title")
    (Piece(text='1:1 mirror', marks='called a copy'), Piece(text=' watch', marks=''))
    """
    found: list[Piece] = []
    done = 0
    spans = [
        (each.start, each.end, _shown(each.label))
        for each in marks
        if each.place == place and each.start is not None and each.end is not None
    ]
    for start, end, label in _merged(text, [*spans, *_strangers(text)]):
        found.append(Piece(_shown(text[done:start])))
        found.append(Piece(_shown(text[start:end]), label))
        done = end
    found.append(Piece(_shown(text[done:])))
    return tuple(piece for piece in found if piece.text)


def unplaced(marks: Iterable[Mark]) -> tuple[Piece, ...]:
    """Marked words that are not found in the frozen text word for word, once each."""
    loose = {each.text: _shown(each.label) for each in marks if each.start is None or each.end is None}
    return tuple(Piece(_shown(text), label) for text, label in loose.items())


def _strangers(text: str) -> Iterator[tuple[int, int, str]]:
    """Letters of another script than most of their word: they look the same and are not, such as a Cyrillic a."""
    for word in _WORD.finditer(text):
        scripts = [unicodedata.name(letter, "").partition(" ")[0] for letter in word[0]]
        own = max(_LOOK_ALIKE, key=scripts.count)
        for place, script in enumerate(scripts, word.start()):
            if script != own and script in _LOOK_ALIKE:
                yield place, place + 1, unicodedata.name(text[place]).lower()


def _merged(text: str, marked: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    spans = sorted((max(start, 0), min(end, len(text)), label) for start, end, label in marked)
    merged: list[tuple[int, int, str]] = []
    for start, end, label in spans:
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            first, last, labels = merged[-1]
            both = labels if label in labels.split(", ") else f"{labels}, {label}"
            merged[-1] = (first, max(last, end), both)
        else:
            merged.append((start, end, label))
    return merged


def _shown(text: str) -> str:
    return visible(text, limit=_MOST_CHARACTERS)
