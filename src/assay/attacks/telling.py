"""The told texts of a corpus: every text that takes part in a narrative, and how it belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.attacks.copies import NEAR_SIMILARITY, PASSAGE_LETTERS
from assay.attacks.narratives import narratives
from assay.engine import Engine
from assay.likeness import FoldedTexts, fold, jaccard

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Longer than this many characters and covered by less than a quarter, a text tells a narrative in a passage only.
_PASSAGE_COVERAGE = 0.25
# Two narratives are parts of one text when so many of the smaller one's texts are linked to the other: excerpts of a
# poem, or one accusation edited until its halves came apart.
RELATED_RATE = 0.05


@dataclass(frozen=True, slots=True)
class ToldTexts:
    """Distinct texts in narratives, in the order of their first appearance; arrays with one value per text.

    `rows` has text_key, text, n_posts, n_accounts, first_at. `similarity` is the exact Jaccard similarity to the
    narrative's central text, `coverage` the share in pieces of its consensus. `is_near`: in the star of near copies
    round the central text (similarity of a half or more), which cannot chain. `related` (pairs, 2): narratives that are
    parts of one text, lower number first; that both are told by the same account is no recurrence.
    """

    rows: pa.Table
    narrative: Ints
    is_centre: npt.NDArray[np.bool_]
    similarity: Floats
    coverage: Floats
    is_near: npt.NDArray[np.bool_]
    related: Ints

    def __len__(self) -> int:
        return int(self.narrative.max(initial=-1)) + 1

    @property
    def stage(self) -> pa.Array:
        """How each text belongs: same (the central text), near, reworded, or passage."""
        lengths = pc.utf8_length(self.rows["text"]).to_numpy()
        in_passage = (self.coverage < _PASSAGE_COVERAGE) & (lengths > PASSAGE_LETTERS)
        words = np.where(self.is_near, "near", np.where(in_passage, "passage", "reworded"))
        return pa.array(np.where(self.is_centre, "same", words))

    def folded(self) -> FoldedTexts:
        """The texts, folded."""
        return fold(self.rows["text"].combine_chunks())


def told_texts(engine: Engine, texts: ir.Table, links: ir.Table) -> ToldTexts:
    """Reads linked texts, and those that two accounts or more posted alike, and puts them into narratives.

    `texts`: place, text_key, text, n_posts, n_accounts, first_at. `links`: `LINK_SCHEMA`.
    """
    pairs = engine.collect(links.select("left", "right"))
    ends = links.select(place="left").union(links.select(place="right"), distinct=True)
    linked = texts.semi_join(ends, "place")
    shared = texts.filter(texts.n_accounts >= 2).anti_join(ends, "place")
    rows = engine.collect(linked.union(shared)).sort_by("place")
    place = rows["place"].to_numpy()
    left, right = (np.searchsorted(place, pairs[side].to_numpy()) for side in ("left", "right"))
    # Links come in any order from the engine; narratives must not depend on it.
    order = np.lexsort((right, left))
    folded = fold(rows["text"].combine_chunks())
    n_accounts = rows["n_accounts"].to_numpy()
    found = narratives(folded, left[order], right[order], n_accounts)
    alone = (found.narrative < 0) & (n_accounts >= 2)
    narrative = np.where(alone, len(found) + np.cumsum(alone) - 1, found.narrative)
    kept = np.flatnonzero(narrative >= 0)
    related = _related(narrative, left, right)
    return _told(
        rows.take(pa.array(kept)).drop_columns(["place"]),
        folded.take(kept),
        narrative[kept],
        (found.centre | alone)[kept],
        np.where(alone, 1.0, found.coverage)[kept],
        related,
    )


def _related(narrative: Ints, left: Ints, right: Ints) -> Ints:
    """Pairs of narratives with links from text to text between them, beside a stray one among many."""
    low, high = np.minimum(narrative[left], narrative[right]), np.maximum(narrative[left], narrative[right])
    between = (low >= 0) & (low != high)
    width = int(narrative.max(initial=-1)) + 1
    codes, n_links = np.unique(low[between] * width + high[between], return_counts=True)
    pairs = np.stack((codes // max(width, 1), codes % max(width, 1)), axis=1)
    n_texts = np.bincount(narrative[narrative >= 0])
    smaller = np.minimum(n_texts[pairs[:, 0]], n_texts[pairs[:, 1]])
    related: Ints = pairs[n_links >= RELATED_RATE * smaller]
    return related


def _told(
    rows: pa.Table,
    folded: FoldedTexts,
    narrative: Ints,
    is_centre: npt.NDArray[np.bool_],
    coverage: Floats,
    related: Ints,
) -> ToldTexts:
    centre_of = np.zeros(int(narrative.max(initial=-1)) + 1, dtype=np.int64)
    centre_of[narrative[is_centre]] = np.flatnonzero(is_centre)
    similarity, _ = jaccard(folded, folded.take(centre_of[narrative]))
    is_near = is_centre | (similarity >= NEAR_SIMILARITY)
    return ToldTexts(rows, narrative, is_centre, similarity, coverage, is_near, related)
