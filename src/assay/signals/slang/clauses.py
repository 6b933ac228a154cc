"""Reading a text as a row of marks (says fake, says genuine, not, if, but, border) instead of as words.

One compiled expression per lexicon turns a text into marks; what a mark means for its clause is decided by the reader
of the marks (`claims.py`, `replica.py`). No language is detected: the lexica of all languages are read at once, because
a review in Spanish may well say "fake", and because the words that collide ("no", "original", "pirata") agree in
meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_HAN = "\u3400-\u9fff"
# A Latin or Cyrillic word may touch a Chinese character ("买到fake了"), so `\b` alone is not its edge.
_LEFT = rf"(?<![^\W{_HAN}])"
_RIGHT = rf"(?![^\W{_HAN}])"
_BORDER = r"[.,;:!?…。，、；：！？()\[\]|/\n—–]"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing read: what it is, its place in marks (distance is counted in words), and its span in the text."""

    kind: str
    place: int
    start: int
    end: int
    text: str


def phrases(expressions: Iterable[str]) -> str:
    """One alternative out of many expressions; those that begin or end with a letter must stand as whole words."""
    return "|".join(_edged(expression) for expression in expressions)


def lexer(kinds: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """The expression that reads a casefolded text as marks. Kinds are tried in order, so exceptions come first.

    Kinds `border`, `end` and `word` are added: clause punctuation, and any other word (a Chinese character is a word).
    """
    named = [f"(?P<{kind}>{phrases(expressions)})" for kind, expressions in kinds.items()]
    named += [f"(?P<border>{_BORDER}+)", rf"(?P<word>[{_HAN}]|[^\W{_HAN}]+)"]
    return re.compile("|".join(named))


def marks(pattern: re.Pattern[str], text: str) -> Iterator[Mark]:
    """The marks of a casefolded text, in order."""
    for place, match in enumerate(pattern.finditer(text)):
        yield Mark(match.lastgroup or "word", place, match.start(), match.end(), match.group())


def _edged(expression: str) -> str:
    if re.search(rf"[{_HAN}]", expression):
        return f"(?:{expression})"
    return f"{_LEFT}(?:{expression}){_RIGHT}"
