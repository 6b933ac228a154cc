"""Which brands a title names as what the goods are for ("case for …", "适用 …", "для …"), and so does not claim."""

from __future__ import annotations

from functools import lru_cache

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from assay.signals.spelling.mentions import Mentions
from assay.signals.spelling.reading import Ints, Reading

# What stands before the name of what goods fit.
_BEFORE = (
    *(" for ", " fits ", " fit for ", "compatible", " replacement", " replaces ", " suits "),
    *(" suitable ", " works with "),
    *("适用", "兼容", "适配", "替代", "替换", "代用", "通用于", "配件"),
    *(" для ", "совместим", " подходит", " к ", " под "),
    *(" für ", " passend ", "kompatibel", " pour ", " para ", " per ", "compatível"),
)
# "For men" says who wears it, not what it fits.
_WHO = tuple(
    f" {word} {who}"
    for word, all_who in {
        "for": "men wom man boy girl kid bab him her home sale unis child adult ladies gent teen daily office all ",
        "для": "муж жен дет дев мал дом всех пода муш",
        "für": "her dam kind män fra jung mäd",
        "pour": "hom fem enf bébé fil gar",
        "para": "hom muj niñ dam cab fem mas beb",
    }.items()
    for who in all_who.split()
)
# What stands after it: "Norvane compatible charger".
_AFTER = (" compatible", " kompatib", " совместим", "-compatible", "适用", "通用", "兼容")


def is_target(reading: Reading, mentions: Mentions) -> NDArray[np.bool_]:
    """For each mention: whether the goods are for that brand's goods, not of that brand."""
    before, after = _automata()
    hits = _places(before, reading)
    word = np.sort(hits[hits[:, 0] < len(_BEFORE)][:, 1])
    who = hits[hits[:, 0] >= len(_BEFORE)][:, 1]
    word = word[~np.isin(word, who)]
    last = np.searchsorted(word, mentions.start) - 1
    targets: NDArray[np.bool_] = np.zeros(len(mentions.start), dtype=np.bool_)
    if len(word):
        targets = (last >= 0) & (word[np.maximum(last, 0)] >= reading.starts[mentions.row] - 1)
    return targets | np.isin(mentions.end, _places(after, reading)[:, 1])


@lru_cache(maxsize=1)
def _automata() -> tuple[ahocorasick_rs.BytesAhoCorasick, ahocorasick_rs.BytesAhoCorasick]:
    kind = ahocorasick_rs.Implementation.DFA
    groups = ((*_BEFORE, *_WHO), _AFTER)
    before, after = ([word.encode("utf-32-le") for word in words] for words in groups)
    make = ahocorasick_rs.BytesAhoCorasick
    return make(before, implementation=kind), make(after, implementation=kind)


def _places(automaton: ahocorasick_rs.BytesAhoCorasick, reading: Reading) -> Ints:
    """Word and place of every hit. Characters are four bytes, so a hit between characters is no hit."""
    found = automaton.find_matches_as_indexes(reading.lower.tobytes(), overlapping=True)
    hits: Ints = np.array(found, dtype=np.int64).reshape(-1, 3)
    hits = hits[hits[:, 1] % 4 == 0]
    kept: Ints = hits // np.array([1, 4, 4])
    return kept
