"""Ways to write a brand evasively, with tables of their own: nothing here is read from the detector."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

HOMOGLYPHS = {
    **{"a": "аɑα", "b": "Ьƅ", "c": "сϲ", "d": "ԁⅾ", "e": "еҽ", "f": "ƒ", "g": "ɡ", "h": "һ", "i": "іı", "j": "ј"},
    **{"k": "кκ", "l": "ӏⅼ", "m": "мⅿ", "n": "ոп", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ"},
    **{"u": "υս", "v": "νѵ", "w": "ԝ", "x": "хχ", "y": "уү", "z": "ᴢ"},
}
CYRILLIC = dict(zip("aceopxyijskmtbh", "асеорхуіјѕкмтвн", strict=True))
LEET = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "@", "s": "$"}
ACCENTS = {"a": "áäâ", "e": "éëê", "i": "íïî", "o": "óöô", "u": "úüû", "n": "ñ", "c": "ç", "y": "ý", "s": "š", "z": "ž"}

Writer = Callable[[str, random.Random], str | None]


def _letters(name: str) -> list[int]:
    return [place for place, character in enumerate(name) if character.isascii() and character.isalpha()]


def _replace(name: str, places: list[int], table: dict[str, str], chance: random.Random) -> str | None:
    characters = list(name)
    for place in places:
        characters[place] = chance.choice(table[characters[place].lower()])
    return "".join(characters) if places else None


def _in_table(name: str, table: dict[str, str]) -> list[int]:
    return [place for place in _letters(name) if name[place].lower() in table]


def homoglyph(count: int) -> Writer:
    def write(name: str, chance: random.Random) -> str | None:
        places = _in_table(name, HOMOGLYPHS)
        return _replace(name, chance.sample(places, count), HOMOGLYPHS, chance) if len(places) >= count else None

    return write


def everywhere(table: dict[str, str]) -> Writer:
    return lambda name, chance: _replace(name, _in_table(name, table), table, chance)


def shifted(upper: int, lower: int) -> Writer:
    def write(name: str, chance: random.Random) -> str | None:
        del chance
        shift = [chr((upper if c.isupper() else lower) + ord(c.lower()) - 97) if c.isalpha() else c for c in name]
        return "".join(shift) if name.isascii() else None

    return write


def accented(name: str, chance: random.Random) -> str | None:
    places = _in_table(name, ACCENTS)
    return _replace(name, chance.sample(places, min(2, len(places))), ACCENTS, chance)


def _inside(name: str) -> list[int]:
    """Places between two letters of one word, not where a capital begins (that is how the brand may be written)."""
    pairs = [(place, name[place - 1], name[place]) for place in range(1, len(name))]
    return [p for p, a, b in pairs if a.isalnum() and b.isalnum() and not (a.islower() and b.isupper())]


def inserted(*signs: str) -> Writer:
    def write(name: str, chance: random.Random) -> str | None:
        places = _inside(name)
        if not places:
            return None
        place = chance.choice(places)
        return name[:place] + chance.choice(signs) + name[place:]

    return write


def spread(sign: str) -> Writer:
    def write(name: str, chance: random.Random) -> str | None:
        del chance
        return re.sub(r"[^\W_]+", lambda word: sign.join(word.group()), name)

    return write


def dropped(name: str, chance: random.Random) -> str | None:
    place = chance.choice(_letters(name)[1:] or [0])
    return name[:place] + name[place + 1 :]


def doubled(name: str, chance: random.Random) -> str | None:
    place = chance.choice(_letters(name)[1:] or [0])
    return name[:place] + name[place] + name[place:]


def swapped(name: str, chance: random.Random) -> str | None:
    places = [place for place in _inside(name) if name[place].lower() != name[place - 1].lower()]
    if not places:
        return None
    place = chance.choice(places)
    return name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


def substituted(name: str, chance: random.Random) -> str | None:
    place = chance.choice(_letters(name)[1:] or [0])
    other = chance.choice([letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter != name[place].lower()])
    return name[:place] + other + name[place + 1 :]


def initial(name: str, chance: random.Random) -> str | None:
    del chance
    return name[0] + "*" * (len(name) - 1)


TRICKS: dict[str, Writer] = {
    "homoglyph x1": homoglyph(1),
    "homoglyph x3": homoglyph(3),
    "Cyrillic": everywhere(CYRILLIC),
    "fullwidth": shifted(0xFF21, 0xFF41),
    "math bold": shifted(0x1D400, 0x1D41A),
    "zero-width": inserted("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"),
    "diacritics": accented,
    "leet": everywhere(LEET),
    "n.i.k.e": spread("."),
    "n i k e": spread(" "),
    "ni*ke": inserted("*", ".", "_", "~", "·"),
    "split": inserted(" "),
    "drop": dropped,
    "double": doubled,
    "swap": swapped,
    "substitute": substituted,
}
"""The seventeenth, a nickname, is made from the book itself (`run.py`)."""

EDITS = ("drop", "double", "swap", "substitute")
