"""What a listing's title says about brands and copies, a batch of listings at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.signals.slang import discreet_words, replica_slang
from assay.signals.spelling import (
    BrandBook,
    Disguise,
    Mentions,
    Reading,
    find,
    finder,
    is_target,
    near_misses,
    read,
    words_in,
)
from assay.signals.spelling.book import words
from assay.signals.spelling.mentions import among
from assay.signals.spelling.near import NearMiss, Words

# Arrays of this many rows of text stay in the cache (measured: half as fast again as 50,000 rows at once).
_SLICE = 4096
# A disguised brand stands where buyers read first; all of the description would double the time.
HEAD_LENGTH = 100

# What merchants write in the brand field when the goods have none; compared as folded words.
_NO_BRAND = frozenset(
    (
        *(
            "unbranded",
            "generic",
            "no brand",
            "none",
            "na",
            "n a",
            "other",
            "others",
            "oem",
            "not applicable",
            "unknown",
        ),
        *("no", "non branded", "does not apply", "unmarked", "noname", "no name", "без бренда", "нет бренда", "нет"),
        *(
            "无",
            "无品牌",
            "其他",
            "其它",
            "sin marca",
            "generica",
            "generico",
            "ohne marke",
            "markenlos",
            "sans marque",
        ),
        "sem marca",
    )
)

_FLOATS = (
    *("wording_evasive", "wording_alias", "wording_near_brand", "wording_rivals", "wording_brand_conflict"),
    *("wording_brand_empty", "wording_replica", "wording_discreet", "wording_brand_length", "wording_template"),
)
_TEXTS = (
    *("wording_evasive__brand", "wording_evasive__span", "wording_evasive__trick", "wording_evasive__place"),
    *("wording_alias__brand", "wording_alias__span", "wording_near_brand__brand", "wording_near_brand__span"),
    *("wording_rivals__brands", "wording_brand_conflict__claimed", "wording_brand_conflict__field"),
    *("wording_brand_empty__claimed", "wording_replica__span", "wording_discreet__span"),
)
SCHEMA = pa.schema(
    [
        ("listing_id", pa.string()),
        *((name, pa.float64()) for name in _FLOATS),
        *((name, pa.string()) for name in _TEXTS),
    ]
)


@dataclass(frozen=True)
class TitleReader:
    """Reads titles against one brand book.

    Takes listing_id, title, brand (the field) and description (or its first part), all text and nullable but the first;
    gives one row per listing with `SCHEMA`. Without a title everything is null (not checked) but what the description
    shows. A row never depends on the other rows of its batch.
    """

    book: BrandBook

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        parts = [self._read(batch.slice(start, _SLICE)) for start in range(0, len(batch), _SLICE)]
        return pa.concat_batches(parts) if parts else pa.RecordBatch.from_pylist([], schema=SCHEMA)

    def _read(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: _texts(batch.column(name)) for name in ("title", "brand", "description")}
        page = _Page(len(batch), np.array([bool(title) for title in columns["title"]], dtype=np.bool_))
        reading = read(columns["title"])
        mentions, nicknames, disguises = find(reading, finder(self.book))
        tokens = words_in(reading)
        page.replica(columns["title"])
        page.plain_facts(batch.column("brand"), self._template(reading, tokens))
        page.disguises(disguises, self.book, "title")
        page.descriptions(columns["description"], self.book)
        page.nicknames(reading, nicknames, mentions, self.book)
        page.near(near_misses(reading, tokens, self.book), self.book)
        page.claims(_claims(reading, mentions, self.book), columns, self.book)
        return page.batch(batch.column("listing_id"))

    def _template(self, reading: Reading, tokens: Words) -> NDArray[np.float64]:
        """Share of each title's words that are ordinary words of the market; NaN without words."""
        ordinary = among(tokens.hash, _ordinary_hashes(self.book))
        size = len(reading.starts)
        n_words = np.bincount(tokens.row, minlength=size)
        n_ordinary = np.bincount(tokens.row[ordinary], minlength=size)
        return np.where(n_words > 0, n_ordinary / np.maximum(n_words, 1), np.nan)


@dataclass(frozen=True, slots=True)
class _Claims:
    """Brands that titles claim (not what goods are for): text, brand, owner, without repeats of an owner in a text."""

    row: NDArray[np.int64]
    brand: NDArray[np.int64]
    owner: NDArray[np.int64]


@dataclass(slots=True)
class _Page:
    """The row of results being filled."""

    size: int
    titled: NDArray[np.bool_]
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    facts: dict[str, list[str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {name: np.where(self.titled, 0.0, np.nan) for name in _FLOATS}
        self.facts = {name: [None] * self.size for name in _TEXTS}

    def note(self, name: str, row: int, value: float, **facts: str) -> None:
        """Sets a value with its facts, unless an earlier find of the same row is at least as strong."""
        values = self.values[name]
        if values[row] >= value:
            return
        values[row] = value
        for fact, text in facts.items():
            self.facts[f"{name}__{fact}"][row] = text

    def replica(self, titles: Sequence[str]) -> None:
        for slang in replica_slang(titles):
            self.note("wording_replica", slang.row, slang.value, span=slang.words)

    def plain_facts(self, brands: pa.Array, template: NDArray[np.float64]) -> None:
        lengths = pc.cast(pc.utf8_length(brands), pa.float64())
        self.values["wording_brand_length"] = lengths.to_numpy(zero_copy_only=False)
        self.values["wording_template"] = template

    def disguises(self, disguises: Iterable[Disguise], book: BrandBook, place: str) -> None:
        for found in disguises:
            brand = book.brands[found.brand].name
            facts = {"brand": brand, "span": found.written, "trick": found.trick.value, "place": place}
            self.note("wording_evasive", found.row, 1.0, **facts)

    def descriptions(self, descriptions: Sequence[str], book: BrandBook) -> None:
        described = np.array([bool(text) for text in descriptions], dtype=np.bool_)
        self.values["wording_discreet"] = np.where(described, 0.0, np.nan)
        if not described.any():
            return
        for row, said in discreet_words(descriptions):
            self.note("wording_discreet", row, 1.0, span=said)
        _, _, disguises = find(read([text[:HEAD_LENGTH] for text in descriptions]), finder(book))
        evasive = self.values["wording_evasive"]
        evasive[np.isnan(evasive) & described] = 0.0
        self.disguises(disguises, book, "description")

    def nicknames(self, reading: Reading, nicknames: Mentions, mentions: Mentions, book: BrandBook) -> None:
        """A nickname counts only where the title does not state the name itself."""
        named = set(zip(mentions.row.tolist(), mentions.brand.tolist(), strict=True))
        for row, brand, start, end in zip(*(a.tolist() for a in _arrays(nicknames)), strict=True):
            if (row, brand) not in named:
                self.note("wording_alias", row, 1.0, brand=book.brands[brand].name, span=reading.written(start, end))

    def near(self, misses: Iterable[NearMiss], book: BrandBook) -> None:
        for miss in misses:
            self.note("wording_near_brand", miss.row, 1.0, brand=book.brands[miss.brand].name, span=miss.written)

    def claims(self, claims: _Claims, columns: dict[str, list[str]], book: BrandBook) -> None:
        self._rivals(claims, book)
        fields = columns["brand"]
        distinct = list(dict.fromkeys(fields))
        place = {text: index for index, text in enumerate(distinct)}
        which = np.array([place[text] for text in fields], dtype=np.int64)
        empty = np.array([_is_no_brand(text) for text in distinct], dtype=np.bool_)[which]
        first = _first_per_row(claims)
        for row, brand in first.items():
            if empty[row]:
                self.note("wording_brand_empty", row, 1.0, claimed=book.brands[brand].name)
        self.values["wording_brand_conflict"][empty] = np.nan
        self._conflicts(claims, _field_owners(distinct, which, book), columns, book)

    def _rivals(self, claims: _Claims, book: BrandBook) -> None:
        n_claimed = np.bincount(claims.row, minlength=self.size)
        for row in np.flatnonzero(n_claimed >= 2).tolist():
            names = [book.brands[brand].name for brand in claims.brand[claims.row == row].tolist()]
            self.note("wording_rivals", row, float(len(names)), brands=", ".join(names))

    def _conflicts(
        self, claims: _Claims, stated: NDArray[np.int64], columns: dict[str, list[str]], book: BrandBook
    ) -> None:
        """1 where title and field name brands of different owners, 0.5 where the field's name is not known."""
        conflict = self.values["wording_brand_conflict"]
        agreeing = set(claims.row[claims.owner == stated[claims.row]].tolist())
        first = _first_per_row(claims)
        for row, brand in first.items():
            text = columns["brand"][row]
            if row in agreeing or np.isnan(conflict[row]):
                continue
            known = stated[row] >= 0
            if known or text.casefold() not in columns["title"][row].casefold():
                value = 1.0 if known else 0.5
                self.note("wording_brand_conflict", row, value, claimed=book.brands[brand].name, field=text)

    def batch(self, listing_ids: pa.Array) -> pa.RecordBatch:
        arrays: list[Any] = [listing_ids.cast(pa.string())]
        arrays += [pa.array(self.values[name], from_pandas=True) for name in _FLOATS]
        arrays += [pa.array(self.facts[name], pa.string()) for name in _TEXTS]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _texts(column: pa.Array) -> list[str]:
    return [text or "" for text in column.to_pylist()]


def _arrays(mentions: Mentions) -> tuple[NDArray[np.int64], ...]:
    return mentions.row, mentions.brand, mentions.start, mentions.end


def _claims(reading: Reading, mentions: Mentions, book: BrandBook) -> _Claims:
    word = np.array([brand.is_word for brand in book.brands], dtype=np.bool_)[mentions.brand]
    begins = mentions.start == reading.starts[mentions.row]
    kept = ~is_target(reading, mentions) & (begins | ~word)
    row, brand = mentions.row[kept], mentions.brand[kept]
    owner = _owners(book)[brand] if len(brand) else brand
    _, first = np.unique(row * (len(book.brands) + 1) + owner, return_index=True)
    first = np.sort(first)
    return _Claims(row[first], brand[first], owner[first])


def _first_per_row(claims: _Claims) -> dict[int, int]:
    rows, first = np.unique(claims.row, return_index=True)
    return dict(zip(rows.tolist(), claims.brand[first].tolist(), strict=True))


def _field_owners(distinct: list[str], which: NDArray[np.int64], book: BrandBook) -> NDArray[np.int64]:
    """Owner of the brand that each row's field names, -1 for none that is known."""
    stated = np.full(len(distinct), -1, dtype=np.int64)
    mentions, nicknames, disguises = find(read(distinct), finder(book))
    owners = _owners(book)
    for disguise in disguises:
        stated[disguise.row] = owners[disguise.brand]
    for named in (nicknames, mentions):
        if len(named.row):
            stated[named.row[::-1]] = owners[named.brand[::-1]]
    return stated[which]


def _is_no_brand(text: str) -> bool:
    return not text or (len(text) < 20 and " ".join(words(text)) in _NO_BRAND)


@lru_cache(maxsize=4)
def _owners(book: BrandBook) -> NDArray[np.int64]:
    places = {owner: place for place, owner in enumerate(dict.fromkeys(brand.owner for brand in book.brands))}
    return np.array([places[brand.owner] for brand in book.brands], dtype=np.int64)


@lru_cache(maxsize=4)
def _ordinary_hashes(book: BrandBook) -> NDArray[np.uint64]:
    return np.sort(words_in(read(sorted(book.vocabulary))).hash)
