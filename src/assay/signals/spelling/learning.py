"""Where the brand book comes from: the market's table of brands, or what its merchants write in the brand field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.signals.spelling.book import ORDINARY, Brand, BrandBook, brand_book, letters_of, words
from assay.signals.spelling.mentions import find, finder
from assay.signals.spelling.purpose import is_target
from assay.signals.spelling.reading import read, shape_text
from assay.signals.spelling.tricks import Trick

# A word is ordinary when it stands in at least this many sampled titles, or this share of them, whichever is more.
_LEAST_TITLES = 5
_LEAST_TITLE_RATE = 1 / 5000
# A value of the brand field is a brand when titles of its listings begin with it; "Black" and "Slim Fit" do not.
_LEADS_RATE = 0.5
# A brand is also a word of the trade when this share of the titles that name it belong to other brands, two at least.
_WORD_RATE = 0.2
_LEAST_OTHERS = 2
# Fewer listings than this are too few to learn a brand from.
LEAST_LISTINGS = 3
# Another spelling of a brand is its own when it is this frequent beside the most frequent one; a trick is rarer.
_OWN_SPELLING_RATE = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """One value of the brand field, and how many listings have it."""

    value: str
    n_listings: int


def stated_book(brands: Iterable[Brand], titles: Sequence[str]) -> BrandBook:
    """The book of a market with a table of brands; `titles` are texts from which ordinary words are learned."""
    known = brand_book(brands)
    return _with_phrases(brand_book(known.brands, _vocabulary(known, titles)), titles)


def learned_book(
    values: Iterable[Usage], titles: Sequence[str], fields: Sequence[str | None], heads: Sequence[str] = ()
) -> BrandBook:
    """The book of a market without one, from values of its brand field and a sample of its listings.

    `fields` are the brand fields of the sampled `titles`; `heads`, beginnings of descriptions, only teach ordinary
    words. Left out are values of fewer than three listings, values of
    ordinary words only ("Slim Fit"), and values with which the titles of their own listings do not begin. A market
    whose sample shows no listing of a brand keeps it.
    """
    first = brand_book(_candidates(values))
    if not first.brands:
        return _with_phrases(brand_book([], _vocabulary(first, [*titles, *heads])), titles)
    own, other, leading = _counts(first, titles, fields)
    false = (own > 0) & (leading < own * _LEADS_RATE)
    word = (other >= _LEAST_OTHERS) & (other > (own + other) * _WORD_RATE)
    kept = [replace(b, owner="", is_word=bool(word[i])) for i, b in enumerate(first.brands) if not false[i]]
    dropped = [text for i, brand in enumerate(first.brands) if false[i] for text in words(brand.name)]
    texts = [*titles, *heads]
    return _with_phrases(brand_book(kept, [*_vocabulary(brand_book(kept), texts), *dropped]), texts)


def _with_phrases(book: BrandBook, titles: Sequence[str]) -> BrandBook:
    """The book with the phrases of ordinary words that spell a brand and stand in the sampled titles."""
    if not book.brands or not titles:
        return book
    strict = replace(book, phrases=frozenset())
    _, _, disguises = find(read(titles), finder(strict))
    split = [words(found.written) for found in disguises if found.trick is Trick.SPLIT]
    phrases = [" ".join(parts) for parts in split if all(len(p) == 1 or p in book.vocabulary for p in parts)]
    return replace(book, phrases=frozenset(phrases))


def _candidates(values: Iterable[Usage]) -> list[Brand]:
    """One brand per key, named by its most frequent spelling; rare spellings that change a letter are not its own."""
    groups: dict[bytes, list[Usage]] = {}
    for usage in sorted(values, key=lambda usage: (-usage.n_listings, usage.value)):
        key = shape_text(usage.value)
        if len(key) >= 2 and not all(word in ORDINARY for word in words(usage.value)):
            groups.setdefault(key, []).append(usage)
    return [_brand(group) for group in groups.values() if sum(usage.n_listings for usage in group) >= LEAST_LISTINGS]


def _brand(group: list[Usage]) -> Brand:
    name, most = group[0].value, group[0].n_listings
    letters = letters_of(name)
    own = [
        usage.value
        for usage in group
        if usage.n_listings >= most * _OWN_SPELLING_RATE or usage.value.lower() == name.lower()
    ]
    apart = [value for value in own if letters_of(value) != letters]
    return Brand(name, "", tuple(dict.fromkeys([name, *(value for value in own if value not in apart), *apart])))


def _counts(
    book: BrandBook, titles: Sequence[str], fields: Sequence[str | None]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each brand: sampled listings whose field states it, titles that claim it under another field, and how many of
    the first begin with its name."""
    pairs = [(title, field) for title, field in zip(titles, fields, strict=True) if field and title]
    reading, size = read([title for title, _ in pairs]), len(book.brands)
    stated, _, _ = find(read([field for _, field in pairs]), finder(book))
    mentions, _, _ = find(reading, finder(book))
    row, brand = mentions.row, mentions.brand
    own = np.isin(row * size + brand, stated.row * size + stated.brand)
    leading = own & (mentions.start == reading.starts[row])
    other = ~own & ~is_target(reading, mentions)
    counts = [np.bincount(brands, minlength=size) for brands in (stated.brand, brand[other], brand[leading])]
    return counts[0], counts[1], counts[2]


def _vocabulary(book: BrandBook, titles: Sequence[str]) -> list[str]:
    """Words that stand in many titles."""
    counts, least = word_counts(book, titles), ordinary_from(len(titles))
    return [word for word, count in counts.items() if count >= least]


def ordinary_from(n_titles: int) -> float:
    """In how many of that many texts a word must stand to be ordinary."""
    return max(_LEAST_TITLES, n_titles * _LEAST_TITLE_RATE)


def word_counts(book: BrandBook, titles: Sequence[str]) -> Counter[str]:
    """In how many texts each word stands, those inside a disguised brand aside, so that no trick becomes ordinary."""
    texts = list(titles)
    if book.brands:
        _, _, disguises = find(read(texts), finder(book))
        for disguise in disguises:
            texts[disguise.row] = texts[disguise.row].replace(disguise.written, " ")
    return Counter(word for text in texts for word in set(words(text)))
