"""What a narrative is called: its language and the terms that set it apart, in its own words."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log

_CHINESE = re.compile(r"[㐀-鿿豈-﫿]+")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W\d_㐀-鿿豈-﫿]{2,}")
# Terms of a narrative: as many as fit a line.
MOST_TERMS = 5
# Chinese is written without spaces; runs of two to six characters that most texts have are its words and phrases.
_CHINESE_RUNS = range(2, 7)
# A term must be in a third of the texts.
_LEAST_RATE = 1 / 3
# Texts looked at for one narrative: the counts do not move after that.
MOST_TEXTS = 400


def language(texts: Sequence[str]) -> str:
    """The language of most characters: zh, ru, en (any in Latin letters) or other."""
    whole = "".join(texts[:MOST_TEXTS])
    counts = {
        # A Chinese character says as much as about three letters.
        "zh": 3 * sum(map(len, _CHINESE.findall(whole))),
        "ru": len(_CYRILLIC.findall(whole)),
        "en": len(_LATIN.findall(whole)),
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "other"


def terms(texts: Sequence[str], background: Counter[str], n_background: int) -> list[str]:
    """The terms that a narrative's texts share and the other texts lack, the most telling first.

    Class-based TF-IDF (Grootendorst 2022) over words, and over runs of Chinese characters: the share of the texts with
    the term times the logarithm of how much rarer it is elsewhere. `background`: `term_counts` of other texts. Terms
    that only repeat a part of a better one are left out; an empty list when the texts share none.
    """
    own = term_counts(texts)
    n = min(len(texts), MOST_TEXTS)
    scored = {
        term: count / n * log((1 + n_background) / (1 + background[term])) * len(term) ** 0.5
        for term, count in own.items()
        if count >= max(2, _LEAST_RATE * n) or n == 1
    }
    chosen: list[str] = []
    for term in sorted(scored, key=lambda each: (-scored[each], each)):
        if not any(_overlap(term, better) for better in chosen):
            chosen.append(term)
        if len(chosen) == MOST_TERMS:
            break
    return chosen


def term_counts(texts: Sequence[str]) -> Counter[str]:
    """In how many of the texts each word, and each run of Chinese characters, occurs."""
    counts: Counter[str] = Counter()
    for text in texts[:MOST_TEXTS]:
        counts.update(_terms(text))
    return counts


def _terms(text: str) -> set[str]:
    found = {word.lower() for word in _WORD.findall(text)}
    for run in _CHINESE.findall(text):
        found.update(run[at : at + size] for size in _CHINESE_RUNS for at in range(len(run) - size + 1))
    return found


def _overlap(term: str, better: str) -> bool:
    """Whether one is a part of the other, or they are the same words shifted by a character."""
    if term in better or better in term:
        return True
    if not _CHINESE.fullmatch(term):
        return False
    shared = {a + b for a, b in pairwise(term)} & {a + b for a, b in pairwise(better)}
    return bool(shared)


def group_name(first_text_key: int) -> str:
    """A name that a group keeps while it grows: made from the key of the first text of its first narrative."""
    digest = hashlib.sha256(first_text_key.to_bytes(8, "little", signed=True)).digest()
    return "G-" + b32encode(digest)[:5].decode()
