"""What ordinary people and innocent crowds post, in words that can be read: slots of patterns filled at random."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from assay.simulation.campaign_texts import Language
from assay.simulation.vocabulary import toml

_SLOT = re.compile(r"\{(\w+)\}")
# Shape of ordinary micro-blog posts (chatter.py says where from), rounded: no text, short stock phrases, the rest.
EMPTY_RATE, SHORT_RATE = 0.25, 0.35
_TWO_RATE = 0.35  # of the longer posts, those of two sentences


def ordinary_texts(n: int, language: Language, rng: np.random.Generator) -> list[str | None]:
    """Texts of `n` ordinary posts; None for a quarter of them, stock phrases for another third."""
    pool = _pool()[language]
    sort = rng.random(n)
    short = rng.integers(0, len(pool["short"]), n)
    long = iter(sentences(pool["patterns"], int((sort >= EMPTY_RATE + SHORT_RATE).sum()), language, rng))
    found: list[str | None] = []
    for row, value in enumerate(sort.tolist()):
        if value < EMPTY_RATE:
            found.append(None)
        elif value < EMPTY_RATE + SHORT_RATE:
            found.append(pool["short"][short[row]])
        else:
            found.append(next(long))
    return found


def sentences(patterns: Sequence[str], n: int, language: Language, rng: np.random.Generator) -> list[str]:
    """`n` fillings of random patterns; a third of them are two, one after the other."""
    first, second = filled(patterns, n, language, rng), filled(patterns, n, language, rng)
    two = rng.random(n) < _TWO_RATE
    glue = "。" if language == "zh" else ". "
    return [f"{a}{glue}{b}" if both else a for a, b, both in zip(first, second, two.tolist(), strict=True)]


def filled(patterns: Sequence[str], n: int, language: Language, rng: np.random.Generator) -> list[str]:
    """`n` random patterns with random words of the language in their slots."""
    pool = _pool()[language]
    chosen = rng.integers(0, len(patterns), n)
    draws = rng.random((n, 16))

    def fill(pattern: str, fractions: list[float]) -> str:
        left = iter(fractions)
        for _ in range(2):  # words of a slot may have slots themselves
            pattern = _SLOT.sub(lambda m: str(pool[m[1]][int(next(left) * len(pool[m[1]]))]), pattern)
        return pattern

    return [fill(patterns[place], row) for place, row in zip(chosen.tolist(), draws.tolist(), strict=True)]


def crowd_pool(language: Language) -> dict[str, Any]:
    """What innocent crowds say, by kind."""
    crowds: dict[str, Any] = _pool()[language]["crowds"]
    return crowds


@cache
def _pool() -> dict[str, Any]:
    return toml("chatter.toml")
