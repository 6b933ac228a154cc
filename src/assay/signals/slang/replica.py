"""Does a seller's title say that the goods are copies, outright or by a hint, or does it deny it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick_rs

from assay.signals.slang import replica_words
from assay.signals.slang.claims import candidates
from assay.signals.slang.clauses import Mark, lexer, marks
from assay.signals.slang.folding import folded_texts

SAID = 1.0
HINTED = 0.5

# "No fakes or replicas": a denial in a title governs what follows up to the next comma, at most so many words on.
_REACH = 4


@dataclass(frozen=True, slots=True)
class Slang:
    """Slang for copies in one text: how plainly (1 said, 0.5 hinted) and the words themselves, in small letters."""

    row: int
    value: float
    words: str


def replica_slang(texts: Sequence[str]) -> list[Slang]:
    """Slang for copies, one entry for each text that has some, the plainest words of it.

    English, Chinese, Russian, Spanish, German, French and Portuguese at once. Ordinary uses ("replica helmet", "AAA
    batteries", "копия чека", "高仿真花") and denials ("no replicas", "не реплика", "拒绝高仿") give nothing.

    >>> [(s.row, s.value, s.words) for s in replica_slang(["Bag AAA quality", "100% authentic, no replica", "高仿 包"])]
    [(0, 1.0, 'aaa quality'), (2, 1.0, '高仿')]
    """
    folded = folded_texts(texts)
    found = (_slang(row, folded[row]) for row in candidates(folded, _stems()))
    return [slang for slang in found if slang is not None]


@lru_cache(maxsize=1)
def _stems() -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(list(replica_words.STEMS))


_LEXER = lexer(
    {
        "idle": [expression for uses in replica_words.ORDINARY_USES.values() for expression in uses],
        "said": replica_words.SAID,
        "hinted": replica_words.HINTED,
        "negation": replica_words.NEGATED,
    }
)


def _slang(row: int, text: str) -> Slang | None:
    line = list(marks(_LEXER, text))
    best = None
    for index, mark in enumerate(line):
        if mark.kind in ("said", "hinted") and not _denied(line, index):
            value = SAID if mark.kind == "said" else HINTED
            if best is None or value > best.value:
                best = Slang(row, value, mark.text.strip())
    return best


def _denied(line: list[Mark], index: int) -> bool:
    for mark in reversed(line[max(0, index - _REACH) : index]):
        if mark.kind == "border" and mark.text != "/":
            return False
        if mark.kind == "negation":
            return True
    return False
