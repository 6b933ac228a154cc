"""Which group of near-copies one more text or picture joins, by the rule that made the groups.

A text that is later than all others is met by none of them, so its own place follows exactly from what is kept here:
the buckets, and for every text whether it had an earlier near-copy, whose member it became, and what was left over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.likeness.copies import MOST_CANDIDATES, MOST_DISAGREEMENTS, PREDECESSORS
from assay.pipeline.live.rows import aligned, real, whole
from assay.pipeline.live.shelves import NONE, Ints, Shelf, ShelfWriter, hashed_all

Kernel = Callable[[pa.RecordBatch], pa.RecordBatch]
# Two bits of a digest make one field.
_LOW = 0x5555_5555_5555_5555


def shelve_stars(writer: ShelfWriter, work: Path, name: str, seen: pa.Table) -> None:
    """Writes what the steps `<name>_*` of `likeness.stars` found, by place: seen, contents, digests, buckets, members.

    `seen` has key and seen_at of every item.
    """
    places = _read(work / f"{name}_places").sort_by("place").combine_chunks()
    (seen_at,) = aligned(places["key"].combine_chunks(), seen, "key", ["seen_at"])
    dated = whole(seen_at)
    writer.array(f"{name}_seen", dated[dated != NONE])
    _shelve_stars(writer, work, name, places)
    numbers = _numbers(places["key"])
    writer.array(f"{name}_star_keys", numbers)
    writer.keys(f"{name}_place", numbers)
    writer.texts(f"{name}_contents", places["content"].to_pylist())
    n = len(numbers)
    buckets = _read(work / f"{name}_buckets").sort_by([("bucket", "ascending"), ("place", "ascending")])
    bucket, place = whole(buckets["bucket"].combine_chunks()), whole(buckets["place"].combine_chunks())
    digests = np.zeros(n, dtype=np.int64)
    digests[place] = whole(buckets["digest"].combine_chunks())
    writer.array(f"{name}_buckets", bucket)
    writer.array(f"{name}_bucket_places", place.astype(np.int32))
    writer.array(f"{name}_digests", digests)
    _shelve_members(writer, work, name, n)


def _shelve_stars(writer: ShelfWriter, work: Path, name: str, places: pa.Table) -> None:
    found = _read(work / f"{name}_stars").combine_chunks()
    star, similarity = aligned(places["key"].combine_chunks(), found, "key", ["star", "similarity"])
    star = pc.coalesce(star, places["key"].combine_chunks())
    writer.array(f"{name}_star_of", _numbers(star))
    writer.array(f"{name}_similarity", np.where(np.isnan(real(similarity)), 1.0, real(similarity)))


def _numbers(keys: pa.Array | pa.ChunkedArray) -> Ints:
    """Keys as numbers: those that are texts are hashed."""
    keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    return whole(keys) if pa.types.is_integer(keys.type) else hashed_all(keys.to_pylist())


def _shelve_members(writer: ShelfWriter, work: Path, name: str, n: int) -> None:
    alike, first, second = (_pairs(work / f"{name}_{step}") for step in ("verified", "members", "neighbours"))
    has_earlier = np.zeros(n, dtype=bool)
    has_earlier[alike[0]] = True
    centre = np.full(n, -1, dtype=np.int32)
    centre[first[0]] = first[1]
    taken = np.zeros(n, dtype=bool)
    order = np.lexsort((second[1], -second[2], second[0]))
    _, best = np.unique(second[0][order], return_index=True)
    for lefts, rights in ((first[0], first[1]), (second[0][order][best], second[1][order][best])):
        taken[lefts], taken[rights] = True, True
    rest = ~taken[alike[0]] & ~taken[alike[1]]
    has_rest = np.zeros(n, dtype=bool)
    has_rest[alike[0][rest]] = True
    writer.array(f"{name}_has_earlier", has_earlier)
    writer.array(f"{name}_centre", centre)
    writer.array(f"{name}_taken", taken)
    writer.array(f"{name}_has_rest", has_rest)


def _read(folder: Path) -> pa.Table:
    return ds.dataset(folder, format="parquet").to_table()


def _pairs(folder: Path) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    table = _read(folder)
    columns = [table[name].combine_chunks().to_numpy() for name in ("left_key", "right_key", "similarity")]
    return columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2]


@dataclass(frozen=True, slots=True)
class Joined:
    """The star that an item joins: the key of its centre, and how alike it is to it."""

    star: int
    similarity: float


class Stars:
    """The stars of a market, open to one more item. `bucketed` and `verified` are the kernels that made them."""

    def __init__(self, shelf: Shelf, name: str, bucketed: Kernel, verified: Kernel) -> None:
        self.bucketed, self.verified = bucketed, verified
        self.keys, self.places = shelf.ints(f"{name}_star_keys"), shelf.keys(f"{name}_place")
        self.contents = shelf.texts(f"{name}_contents")
        self.buckets, self.bucket_places = shelf.ints(f"{name}_buckets"), shelf.array(f"{name}_bucket_places")
        self.digests, self.centre = shelf.ints(f"{name}_digests"), shelf.array(f"{name}_centre")
        self.has_earlier, self.taken = shelf.array(f"{name}_has_earlier"), shelf.array(f"{name}_taken")
        self.has_rest = shelf.array(f"{name}_has_rest")
        self.seen, self.star_of = shelf.ints(f"{name}_seen"), shelf.ints(f"{name}_star_of")
        self.similarity = shelf.floats(f"{name}_similarity")

    def find(self, key: int, content: str, seen_s: int | None) -> Joined:
        """The star of an item by its key, else the one that it joins, else its own."""
        place = self.places.row(key)
        if place >= 0:
            return Joined(int(self.star_of[place]), float(self.similarity[place]))
        before = len(self.keys) if seen_s is None else int(self.seen.searchsorted(seen_s, "right"))
        return self.joined(content, before) or Joined(key, 1.0)

    def joined(self, content: str, before: int) -> Joined | None:
        """The star that an item joins which stands after the first `before` items; None when it stays alone."""
        met = self._met(content, before)
        if not met:
            return None
        alike = self._alike(content, met)
        roots = [place for place in alike if not self.has_earlier[place]]
        if roots:
            return self._best(roots, alike)
        centres = sorted({int(self.centre[place]) for place in alike if self.centre[place] >= 0})
        if centres and (near := self._alike(content, centres)):
            return self._best(list(near), near)
        left = [place for place in alike if not self.taken[place] and not self.has_rest[place]]
        return self._best(left, alike) if left else None

    def _best(self, places: list[int], alike: dict[int, float]) -> Joined:
        best = min(places, key=lambda place: (-alike[place], place))
        return Joined(int(self.keys[best]), alike[best])

    def _met(self, content: str, before: int) -> list[int]:
        """The earliest item it meets in a bucket, and the most alike of its predecessors there."""
        batch = pa.RecordBatch.from_pydict({"place": pa.array([before], pa.int64()), "content": [content]})
        own = self.bucketed(batch)
        buckets = own.column("bucket").to_numpy()
        if not len(buckets):
            return []
        digest = own.column("digest").to_numpy()[0]
        starts, stops = self.buckets.searchsorted(buckets, "left"), self.buckets.searchsorted(buckets, "right")
        firsts: list[int] = []
        latest: set[int] = set()
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            inside = self.bucket_places[start:stop]
            end = int(inside.searchsorted(before)) if stop > start and inside[-1] >= before else stop - start
            if end:
                firsts.append(int(inside[0]))
                latest.update(int(place) for place in inside[max(end - PREDECESSORS, 0) : end])
        apart = {place: self._disagreements(digest, place) for place in {*firsts, *latest}}
        earliest = [place for place in firsts if apart[place] <= MOST_DISAGREEMENTS]
        near = sorted((apart[place], place) for place in latest if apart[place] <= MOST_DISAGREEMENTS)
        return sorted({*sorted(earliest)[:1], *(place for _, place in near[: MOST_CANDIDATES - 1])})

    def _disagreements(self, digest: np.int64, place: int) -> int:
        bits = int(digest) ^ int(self.digests[place])
        return ((bits | (bits >> 1)) & _LOW).bit_count()

    def _alike(self, content: str, places: list[int]) -> dict[int, float]:
        """Those of the places that are near-copies, and how alike they are."""
        rows = {
            "left_key": pa.array([0] * len(places), pa.int64()),
            "right_key": pa.array(places, pa.int64()),
            "left_text": pa.array([content] * len(places), pa.string()),
            "right_text": pa.array([self.contents[place] for place in places], pa.string()),
        }
        found = self.verified(pa.RecordBatch.from_pydict(rows))
        return dict(zip(found.column("right_key").to_pylist(), found.column("similarity").to_pylist(), strict=True))
