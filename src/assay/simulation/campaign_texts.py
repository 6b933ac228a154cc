"""What campaigns write: base texts from a small grammar, and the edits that make every post a little different."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assay.simulation.draws import Ints
from assay.simulation.vocabulary import toml

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

# Wordings of one topic that share no sentence; more than that crosses claims and details.
_WORDINGS = 5
# Chance of a closing phrase that several base texts may share, as people end posts alike.
_CLOSING_RATE = 0.3
# English is edited by words; a typing error hits a letter this many times less often than an edit hits a word.
_TYPING_ERRORS = 0.1


def topic_names(language: Language) -> tuple[str, ...]:
    """What a campaign can be about."""
    return tuple(_pool("campaigns.toml")[language]["topics"])


def base_texts(
    language: Language, topics: tuple[str, ...], counts: tuple[int, int, int], rng: np.random.Generator
) -> list[list[list[str]]]:
    """Base texts by event, narrative and wording, as many as `counts` says of each.

    Narratives are on different ones of the `topics` (empty: all twelve) as long as there are any. Chinese 35 to 110
    characters, English 15 to 45 words. The first five texts of a topic share no sentence: 60 a language; further ones
    cross claims and details, 300 in all.
    """
    n_events, n_narratives, wordings = counts
    pool = _pool("campaigns.toml")[language]
    chosen = [pool["topics"][name] for name in topics or topic_names(language)]
    order = rng.permutation(len(chosen))
    offsets = rng.integers(0, _WORDINGS, len(chosen))

    def text(event: int, narrative: int, wording: int) -> str:
        # A second narrative on the same topic starts behind the wordings of the first.
        turn, topic = divmod(narrative, len(chosen))
        number = (turn * n_events + event) * wordings + wording
        body = _body(chosen[order[topic]], int(offsets[topic]), number)
        return _glue(language).join(body + _closing(pool["closings"], rng))

    return [[[text(e, k, w) for w in range(wordings)] for k in range(n_narratives)] for e in range(n_events)]


def _body(topic: dict[str, list[str]], offset: int, number: int) -> list[str]:
    turn, place = divmod(number, _WORDINGS)
    claim = (place + offset) % _WORDINGS
    return [topic["claims"][claim], topic["details"][(claim + turn) % _WORDINGS]]


def _closing(closings: list[str], rng: np.random.Generator) -> list[str]:
    return [closings[int(rng.integers(len(closings)))]] if rng.random() < _CLOSING_RATE else []


def edited(texts: list[str], edit_rate: float, language: Language, rng: np.random.Generator) -> list[str]:
    """Each text edited on its own: words swapped for synonyms, characters deleted, replaced and inserted, emoji added.

    In Chinese `edit_rate` is the chance of each character to be deleted, replaced or followed by a random one (a third
    each); in English the chance of each word to be dropped, swapped, replaced or followed by a filler, with typing
    errors a tenth as often per letter. Known words are swapped for a synonym, and an emoji or two added, each with the
    same chance on top. Rate 0 gives the texts unchanged.
    """
    if edit_rate == 0:
        return list(texts)
    changed = _swapped(texts, edit_rate, language, rng)
    if language == "en":
        changed = _words_edited(changed, edit_rate, rng)
    letters = edit_rate if language == "zh" else edit_rate * _TYPING_ERRORS
    return _with_emoji(_letters_edited(changed, letters, language, rng), edit_rate, language, rng)


def _swapped(texts: list[str], rate: float, language: Language, rng: np.random.Generator) -> list[str]:
    pattern, other = _synonyms(language)
    return [pattern.sub(lambda m: other[m[0]] if rng.random() < rate else m[0], text) for text in texts]


@cache
def _synonyms(language: Language) -> tuple[re.Pattern[str], dict[str, str]]:
    other: dict[str, str] = {}
    for left, right in _pool("edits.toml")[language]["words"]:
        other |= {left: right, right: left}
    alternatives = "|".join(sorted(map(re.escape, other), key=len, reverse=True))
    return re.compile(alternatives if language == "zh" else rf"\b(?:{alternatives})\b"), other


def _words_edited(texts: list[str], rate: float, rng: np.random.Generator) -> list[str]:
    fillers = _pool("edits.toml")["en"]["fillers"]
    found = []
    for text in texts:
        words = text.split()
        kinds = np.where(rng.random(len(words)) < rate, rng.integers(0, 4, len(words)), -1)
        for place in np.flatnonzero(kinds >= 0)[::-1].tolist():
            filler = fillers[int(rng.integers(len(fillers)))]
            neighbour = place + 1 if place + 1 < len(words) else place - 1
            match kinds[place]:
                case 0 if len(words) > 1:
                    del words[place]
                case 1 if len(words) > 1:
                    words[place], words[neighbour] = words[neighbour], words[place]
                case 2:
                    words[place] = filler
                case _:
                    words.insert(place + 1, filler)
        found.append(" ".join(words))
    return found


def _letters_edited(texts: list[str], rate: float, language: Language, rng: np.random.Generator) -> list[str]:
    """All texts in one buffer of code points: each is dropped, replaced, or followed by a random one."""
    points, starts = _points(texts)
    random = np.array([ord(c) for c in _pool("edits.toml")[language]["letters"]], dtype=np.uint32)
    hit = rng.random(len(points)) < rate
    kind = np.where(hit, rng.integers(0, 3, len(points)), -1)
    drawn = random[rng.integers(0, len(random), len(points))]
    times = np.select([kind == 0, kind == 1], [0, 2], 1)
    copies = np.repeat(np.where(kind == 2, drawn, points), times)
    ends = np.cumsum(times)
    copies[ends[kind == 1] - 1] = drawn[kind == 1]
    return _strings(copies, np.concatenate(([0], ends))[starts])


def _points(texts: list[str]) -> tuple[npt.NDArray[np.uint32], Ints]:
    starts = np.concatenate(([0], np.cumsum([len(text) for text in texts]))).astype(np.int64)
    return np.frombuffer("".join(texts).encode("utf-32-le"), dtype="<u4").astype(np.uint32), starts


def _strings(points: npt.NDArray[np.uint32], starts: Ints) -> list[str]:
    whole = points.astype("<u4").tobytes().decode("utf-32-le")
    return [whole[a:b] for a, b in pairwise(starts.tolist())]


def _with_emoji(texts: list[str], rate: float, language: Language, rng: np.random.Generator) -> list[str]:
    emoji = _pool("edits.toml")[language]["emoji"]
    # Twice the rate, so that at 0.3 more than half of the posts carry one: people put them in before they edit words.
    gets = rng.random(len(texts)) < 2 * rate
    found = list(texts)
    for row in np.flatnonzero(gets).tolist():
        sign = emoji[int(rng.integers(len(emoji)))]
        signs = [sign] * int(rng.integers(1, 3))
        found[row] = _glue(language).join([*signs, texts[row]] if rng.random() < 0.3 else [texts[row], *signs])
    return found


def _glue(language: Language) -> str:
    return "" if language == "zh" else " "


@cache
def _pool(name: str) -> dict[str, Any]:
    return toml(name)
