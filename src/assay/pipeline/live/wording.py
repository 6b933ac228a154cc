"""Wording of one offer: its title, brand field and description read against the market's brand book."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from assay.pipeline.live.offers import Offer
from assay.pipeline.live.rows import Rows
from assay.pipeline.live.shelves import Shelf
from assay.signals.spelling import Brand, BrandBook, words_in
from assay.signals.spelling.book import ORDINARY, words
from assay.signals.spelling.learning import ordinary_from, word_counts
from assay.signals.spelling.reading import read, shape_text
from assay.signals.spelling.tricks import Trick
from assay.signals.titles import HEAD_LENGTH, TitleReader
from assay.signals.wording import DESCRIPTION_LENGTH, SAMPLE_SEED, SAMPLE_TITLES, book_of, text_sample

_SCHEMA = pa.schema([(name, pa.string()) for name in ("listing_id", "title", "brand", "description")])
# A word that stands in title and description gains two texts at once.
_MOST_GAIN = 2


def shelve_wording(rows: Rows) -> None:
    """Writes the brand book, and the words that one more listing could make ordinary."""
    sample = text_sample(rows.market, rows.work)
    book = book_of(rows.market, rows.work, sample)
    texts = [*sample.titles, *sample.heads]
    least = ordinary_from(len(texts))
    counts = word_counts(replace(book, vocabulary=ORDINARY, phrases=None), texts)
    spelt = {shape_text(brand.name) for brand in book.brands}
    nearly = {w: n for w, n in counts.items() if least - _MOST_GAIN <= n < least and shape_text(w) not in spelt}
    about = {
        "brands": [asdict(brand) for brand in book.brands],
        "vocabulary": sorted(book.vocabulary),
        "phrases": None if book.phrases is None else sorted(book.phrases),
        "n_texts": len(texts),
        "n_titles": rows.market.snapshot.n_filled("listings", "title"),
        "nearly_ordinary": dict(sorted(nearly.items())),
    }
    (rows.writer.folder / "wording.json").write_bytes(orjson.dumps(about))


class Wording:
    """Measures the wording signals of an offer."""

    def __init__(self, shelf: Shelf) -> None:
        about = orjson.loads((shelf.folder / "wording.json").read_bytes())
        brands = tuple(
            Brand(b["name"], b["owner"], tuple(b["surfaces"]), tuple(b["aliases"]), b["is_word"])
            for b in about["brands"]
        )
        phrases = None if about["phrases"] is None else frozenset(about["phrases"])
        self.book = BrandBook(brands, frozenset(about["vocabulary"]), phrases)
        self.reader = TitleReader(self.book)
        self.nearly: dict[str, int] = about["nearly_ordinary"]
        self.n_texts: int = about["n_texts"]
        self.n_titles: int = about["n_titles"]

    def measured(self, offer: Offer) -> dict[str, Any]:
        """Values and facts of every wording signal."""
        title, description = offer.values["title"], offer.values["description"]
        row = {
            "listing_id": offer.listing_id,
            "title": title,
            "brand": offer.values["brand"],
            "description": None if description is None else description[:DESCRIPTION_LENGTH],
        }
        found: dict[str, Any] = self.reader(pa.RecordBatch.from_pylist([row], schema=_SCHEMA)).to_pylist()[0]
        del found["listing_id"]
        if title and not offer.is_known and self._teaches(offer.listing_id):
            self._with_own_words(found, title, (description or "")[:HEAD_LENGTH])
        return found

    def _teaches(self, listing_id: str) -> bool:
        """Whether a new listing is one of those from which ordinary words are learnt."""
        if self.n_titles + 1 <= SAMPLE_TITLES:
            return True
        digest = hashlib.md5(f"{listing_id}#{SAMPLE_SEED}".encode(), usedforsecurity=False).hexdigest()
        share: float = SAMPLE_TITLES / (self.n_titles + 1)
        return int(digest[:13], 16) / 16**13 < share

    def _with_own_words(self, found: dict[str, Any], title: str, head: str) -> None:
        """Corrects what was found for the words that become ordinary because this listing uses them as well."""
        in_title, in_head = set(words(title)), set(words(head)) if head else set()
        least = ordinary_from(self.n_texts + 1 + bool(head))
        learnt = {w for w in in_title if w in self.nearly and self.nearly[w] + 1 + (w in in_head) >= least}
        if found["wording_evasive__trick"] == Trick.SPLIT.value and found["wording_evasive__place"] == "title":
            self._without_phrase(found)
        if not learnt:
            return
        found["wording_template"] = self._template(title, learnt)
        if (found["wording_near_brand__span"] or "").lower() in learnt:
            found |= {"wording_near_brand": 0.0, "wording_near_brand__brand": None, "wording_near_brand__span": None}

    def _without_phrase(self, found: dict[str, Any]) -> None:
        """A run of ordinary words that spells a brand is in use once a title has it, and so no disguise."""
        parts = words(found["wording_evasive__span"])
        if all(len(part) == 1 or part in self.book.vocabulary for part in parts):
            found |= {"wording_evasive": 0.0}
            found |= dict.fromkeys(f"wording_evasive__{fact}" for fact in ("brand", "span", "trick", "place"))

    def _template(self, title: str, learnt: set[str]) -> float:
        tokens = words_in(read([title]))
        ordinary = words_in(read(sorted(self.book.vocabulary | learnt))).hash
        return float(np.isin(tokens.hash, ordinary).sum() / max(len(tokens.hash), 1))
