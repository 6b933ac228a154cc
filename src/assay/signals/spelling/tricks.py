"""One span that reads like a brand: with which trick is it written, or is it an ordinary spelling or chance?"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from assay.signals.spelling.alphabet import DISGUISED, FOREIGN, IDEOGRAPH, PLAIN, SYMBOL, alphabet
from assay.signals.spelling.reading import Reading


class Trick(StrEnum):
    """How a brand was written evasively, in words that fit into a sentence."""

    NONE = "as the brand writes it"
    CHANCE = "by chance"
    HOMOGLYPH = "with a look-alike character"
    CYRILLIC = "with Cyrillic letters"
    FULLWIDTH = "with full-width letters"
    MATHEMATICAL = "with mathematical letters"
    INVISIBLE = "with an invisible character inside"
    DIACRITICS = "with added accents"
    LEET = "with digits or signs for letters"
    DOTTED = "with a sign between all letters"
    SPACED = "with a space between all letters"
    STARRED = "with a sign inside the name"
    SPLIT = "split in two"


@dataclass(frozen=True, slots=True)
class Form:
    """One spelling of a brand to compare a span with: small letters, where it may be apart, ordinary words."""

    letters: str
    free: frozenset[int]
    gaps: frozenset[str]
    accented: bool
    vocabulary: frozenset[str]
    phrases: frozenset[str] | None


@dataclass(slots=True)
class _Span:
    """What a span is made of, letter by letter."""

    row: int
    first: int
    last: int
    written: str
    letters: str
    kinds: list[int]
    gaps: list[tuple[int, str]]


# Letters of European alphabets that Unicode does not take apart into a letter and an accent.
_LETTERS_OF_EUROPE = frozenset("øØłŁđĐħĦŧŦıæÆœŒßðÐþÞ")
# From five letters on a name with one letter left is rarely a model number.
_LONG = 5
# Shorter parts are not words that a sentence ends or begins with.
_WORD = 3
# A gap of the brand's own may hold these; a comma or slash there makes a list of two things.
_OWN_GAPS = frozenset(["", " ", "-", "&", "'", ".", "+", "!", "®", "™", " & ", "  ", " - ", "_"])
# Signs that nobody puts inside a word for another reason. Quotes, commas, slashes and the like separate things.
_SIGNS = frozenset("*._~^#·•°¤§¬¦∙‧・●★☆♥")


def trick_of(reading: Reading, row: int, place: tuple[int, int], form: Form) -> Trick:
    """The trick with which the span at `place` (first, next after last) writes the brand whose spelling is `form`.

    NONE for a harmless variant of the name (its own gaps closed or hyphenated, an accent left out); CHANCE when the
    span is more probably something else: ordinary words side by side, a model number, a word of another language.
    """
    span = _span(reading, row, place)
    if any(kind in (FOREIGN, IDEOGRAPH) for kind in span.kinds):
        return _foreign(span, form)
    middle = [(count, gap) for count, gap in span.gaps if count not in form.free]
    if any(gap not in _OWN_GAPS | form.gaps for count, gap in span.gaps if count in form.free):
        return Trick.CHANCE
    if _hidden(span):
        return Trick.INVISIBLE
    changed = _letters_trick(reading, span, form)
    if middle:
        return (
            _gap_trick(reading, span, middle, form) if changed in (Trick.NONE, Trick.CHANCE) else _both(span, changed)
        )
    return changed


def _span(reading: Reading, row: int, place: tuple[int, int]) -> _Span:
    first, last = place
    kinds = reading.kind[first:last].tolist()
    lower = reading.lower[first:last].tolist()
    letter = alphabet().letter[reading.lower[first:last]].tolist()
    letters: list[str] = []
    of_letters: list[int] = []
    gaps: list[tuple[int, str]] = []
    gap = ""
    for kind, point, look in zip(kinds, lower, letter, strict=True):
        if kind < PLAIN and kind != IDEOGRAPH:
            gap += chr(point)
            continue
        if gap:
            gaps.append((len(letters), gap))
            gap = ""
        letters.append(chr(point) if kind in (PLAIN, FOREIGN, IDEOGRAPH) or not 10 < look < 128 else chr(look))
        of_letters.append(kind)
    return _Span(row, first, last, reading.written(first, last), "".join(letters), of_letters, gaps)


def _foreign(span: _Span, form: Form) -> Trick:
    """Names in another script: only what hides inside them counts, since their look-alikes are their own letters."""
    if span.letters != form.letters or any(count not in form.free for count, _ in span.gaps):
        return Trick.CHANCE
    return Trick.INVISIBLE if _hidden(span) else Trick.NONE


def _hidden(span: _Span) -> bool:
    """Whether an invisible character stands between the letters; one after the last letter hides nothing."""
    if span.written.isascii():
        return False
    written = span.written.rstrip("".join(c for c in set(span.written) if _shows_nothing(c)))
    return any(_shows_nothing(character) for character in written)


def _shows_nothing(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or character in "\u115f\u1160\u3164\uffa0\u034f\u180b\u180c\u180d"


def _letters_trick(reading: Reading, span: _Span, form: Form) -> Trick:
    """What was done to the letters themselves, gaps aside."""
    if any(kind == DISGUISED for kind in span.kinds) or _accents(span.written):
        return _disguise(reading, span, form)
    if span.letters == form.letters and SYMBOL not in span.kinds:
        return Trick.NONE
    return _leet(span, form)


def _leet(span: _Span, form: Form) -> Trick:
    stand_ins = letters = signs = 0
    for kind, got, own in zip(span.kinds, span.letters, form.letters, strict=True):
        letters += got.isalpha() and kind == PLAIN
        if kind != PLAIN:
            signs += 1
        elif got != own and got.isdigit() and own.isalpha():
            stand_ins += 1
        elif got != own and not (got in "il" and own in "il"):
            return Trick.CHANCE  # a letter where the brand has a digit: a word of its own
    if span.letters in form.vocabulary:
        return Trick.CHANCE
    if not stand_ins and not signs:
        return Trick.HOMOGLYPH  # l for I
    # "5010" is a number and "B055" may be a model: a short name keeps as many letters as it swaps, a longer one some.
    told = signs or stand_ins <= letters or (letters and len(span.letters) >= _LONG)
    return Trick.LEET if told else Trick.CHANCE


def _disguise(reading: Reading, span: _Span, form: Form) -> Trick:
    shown = [c for c in span.written if not c.isascii() and not _shows_nothing(c)]
    others = [c for c in shown if unicodedata.category(c)[0] in "LMNS"]
    around = _around(reading, span)
    if all(unicodedata.category(c)[0] == "M" or _is_accented(c) for c in others):
        # Where the text writes accents anyway, or the brand does, one accent is spelling and not disguise.
        if form.accented or (len(others) == 1 and _accents(around)):
            return Trick.NONE
        return Trick.CHANCE if span.letters in form.vocabulary else Trick.DIACRITICS
    if all("！" <= c <= "～" for c in others):
        return Trick.NONE if any("！" <= c <= "～" or "\u3040" <= c <= "\u30ff" for c in around) else Trick.FULLWIDTH
    if all(0x1D400 <= ord(c) <= 0x1D7FF for c in others):
        return Trick.MATHEMATICAL
    script = {_script(c) for c in others}
    whole = PLAIN not in span.kinds and len(script) == 1
    if whole and any(_script(c) in script for c in around):
        return Trick.CHANCE  # a word of the language that the text is in
    return Trick.CYRILLIC if script == {"CYRILLIC"} else Trick.HOMOGLYPH


def _gap_trick(reading: Reading, span: _Span, middle: list[tuple[int, str]], form: Form) -> Trick:
    if span.letters != form.letters:
        return Trick.CHANCE
    gaps = {gap for _, gap in middle}
    if len(span.gaps) == len(form.letters) - 1 and len(gaps) == 1:
        gap = gaps.pop()
        return Trick.SPACED if gap.isspace() else Trick.DOTTED
    cuts = [0, *(count for count, _ in span.gaps), len(span.letters)]
    parts = [span.letters[a:b] for a, b in pairwise(cuts)]
    ordinary = all(part.isdigit() or part in form.vocabulary for part in parts)
    if all(len(gap) == 1 and gap in _SIGNS for gap in gaps):
        # A full stop may end one word where the next begins without a space.
        return Trick.CHANCE if gaps == {"."} and ordinary and min(map(len, parts)) >= _WORD else Trick.STARRED
    if not gaps <= {" ", "-"}:
        return Trick.CHANCE
    if len(parts[-1]) == 1 and reading.lower[span.last] == ord("-"):
        return Trick.CHANCE  # "Ralu X-50" is a model, not a Ralux cut in two
    excused = form.phrases is None or " ".join(parts) in form.phrases
    ordinary = ordinary or all(len(part) == 1 or part in form.vocabulary for part in parts)
    return Trick.CHANCE if ordinary and excused else Trick.SPLIT


def _both(span: _Span, changed: Trick) -> Trick:
    """Letters changed and gaps added: believed only where the gaps are regular, else two things met by chance."""
    regular = len(span.gaps) == len(span.letters) - 1 and len({gap for _, gap in span.gaps}) == 1
    return changed if regular or changed not in (Trick.LEET, Trick.HOMOGLYPH, Trick.DIACRITICS) else Trick.CHANCE


def _around(reading: Reading, span: _Span) -> str:
    start = int(reading.starts[span.row])
    end = int(reading.starts[span.row + 1]) if span.row + 1 < len(reading.starts) else len(reading.kind)
    return reading.written(start, span.first) + reading.written(span.last, end - 1)


def _accents(text: str) -> bool:
    return not text.isascii() and any(unicodedata.category(c)[0] == "M" or _is_accented(c) for c in text)


def _is_accented(character: str) -> bool:
    if character in _LETTERS_OF_EUROPE:
        return True
    apart = unicodedata.normalize("NFD", character)
    return len(apart) > 1 and apart[0].isascii()


def _script(character: str) -> str:
    return unicodedata.name(character, "?").partition(" ")[0]
