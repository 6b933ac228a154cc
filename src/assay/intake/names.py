"""What columns are called in the wild: headers in ten languages, and the market columns they mean.

`names.tsv` lists, per market column, headers as exports, crawlers and public data sets write them, in English, German,
French, Spanish, Portuguese, Italian, Dutch, Polish, Russian and Chinese, divided by spaces, with _ for a space.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from assay.market.tables import TABLES

_NOT_LETTERS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def meanings(header: str) -> tuple[str, ...]:
    """The market columns that a header may mean, the likeliest first; none when it is not known.

    A header that is a market column's own name means that column before any other.

    >>> meanings("Verkaufspreis"), meanings("品牌"), meanings("Discounted_Price")
    (('price',), ('brand',), ('price',))
    """
    return _by_word().get(folded(header), ())


def folded(header: str) -> str:
    """A header as headers are compared: without case, accents, spaces, punctuation and what stands in brackets.

    >>> folded("Seller Username"), folded("sellerName"), folded("Prix (€)")
    ('sellerusername', 'sellername', 'prix')
    """
    text = unicodedata.normalize("NFKD", _CAMEL.sub(" ", re.sub(r"[(\[].*?[)\]]", "", header)).casefold())
    return _NOT_LETTERS.sub("", "".join(char for char in text if not unicodedata.combining(char)))


@cache
def _by_word() -> dict[str, tuple[str, ...]]:
    lines = files("assay.intake").joinpath("names.tsv").read_text(encoding="utf-8").splitlines()[1:]
    own_names = dict.fromkeys(name for table in TABLES.values() for name in table.column_names)
    found: dict[str, dict[str, None]] = {folded(name): {name: None} for name in own_names}
    for line in lines:
        column, words = line.split("\t")
        for word in (column, *words.split()):
            found.setdefault(folded(word), {})[column] = None
    return {word: tuple(columns) for word, columns in found.items()}
