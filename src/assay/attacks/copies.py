"""Pairs of texts that are copies of each other, near or reworded, each verified by reading both."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.engine import Workspace
from assay.likeness import (
    Banding,
    FoldedTexts,
    SharedRuns,
    TextBuckets,
    band_candidates,
    fold,
    is_syllable,
    jaccard,
    run_fingerprints,
    shared_runs,
    text_pairs,
)
from assay.likeness.copies import BUCKET_SCHEMA

# Near copies: half of all shingles in common. Ordinary posts reach it only by copying or by a shared stock phrase.
NEAR_SIMILARITY = 0.5
# Reworded copies: pairs of one text with 30 % of its characters edited in each copy cover 0.25 or more of each other
# in 85 of 100 cases, with three stretches or more; ordinary pairs that share a run have one stretch in 81 of 100.
REWORDED_COVERAGE = 0.25
REWORDED_STRETCHES = 3
# Where words are spelt with letters, short words and endings are shared by chance: with 30 % of the words edited,
# unlike posts reach 0.25 in four of a thousand pairs and 0.3 in one, copies of one text reach 0.3 in 91 of 100.
LETTER_COVERAGE = 0.3
HALF_COVERAGE = 0.4
HALF_STRETCHES = 2
# One stretch alone must be most of the shorter text.
WHOLE_COVERAGE = 0.6
# A passage copied into longer texts: forty Chinese characters, or a sentence of some twenty words.
PASSAGE_SYLLABLES = 40
PASSAGE_LETTERS = 120
# In its bucket a text meets the earliest text and this many before it: linear in buckets of any size, and enough
# because a text is in some twenty buckets.
PREDECESSORS = 3

PLACE_SCHEMA = pa.schema([("bucket", pa.int64()), ("place", pa.int64())])
LINK_SCHEMA = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("coverage", pa.float64())])
# Two texts with a Jaccard similarity of a half share at least this much of the shorter one in runs, but for texts with
# an edit in every third character: below it, similarity is not computed.
_LEAST_WORTH = 0.15


def linked_texts(texts: ir.Table, work: Workspace, *, banding: Banding | None = None) -> ir.Table:
    """Verified pairs of distinct texts: columns of `LINK_SCHEMA`, each pair once with left > right.

    `texts` has place (int64, unique, in the order of first appearance) and text. `coverage` is the share of the shorter
    text that lies in runs of the longer. A text is compared only with the earliest text and a few predecessors in each
    of its buckets, so not every pair of a large
    campaign is listed; that every copy meets some other is measured in benchmarks/attacks.

    Writes the steps `bands`, `near_candidates`, `runs`, `run_candidates`, `candidates` and `links`.
    """
    contents = texts.select("place", content="text")
    bands = work.map_step("bands", contents, TextBuckets(banding or Banding()), BUCKET_SCHEMA)
    near = work.step("near_candidates", band_candidates(bands))
    runs = work.map_step("runs", contents, run_buckets, PLACE_SCHEMA)
    reworded = work.step("run_candidates", run_candidates(runs))
    candidates = work.step("candidates", near.union(reworded, distinct=True))
    pairs = text_pairs(candidates, texts, "place")
    return work.map_step("links", pairs, verified_links, LINK_SCHEMA)


def run_buckets(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The map step (place, content) -> one row (bucket, place) for each different fingerprint of a text."""
    found = run_fingerprints(fold(batch.column("content")))
    places = np.repeat(batch.column("place").to_numpy(), found.counts)
    order = np.lexsort((found.hashes, places))
    places, buckets = places[order], found.hashes[order].astype(np.int64)
    is_new = np.ones(len(places), dtype=bool)
    is_new[1:] = (places[1:] != places[:-1]) | (buckets[1:] != buckets[:-1])
    return pa.RecordBatch.from_arrays([pa.array(buckets[is_new]), pa.array(places[is_new])], schema=PLACE_SCHEMA)


def run_candidates(runs: ir.Table) -> ir.Table:
    """(left_key, right_key): each text with the earliest and the last few before it in each of its buckets."""
    in_order = ibis.window(group_by=runs.bucket, order_by=runs.place)
    met = runs.mutate(place_0=runs.place.first().over(in_order))
    for back in range(1, PREDECESSORS + 1):
        met = met.mutate(**{f"place_{back}": runs.place.lag(back).over(in_order)})
    met = met.filter(met.place_1.notnull())
    places = [met[f"place_{back}"] for back in range(PREDECESSORS + 1)]
    pairs = met.select(left_key="place", right_key=ibis.array(places).unnest())
    return pairs.filter(pairs.right_key.notnull() & (pairs.right_key < pairs.left_key)).distinct()


def verified_links(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The map step (left_key, right_key, left_text, right_text) -> those rows of `LINK_SCHEMA` that are copies."""
    left, right = fold(batch.column("left_text")), fold(batch.column("right_text"))
    shorter, longer = _by_length(left, right)
    runs = shared_runs(shorter, longer)
    kept = is_reworded(shorter, runs) | is_passage(shorter, runs)
    open_pairs = np.flatnonzero(~kept & (runs.coverage >= _LEAST_WORTH))
    similarity, _ = jaccard(shorter.take(open_pairs), longer.take(open_pairs))
    kept[open_pairs] = similarity >= NEAR_SIMILARITY
    columns = [batch.column("left_key"), batch.column("right_key"), pa.array(runs.coverage)]
    return pa.RecordBatch.from_arrays(columns, schema=LINK_SCHEMA).filter(pa.array(kept))


def _by_length(left: FoldedTexts, right: FoldedTexts) -> tuple[FoldedTexts, FoldedTexts]:
    """The pairs again, the shorter text of each first."""
    both = FoldedTexts(
        np.concatenate((left.points, right.points)), np.concatenate((left.starts[:-1], right.starts + left.starts[-1]))
    )
    n = len(left)
    swap = left.lengths > right.lengths
    here = np.arange(n)
    return both.take(np.where(swap, here + n, here)), both.take(np.where(swap, here, here + n))


def is_reworded(texts: FoldedTexts, runs: SharedRuns) -> npt.NDArray[np.bool_]:
    """Whether enough of a text lies in enough separate stretches that another text shares."""
    least = np.where(begins_with_syllable(texts), REWORDED_COVERAGE, LETTER_COVERAGE)
    in_three = (runs.coverage >= least) & (runs.n_stretches >= REWORDED_STRETCHES)
    in_two = (runs.coverage >= HALF_COVERAGE) & (runs.n_stretches >= HALF_STRETCHES)
    return np.asarray(in_three | in_two | (runs.coverage >= WHOLE_COVERAGE))


def is_passage(texts: FoldedTexts, runs: SharedRuns) -> npt.NDArray[np.bool_]:
    """Whether a shared stretch is long enough to be a copied passage, however small a part of the text it is."""
    needed = np.where(begins_with_syllable(texts), PASSAGE_SYLLABLES, PASSAGE_LETTERS)
    return np.asarray(runs.longest >= needed)


def begins_with_syllable(texts: FoldedTexts) -> npt.NDArray[np.bool_]:
    """Whether a text is Chinese, Japanese or Korean, by its first character."""
    filled = texts.lengths > 0
    first = np.zeros(len(texts), dtype=np.uint32)
    first[filled] = texts.points[texts.starts[:-1][filled]]
    return is_syllable(first)
