"""The brand book: which names are brands, how each may be written, and which words are ordinary."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from assay.signals.spelling.alphabet import DISGUISED, IDEOGRAPH, PLAIN, SYMBOL, alphabet, codes, fold
from assay.signals.spelling.reading import shape_text

_TOKENS = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Names under this many letters are found only as written: disguises of shorter ones are too often chance.
LEAST_DISGUISED = 4
# Edits of shorter names hit ordinary words (measured: see docs/explanation/wording.md).
LEAST_NEAR = 6

_ORDINARY_TEXT = """
    black white red blue green pink purple beige grey gray brown yellow orange gold silver golden multicolor multicolour
    maroon navy cream ivory regular slim slimfit fit classic fashion jewellery jewelry home women womens men mens girls
    boys kids baby unisex casual formal sports sport style stylish new original best premium luxury quality super free
    size small medium large cotton leather silk steel wood wooden glass plastic ceramic set pack case cover mobile phone
    watch shoes bag bags shirt dress ring necklace earrings bracelet lamp light table chair mug sticker poster wall car
    auto bike toys games book books music world art craft handmade design designer designs house garden kitchen tools
    digital electronics power smart mini max plus pro one first generic unbranded other others none unknown various
    multi assorted na oem no not applicable brand non branded местный другой нет без бренда 其他 无 无品牌
    a an and are as at be by can do for from go he her his i if in is it me my of off on or our out she so that the
    this to up us we with you your its
"""
ORDINARY = frozenset(_ORDINARY_TEXT.split())
"""Words that describe goods. A brand value among them does not say whose goods they are."""


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand: its name as shown to people, its owner, its own spellings, and its nicknames.

    `surfaces` are ways the brand writes itself, never evasive; `aliases` are nicknames, pinyin and translations, which
    name the brand without writing it. `is_word`: the name is also a word of the trade ("Apple", "Neon"),
    so that only a title that begins with it claims the brand.
    """

    name: str
    owner: str
    surfaces: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    is_word: bool = False


@dataclass(frozen=True, eq=False)
class BrandBook:
    """All brands of a market and its ordinary words. Two books of the same content are equal and hash alike.

    `phrases` are runs of ordinary words that happen to spell a brand ("red bag" on a market with a Redbag) and are in
    use; None when that is not known, and then any run of ordinary words is taken for one.
    """

    brands: tuple[Brand, ...]
    vocabulary: frozenset[str] = ORDINARY
    phrases: frozenset[str] | None = None
    digest: str = field(default="", init=False)

    def __post_init__(self) -> None:
        content = repr((self.brands, sorted(self.vocabulary), self.phrases and sorted(self.phrases)))
        object.__setattr__(self, "digest", hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BrandBook) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def brand_book(brands: Iterable[Brand], vocabulary: Iterable[str] = ()) -> BrandBook:
    """A book of these brands, those that look alike merged under the first, with the ordinary words of the market.

    A vocabulary word that spells a brand is left out, so that a brand is never hidden by being common. A brand without
    a stated owner belongs to the shortest brand that its name begins with ("Norvane Kids" to "Norvane"), else itself.
    """
    merged: dict[bytes, Brand] = {}
    for brand in brands:
        key = shape_text(brand.name)
        if len(key) < 2 or key.isdigit():
            continue
        known = merged.get(key)
        surfaces = _unique(brand.surfaces or (brand.name,))
        if known is None:
            merged[key] = replace(brand, surfaces=surfaces)
        else:
            surfaces, aliases = _unique(known.surfaces + surfaces), _unique(known.aliases + brand.aliases)
            merged[key] = replace(known, surfaces=surfaces, aliases=aliases)
    plain = {word for word in fold(sorted(set(vocabulary))) if shape_text(word) not in merged}
    return BrandBook(tuple(_owned(list(merged.values()))), frozenset(plain) | ORDINARY)


def _owned(brands: list[Brand]) -> list[Brand]:
    owners = {" ".join(words(brand.name)): brand.owner or brand.name for brand in brands}
    return [replace(brand, owner=brand.owner or _house(brand.name, owners)) for brand in brands]


def _house(name: str, owners: dict[str, str]) -> str:
    parts = words(name)
    starts = (" ".join(parts[:count]) for count in range(1, len(parts)))
    return next((owners[start] for start in starts if start in owners), name)


def words(text: str) -> list[str]:
    """The words of a folded text."""
    return _TOKENS.findall(fold([text])[0])


def free_places(surface: str) -> frozenset[int]:
    """After how many letters the brand itself may be written apart: at its own gaps, and before a capital."""
    places, count = set(), 0
    camel = {match.start() for match in _CAMEL.finditer(surface)}
    for index, character in enumerate(surface):
        if index in camel or not character.isalnum():
            places.add(count)
        count += len(shape_text(character))
    return frozenset(places)


def letters_of(name: str) -> str:
    """The letters and digits of a name, small and without accents; letters of another script as they are."""
    tables, points = alphabet(), codes(name)
    kinds, looks, lower = tables.kind[points], tables.letter[points], tables.lower[points]
    folded = np.where((kinds == DISGUISED) | (kinds == SYMBOL), looks, lower)
    return "".join(map(chr, folded[(kinds >= PLAIN) | (kinds == IDEOGRAPH)].tolist()))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
