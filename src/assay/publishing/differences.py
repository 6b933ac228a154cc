"""What one wording changed in another: marked by words where words are spelt, by characters where they are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Scripts written without spaces are compared character by character, everything else word by word; a text that mixes
# them mixes the units as well, so there is no language to be guessed.
_SYLLABLE = r"\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_SYLLABLE}]|[^\W{_SYLLABLE}]+|\s+|.")
# Matching costs the product of both lengths: 1,500 units a side are a second of work at worst.
MOST_UNITS = 1_500


class Mark(StrEnum):
    """What became of a piece: it stands in both, only in the centre (gone), or only in the copy (new)."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text with its mark."""

    mark: Mark
    text: str


def differences(centre: str, copy: str) -> tuple[Piece, ...]:
    """The copy against the centre as pieces in reading order; gone pieces stand before the new ones at their place.

    Joining the pieces that are not gone gives the copy, joining those that are not new gives the centre. Texts of
    more than `MOST_UNITS` units are compared up to there, and what follows is one piece each.

    >>> [(p.mark.value, p.text) for p in differences("they force shops", "they press shops")]
    [('same', 'they '), ('gone', 'force'), ('new', 'press'), ('same', ' shops')]
    """
    left, left_rest = _units(centre)
    right, right_rest = _units(copy)
    pieces: list[Piece] = []
    for name, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if name == "equal":
            pieces.append(Piece(Mark.SAME, "".join(left[a:b])))
            continue
        pieces += [Piece(Mark.GONE, "".join(left[a:b]))] if b > a else []
        pieces += [Piece(Mark.NEW, "".join(right[c:d]))] if d > c else []
    if left_rest == right_rest:
        return (*pieces, *([Piece(Mark.SAME, left_rest)] if left_rest else []))
    rest = ((Mark.GONE, left_rest), (Mark.NEW, right_rest))
    return (*pieces, *(Piece(mark, text) for mark, text in rest if text))


def _units(text: str) -> tuple[list[str], str]:
    found = _UNIT.findall(text.replace("\n", " "))
    return found[:MOST_UNITS], "".join(found[MOST_UNITS:])
