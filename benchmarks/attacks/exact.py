"""Near-copies by brute force, and how many of them the search, and a peer, bring together."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from assay.attacks.copies import linked_texts
from assay.engine import EngineSettings, Workspace, open_engine
from assay.likeness import fold, shingle, text_key

Ints = npt.NDArray[np.int64]

LEAST_SIMILARITY = 0.6
# Texts with fewer distinct shingles are compared only for being the same; both sides of the comparison leave them out.
FEWEST_SHINGLES = 8
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ExactPairs:
    """Distinct texts, and all pairs (left < right) of at least `LEAST_SIMILARITY` exact Jaccard similarity."""

    texts: list[str]
    left: Ints
    right: Ints
    similarity: npt.NDArray[np.float64]
    seconds: float


def distinct_long_texts(texts: pa.ChunkedArray, most: int) -> list[str]:
    """The first `most` texts of 12 characters or more that differ after folding."""
    kept = texts.filter(pc.greater_equal(pc.fill_null(pc.utf8_length(texts), 0), 12)).combine_chunks()
    keys = text_key(fold(kept))
    filled = np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False))
    _, first = np.unique(keys.to_numpy(zero_copy_only=False)[filled], return_index=True)
    return kept.take(pa.array(filled[np.sort(first)][:most])).to_pylist()


def exact_pairs(texts: list[str]) -> ExactPairs:
    """All pairs by one sparse product, block by block."""
    started = time.perf_counter()
    found = shingle(fold(pa.array(texts)))
    _, columns = np.unique(found.hashes, return_inverse=True)
    matrix = csr_matrix((np.ones(len(columns), np.int32), (np.repeat(np.arange(len(texts)), found.counts), columns)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    kept = []
    for begin in range(0, len(texts), _ROWS_AT_ONCE):
        shared = (matrix[begin : begin + _ROWS_AT_ONCE] @ matrix.T).tocoo()
        i, j = shared.row.astype(np.int64) + begin, shared.col.astype(np.int64)
        similarity = shared.data / (sizes[i] + sizes[j] - shared.data)
        enough = np.minimum(sizes[i], sizes[j]) >= FEWEST_SHINGLES
        good = (i < j) & (similarity >= LEAST_SIMILARITY) & enough
        kept.append((i[good], j[good], similarity[good]))
    left, right, similarity = (np.concatenate(column) for column in zip(*kept, strict=True))
    return ExactPairs(texts, left, right, similarity, time.perf_counter() - started)


def recall(pairs: ExactPairs, together: Ints) -> dict[str, Any]:
    """Share of the exact pairs, and of the texts that have one, that are in one part of the links."""
    same = together[pairs.left] == together[pairs.right]
    has_copy = np.zeros(len(pairs.texts), dtype=bool)
    has_copy[pairs.left] = has_copy[pairs.right] = True
    size = np.bincount(together)[together]
    return {
        "n_pairs": len(pairs.left),
        "pair_recall": round(float(same.mean()), 5) if len(same) else None,
        "text_recall": round(float((size[has_copy] > 1).mean()), 5) if has_copy.any() else None,
    }


def ours(pairs: ExactPairs) -> dict[str, Any]:
    """The links of the search over the same texts."""
    n = len(pairs.texts)
    with open_engine(None, EngineSettings(memory_gib=4.0)) as engine, tempfile.TemporaryDirectory() as folder:
        rows = pa.table({"place": np.arange(n), "text": pairs.texts})
        started = time.perf_counter()
        links = engine.collect(linked_texts(engine.table(rows, "texts"), Workspace(engine, Path(folder))))
        seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 2)} | recall(
        pairs, _parts(n, links["left"].to_numpy(), links["right"].to_numpy())
    )


def datasketch(pairs: ExactPairs) -> dict[str, Any]:
    """datasketch's MinHashLSH over the same shingles: 64 permutations, threshold 0.6, its pairs verified exactly.

    Its own choice of bands and rows for the threshold; an exact check is needed as in ours, and only real pairs count.
    """
    from datasketch import MinHash, MinHashLSH

    found = shingle(fold(pa.array(pairs.texts)))
    started = time.perf_counter()
    index = MinHashLSH(threshold=LEAST_SIMILARITY, num_perm=64)
    octets = found.hashes.astype("<u4").tobytes()
    bounds = found.starts * 4
    met_left, met_right = [], []
    for row in range(len(pairs.texts)):
        mine = octets[bounds[row] : bounds[row + 1]]
        sketch = MinHash(num_perm=64)
        sketch.update_batch([mine[at : at + 4] for at in range(0, len(mine), 4)])
        for other in index.query(sketch):
            met_left.append(other)
            met_right.append(row)
        index.insert(row, sketch)
    seconds = time.perf_counter() - started
    exact = pairs.left * len(pairs.texts) + pairs.right
    met = np.array(met_left, dtype=np.int64) * len(pairs.texts) + np.array(met_right, dtype=np.int64)
    real = met[np.isin(met, exact)]
    left, right = np.divmod(real, len(pairs.texts))
    return {"seconds": round(seconds, 2)} | recall(pairs, _parts(len(pairs.texts), left, right))


def _parts(n: int, left: Ints, right: Ints) -> Ints:
    links = csr_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    return connected_components(links, directed=False)[1].astype(np.int64)
