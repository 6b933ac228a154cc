"""Does a buyer's text say that the goods are fake, or that they are genuine?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from assay.signals.slang import claim_words
from assay.signals.slang.clauses import Mark, lexer, marks
from assay.signals.slang.folding import folded_texts

# A negation reaches over at most this many words ("not in any way a fake"); further off it belongs to something else.
_NEGATION_REACH = 4
# A doubt reaches further, since it governs a whole clause ("I was worried that these shoes might be fake").
_DOUBT_REACH = 9
_QUESTION = ("?", "？")
_STOPS = frozenset(".!?…。！？;；\n")


def claims_fake(texts: Sequence[str | None]) -> NDArray[np.int8]:
    """What each text claims: 1 says the goods are fake, -1 says they are genuine, 0 says nothing about it.

    Reads reviews and refund reasons in English, Chinese, Russian, Spanish, German, French and Portuguese. Negation
    turns a claim round ("not a fake" is -1, "не оригинал" is 1); doubts, questions and conditions ("worried it was
    fake", "is it original?") claim nothing. Where a text claims both, what stands after "but" decides, else the claim
    of fake. Null and empty texts give 0. The result is as long as `texts`.

    >>> claims_fake(["This is a fake!", "not a fake, 100% original", "正品无疑", "nice colour", None]).tolist()
    [1, -1, -1, 0, 0]
    """
    claims = np.zeros(len(texts), dtype=np.int8)
    folded = [text.replace("_", " ") for text in folded_texts(texts)]
    for row in candidates(folded, _stems()):
        claims[row] = _claim(folded[row])
    return claims


def candidates(folded: Sequence[str], stems: ahocorasick_rs.AhoCorasick) -> list[int]:
    """Rows that hold at least one stem, ascending, found in one pass over all texts joined together."""
    joined = "\n".join(folded)
    try:
        hits = stems.find_matches_as_indexes(joined)
    except UnicodeEncodeError:  # a lone surrogate; put one character in its place so that places stay
        hits = stems.find_matches_as_indexes(joined.encode("utf-8", "replace").decode())
    if not hits:
        return []
    ends = np.cumsum(np.fromiter((len(text) + 1 for text in folded), dtype=np.int64, count=len(folded)))
    starts = np.fromiter((hit[1] for hit in hits), dtype=np.int64, count=len(hits))
    rows: list[int] = np.unique(np.searchsorted(ends, starts, side="right")).tolist()
    return rows


@lru_cache(maxsize=1)
def _stems() -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(list(claim_words.STEMS))


_LEXER = lexer(
    {
        "elsewhere": claim_words.ELSEWHERE,
        "idle": [expression for words in claim_words.IDLE.values() for expression in words],
        "doubt": [expression for words in claim_words.DOUBT.values() for expression in words],
        "fake": claim_words.FAKE,
        "genuine": claim_words.GENUINE,
        "contrast": claim_words.CONTRAST,
        "negation": claim_words.NOT,
    }
)


def _claim(text: str) -> int:
    """The claim of one folded text that holds a stem."""
    row = list(marks(_LEXER, text))
    votes: list[tuple[int, int]] = []
    for index, mark in enumerate(row):
        if mark.kind in ("fake", "genuine") and not _doubted(row, index) and not _of_others(row, index):
            said = 1 if mark.kind == "fake" else -1
            votes.append((index, -said if _negated(row, index) else said))
    signs = {vote for _, vote in votes}
    if len(signs) < 2:
        return signs.pop() if signs else 0
    turns = [index for index, mark in enumerate(row) if mark.kind == "contrast" and index < votes[-1][0]]
    after = {vote for index, vote in votes if turns and index > turns[-1]}
    return after.pop() if len(after) == 1 else 1


def _negated(row: list[Mark], index: int) -> bool:
    for mark in reversed(row[max(0, index - _NEGATION_REACH) : index]):
        if mark.kind in ("border", "contrast"):
            return False
        if mark.kind == "negation":
            return True
    return _negated_after(row, index)


def _negated_after(row: list[Mark], index: int) -> bool:
    """German and Chinese may deny at the end of the clause: "original ist das nicht"."""
    clause = []
    for mark in row[index + 1 : index + 1 + _NEGATION_REACH]:
        if mark.kind == "border":
            break
        clause.append(mark)
    return bool(clause) and clause[-1].text == "nicht"


def _doubted(row: list[Mark], index: int) -> bool:
    for mark in reversed(row[max(0, index - _DOUBT_REACH) : index]):
        if mark.kind in ("contrast", "border"):
            break
        if mark.kind == "doubt":
            return True
    return _asked(row, index)


def _of_others(row: list[Mark], index: int) -> bool:
    """Whether the clause around the mark is about goods bought elsewhere."""
    borders = [place for place, mark in enumerate(row) if mark.kind in ("border", "contrast")]
    first = max((place for place in borders if place < index), default=0)
    last = min((place for place in borders if place > index), default=len(row))
    return any(mark.kind == "elsewhere" for mark in row[first:last])


def _asked(row: list[Mark], index: int) -> bool:
    """Whether the sentence around the mark ends in a question mark."""
    for mark in row[index + 1 :]:
        if mark.kind == "border" and not _STOPS.isdisjoint(mark.text):
            return mark.text.startswith(_QUESTION)
    return False
