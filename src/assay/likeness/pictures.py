"""Near-copied pictures: PDQ hashes that differ in few of their 256 bits, in the same star clusters as texts."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Workspace
from assay.likeness.copies import BUCKET_SCHEMA, stars
from assay.likeness.verification import PAIR_SCHEMA

# PDQ's own recommendation for "the same picture"; unlike photographs lie near 128, their nearest neighbours above 34.
PICTURE_DISTANCE = 31
_BITS = 256
# Ten bands of 24 bits: hashes 8 bits apart meet with chance 0.999, 16 bits 0.91, 24 bits 0.65; two unlike pictures of
# ten million share a band once in 1.7 pictures, where bands of 16 bits would give each 1,500 to look at.
_BANDS, _BYTES_PER_BAND = 10, 3
# PDQ splits at the median, so a picture sets about half of the bits; a blank one sets none or all, and blanks are alike
# without being copies.
_FEWEST_BITS, _MOST_BITS = 64, 192
_HASH = f"^[0-9a-fA-F]{{{_BITS // 4}}}$"


def near_pictures(pictures: ir.Table, work: Workspace, name: str) -> ir.Table:
    """The stars of a table of distinct PDQ hashes: columns key, star, similarity (1 - distance / 256).

    `pictures` has key (the hash, 64 hexadecimal digits) and seen_at. Members are at most `PICTURE_DISTANCE` bits from
    the centre, the earliest picture of the star. Hashes that are not 64 hexadecimal digits, and those of blank
    pictures, are in no star. Everything else is as in `near_copies`.
    """
    items = pictures.select("key", "seen_at", content="key")
    return stars(items, work, name, picture_buckets, picture_pairs)


def picture_buckets(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The map step (place, content) -> `BUCKET_SCHEMA`: one row per band; none for what is no picture's hash."""
    content = batch.column("content")
    readable = pc.fill_null(pc.match_substring_regex(content, _HASH), False)
    octets = _octets(content.filter(readable))
    places = batch.column("place").filter(readable).to_numpy()
    n_set = np.bitwise_count(octets).sum(axis=1)
    is_picture = (n_set >= _FEWEST_BITS) & (n_set <= _MOST_BITS)
    octets, places = octets[is_picture], places[is_picture]
    bands = octets[:, : _BANDS * _BYTES_PER_BAND].reshape(len(octets), _BANDS, _BYTES_PER_BAND).astype(np.int64)
    values = (bands[..., 0] << 16) | (bands[..., 1] << 8) | bands[..., 2]
    buckets = values | (np.arange(_BANDS, dtype=np.int64) << 24)
    # Sixty bits of the hash itself serve as digest: unlike pictures disagree in 22 of its 30 fields.
    digests = octets[:, :8].copy().view("<i8").ravel() & ((1 << 60) - 1)
    columns = [pa.array(buckets.ravel()), pa.array(np.repeat(places, _BANDS)), pa.array(np.repeat(digests, _BANDS))]
    return pa.RecordBatch.from_arrays(columns, schema=BUCKET_SCHEMA)


def picture_pairs(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The map step that verifies pairs of hashes: rows of `PAIR_SCHEMA` for those near enough."""
    difference = _octets(batch.column("left_text")) ^ _octets(batch.column("right_text"))
    distance = np.bitwise_count(difference).sum(axis=1)
    columns = [batch.column("left_key"), batch.column("right_key"), pa.array(1.0 - distance / _BITS)]
    return pa.RecordBatch.from_arrays(columns, schema=PAIR_SCHEMA).filter(pa.array(distance <= PICTURE_DISTANCE))


def _octets(hashes: pa.Array) -> npt.NDArray[np.uint8]:
    """The hashes as bytes, shape (hashes, 32)."""
    whole = bytes.fromhex("".join(hashes.to_pylist()))
    return np.frombuffer(whole, np.uint8).reshape(len(hashes), _BITS // 8)
