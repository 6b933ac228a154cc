"""Who bears the false alarms: share of genuine goods with a high score by merchant size, country and language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.rating.examples import Bools, Codes, Examples
from assay.rating.measures import Estimate
from assay.rating.model import Floats, Ints, score_of

# Below ten goods a share says nothing, and a single merchant could be recognised in it.
LEAST_GOODS = 10
# The report shows the largest segments; a market with 200 countries would bury them.
MOST_SEGMENTS = 30
_SIZES = ((1, "1"), (9, "2-9"), (99, "10-99"), (999, "100-999"), (np.inf, "1000 or more"))
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Genuine (or presumed genuine) goods of one segment and the share of them scored 80, and 40, or more.

    Shares are from 0 to 1; None where the segment has fewer than ten such goods and is suppressed.
    """

    by: str
    segment: str
    n_genuine: int
    n_merchants: int
    share_at_80: Estimate | None
    share_at_40: Estimate | None


def false_alarms(examples: Examples, score_points: Ints) -> tuple[FalseAlarms, ...]:
    """False alarms by merchant size, country and language, largest segments first; unknown is a segment of its own."""
    genuine = examples.labels == 0
    scores = score_of(score_points)
    found: list[FalseAlarms] = []
    for by, names in _segments(examples).items():
        codes, labels = _encode(names)
        counts = np.bincount(codes[genuine], minlength=len(labels))
        largest = sorted(range(len(labels)), key=lambda at: (-counts[at], labels[at]))[:MOST_SEGMENTS]
        found += [_one(by, labels[at], genuine & (codes == at), scores, examples) for at in largest if counts[at]]
    return tuple(found)


def _one(by: str, segment: str, rows: Bools, scores: Floats, examples: Examples) -> FalseAlarms:
    n_genuine = int(rows.sum())
    merchants, weights = examples.merchants[rows], examples.weights[rows]
    shares = [
        share_with_interval(scores[rows] >= threshold, merchants, weights) if n_genuine >= LEAST_GOODS else None
        for threshold in (RED_FLAG_SCORE, AT_RISK_SCORE)
    ]
    return FalseAlarms(by, segment, n_genuine, len(np.unique(merchants)), *shares)


def share_with_interval(hits: Bools, merchants: Codes, weights: Floats) -> Estimate:
    """Weighted share of `hits` with a 95 % Wilson interval on the effective number of rows.

    That number is share x (1 - share) / variance between merchants (linearised), and the number of merchants where
    no row, or every row, is a hit, because then the variance cannot be seen.
    """
    _, at = np.unique(merchants, return_inverse=True)
    total = weights.sum()
    share = float((weights * hits).sum() / total)
    residual = np.bincount(at, weights * (hits - share))
    variance = float((residual**2).sum()) / total**2
    n_merchants = len(residual)
    effective = float(n_merchants) if variance == 0 else share * (1 - share) / variance
    middle = (share + _Z95**2 / (2 * effective)) / (1 + _Z95**2 / effective)
    half = _Z95 * np.sqrt(share * (1 - share) / effective + _Z95**2 / (4 * effective**2)) / (1 + _Z95**2 / effective)
    low, high = max(float(middle - half), 0.0), min(float(middle + half), 1.0)
    return Estimate(round(share, 6), round(low, 6), round(high, 6))


def _segments(examples: Examples) -> dict[str, pa.ChunkedArray]:
    table = examples.segments
    found = {"merchant size": _sizes(examples)}
    for name in ("country", "language"):
        if name in table.column_names:
            found[name] = table[name]
    return found


def _sizes(examples: Examples) -> pa.ChunkedArray:
    """Size classes from `merchant_size` (listings of the merchant), else from the rows at hand."""
    if "merchant_size" in examples.segments.column_names:
        column = examples.segments["merchant_size"].cast(pa.float64())
        sizes: Floats = np.asarray(column.to_numpy(), dtype=np.float64)
    else:
        sizes = np.asarray(np.bincount(examples.merchants, examples.weights)[examples.merchants], dtype=np.float64)
    at = np.searchsorted([most for most, _ in _SIZES], sizes, side="left")
    names = np.array([name for _, name in _SIZES] + [None], dtype=object)
    return pa.chunked_array([pa.array(names[np.where(np.isnan(sizes), len(_SIZES), at)], pa.string())])


def _encode(names: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    dictionary = names.cast(pa.string()).fill_null("unknown").combine_chunks().dictionary_encode()
    return np.asarray(dictionary.indices.to_numpy(), dtype=np.int64), dictionary.dictionary.to_pylist()
