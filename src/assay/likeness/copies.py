"""Star clusters of near-copied texts or pictures: every member is verified against its star's centre, so that clusters
cannot chain."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from assay.engine import Workspace
from assay.engine.engine import BatchFunction
from assay.likeness.folding import fold
from assay.likeness.sketches import Banding, sketch
from assay.likeness.verification import PAIR_SCHEMA, PairSimilarity

# Listings: descriptions filled from one template with other sizes and numbers lie at 0.7 to 0.95, different
# descriptions of one product below 0.5 (docs/explanation/likeness.md). Lower joins more and means less.
LEAST_SIMILARITY = 0.7
# In its bucket a text meets the earliest text and its two predecessors: work stays linear in buckets of any size.
PREDECESSORS = 2
# Candidates verified per text: the earliest text it meets, and the predecessors with the most alike digests. Bounds the
# work whatever the texts. Of the product names with a near-copy 0.83 come into a star with 3, 0.86 with 4, and 0.92
# when all pairs are compared (benchmarks/likeness); the time to verify grows with it.
MOST_CANDIDATES = 4
# Digests of 30 two-bit minima disagree in 6.8 places on average at similarity 0.7 (standard deviation 2.3), in 12.4 at
# 0.45: up to 10 keeps 0.95 of the first and drops three quarters of the second before any text is read.
MOST_DISAGREEMENTS = 10

STAR_SCHEMA = pa.schema([("text_key", pa.int64()), ("star", pa.int64()), ("similarity", pa.float64())])
# More places than any market has texts; 30 disagreements times this stays far inside an int64.
_PLACES = 1 << 40
BUCKET_SCHEMA = pa.schema([("bucket", pa.int64()), ("place", pa.int64()), ("digest", pa.int64())])


@dataclass(frozen=True, slots=True)
class TextBuckets:
    """The map step (place, content) -> one row (bucket, place, digest) per band; none for texts not worth comparing."""

    banding: Banding

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Buckets of one batch of texts."""
        found = sketch(fold(batch.column("content")), self.banding)
        worth = found.is_worth_comparing
        places = batch.column("place").to_numpy()[worth]
        n_bands = self.banding.n_bands
        return pa.RecordBatch.from_arrays(
            [
                pa.array(found.buckets[worth].ravel()),
                pa.array(np.repeat(places, n_bands)),
                pa.array(np.repeat(found.digests[worth], n_bands)),
            ],
            schema=BUCKET_SCHEMA,
        )


def near_copies(
    texts: ir.Table,
    work: Workspace,
    name: str,
    *,
    least_similarity: float = LEAST_SIMILARITY,
    banding: Banding | None = None,
) -> ir.Table:
    """The stars of a table of distinct texts: columns of `STAR_SCHEMA`, one row per text that is in a star.

    `texts` has text_key (int64, unique), text, and seen_at (any ordered column, null when unknown). A star's centre
    is its earliest text (then the smallest key); `star` is the centre's text_key, `similarity` the exact Jaccard
    similarity to the centre, 1.0 for the centre itself. Every other member reaches `least_similarity`; two members
    need not reach it with each other. Texts in no star are left out. The result does not depend on the order of the
    rows. Work grows with the number of texts, whatever the size of the buckets: a text is compared only with the
    earliest text and the last two before it in each of its buckets, with at most `MOST_CANDIDATES` of those, and with
    the centres of their stars.

    Writes the steps `<name>_places`, `_buckets`, `_candidates`, `_verified`, `_members`, `_neighbours` and `_stars`.
    """
    banding = banding or Banding()
    items = texts.select(key="text_key", content="text", seen_at="seen_at")
    found = stars(items, work, name, TextBuckets(banding), PairSimilarity(least_similarity))
    return found.rename(text_key="key")


def stars(items: ir.Table, work: Workspace, name: str, bucketed: BatchFunction, verified: BatchFunction) -> ir.Table:
    """The rule of `near_copies` for anything that can be bucketed and verified: columns key, star, similarity.

    `items` has key (unique), content (text) and seen_at. `bucketed` maps (place, content) to `BUCKET_SCHEMA`;
    `verified` maps (left_key, right_key, left_text, right_text) to those rows of `PAIR_SCHEMA` that are alike.
    """
    order = ibis.row_number().over(ibis.window(order_by=[items.seen_at.asc(nulls_first=False), items.key.asc()]))
    places = work.step(f"{name}_places", items.select("key", "content", place=order.cast("int64")))
    contents = places.select("place", text="content")
    buckets = work.map_step(f"{name}_buckets", places.select("place", "content"), bucketed, BUCKET_SCHEMA)
    candidates = work.step(f"{name}_candidates", band_candidates(buckets))
    pairs = text_pairs(candidates, contents, "place")
    alike = work.map_step(f"{name}_verified", pairs, verified, PAIR_SCHEMA)
    first = work.step(f"{name}_members", _joined_to_roots(alike))
    neighbours = text_pairs(_neighbours(alike, first), contents, "place")
    second = work.map_step(f"{name}_neighbours", neighbours, verified, PAIR_SCHEMA)
    return work.step(f"{name}_stars", _named(_stars(alike, first, second), places))


def text_pairs(pairs: ir.Table, texts: ir.Table, key: str) -> ir.Table:
    """Puts the texts to a table of (left_key, right_key), as `PairSimilarity` wants them."""
    left = texts.select(left_key=texts[key], left_text=texts.text)
    right = texts.select(right_key=texts[key], right_text=texts.text)
    return (
        pairs.inner_join(left, "left_key")
        .inner_join(right, "right_key")
        .select("left_key", "right_key", "left_text", "right_text")
    )


def band_candidates(buckets: ir.Table) -> ir.Table:
    """(left_key, right_key): each text with the earliest text it meets and its most alike predecessors."""
    in_order = ibis.window(group_by=buckets.bucket, order_by=buckets.place)
    met = buckets.mutate(place_0=buckets.place.first().over(in_order), digest_0=buckets.digest.first().over(in_order))
    for back in range(1, PREDECESSORS + 1):
        met = met.mutate(
            **{f"place_{back}": buckets.place.lag(back).over(in_order)},
            **{f"digest_{back}": buckets.digest.lag(back).over(in_order)},
        )
    coded = [_coded(met, f"place_{back}", f"digest_{back}") for back in range(PREDECESSORS + 1)]
    # Apart, because in a large template the nearest predecessors would crowd out the centre that all share.
    firsts = met.select("place", code=coded[0]).filter(lambda t: t.code.notnull())
    earliest = firsts.group_by(left_key="place").agg(right_key=(firsts.code % _PLACES).min())
    latest = _most_alike(met.select("place", code=ibis.array(coded[1:]).unnest()), MOST_CANDIDATES - 1)
    return earliest.union(latest, distinct=True)


def _most_alike(coded: ir.Table, most: int) -> ir.Table:
    """The `most` candidates of each text with the fewest disagreements, the earliest of equals."""
    pairs = coded.filter(coded.code.notnull()).distinct()
    rank = ibis.row_number().over(ibis.window(group_by=pairs.place, order_by=pairs.code))
    ranked = pairs.mutate(rank=rank, earlier=pairs.code % _PLACES)
    return ranked.filter(ranked.rank < most).select(left_key="place", right_key="earlier")


def _coded(met: ir.Table, place: str, digest: str) -> ir.IntegerValue:
    """Disagreements and place of an earlier text in one integer that sorts by the first; null when too unlike."""
    disagreements = _disagreements(met.digest, met[digest])
    is_candidate = (met[place] < met.place) & (disagreements <= MOST_DISAGREEMENTS)
    return is_candidate.ifelse(disagreements * _PLACES + met[place], ibis.null("int64"))


def _disagreements(a: ir.IntegerValue, b: ir.IntegerValue) -> ir.IntegerValue:
    """In how many of their 30 two-bit fields two digests differ: a population count by adding halves."""
    bits = a ^ b
    bits = (bits | (bits >> 1)) & 0x0555_5555_5555_5555
    bits = (bits & 0x0333_3333_3333_3333) + ((bits >> 2) & 0x0333_3333_3333_3333)
    bits = (bits + (bits >> 4)) & 0x0F0F_0F0F_0F0F_0F0F
    bits = bits + (bits >> 8)
    bits = bits + (bits >> 16)
    return (bits + (bits >> 32)) & 0x7F


def _neighbours(verified: ir.Table, members: ir.Table) -> ir.Table:
    """Texts in no star yet, each with the centres of the stars that its near-copies are in."""
    alone = verified.anti_join(members, "left_key")
    centre = members.select(right_key="left_key", centre="right_key")
    return alone.inner_join(centre, "right_key").select("left_key", right_key="centre").distinct()


def _stars(verified: ir.Table, first: ir.Table, second: ir.Table) -> ir.Table:
    """(left_key, right_key, similarity): every member with its centre, centres with themselves.

    `first` are those that join a root, a text with no verified earlier text; `second` the pairs of those left with the
    centres of their near-copies' stars. Texts still left are only like members, not like centres; among themselves
    the first rule runs once more, and what is left after that stays alone.
    """
    joined = first.union(_best(second))
    taken = joined.select("left_key").union(joined.select(left_key="right_key"), distinct=True)
    rest = verified.anti_join(taken, "left_key")
    rest = rest.anti_join(taken.select(right_key="left_key"), "right_key")
    members = joined.union(_joined_to_roots(rest))
    centres = members.select(left_key="right_key", right_key="right_key").distinct().mutate(similarity=1.0)
    return members.union(centres)


def _joined_to_roots(pairs: ir.Table) -> ir.Table:
    """The best pair of every text that has one with a root, i.e. with a text that has no pair to an earlier one."""
    roots = pairs.select("right_key").distinct().anti_join(pairs.select(right_key="left_key").distinct(), "right_key")
    return _best(pairs.semi_join(roots, "right_key"))


def _best(pairs: ir.Table) -> ir.Table:
    """The most similar pair of every text on the left, the earliest of equals."""
    best = ibis.row_number().over(
        ibis.window(group_by=pairs.left_key, order_by=[pairs.similarity.desc(), pairs.right_key.asc()])
    )
    ranked = pairs.mutate(rank=best)
    return ranked.filter(ranked.rank == 0).select("left_key", "right_key", "similarity")


def _named(members: ir.Table, places: ir.Table) -> ir.Table:
    """Puts keys for places."""
    keys = places.select("place", "key")
    member = keys.select(left_key="place", key="key")
    centre = keys.select(right_key="place", star="key")
    return members.inner_join(member, "left_key").inner_join(centre, "right_key").select("key", "star", "similarity")
