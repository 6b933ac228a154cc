"""How much a listing's words resemble those of confirmed counterfeits: character n-grams, learnt without its merchant.

The model of a fold never saw a merchant of that fold, so nothing a merchant did, and no verdict about it, moves the
values of its own listings.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from assay.engine import Market, Workspace
from assay.likeness import FoldedTexts, fold, parts, shingle
from assay.signals.precedents import judged
from assay.signals.signal import Direction, Row, Signal, counted

N_FOLDS = 5
# 2^18 features: with some 100,000 common n-grams few important ones collide; the five tables take 5 MB.
_FEATURE_BITS = 18
# Below these the weights would describe a few shops, not counterfeits.
LEAST_CONFIRMED = 50
LEAST_MERCHANTS = 10
# Texts learnt from at most; the time to learn grows in proportion.
_MOST_CONFIRMED = 20_000
_MOST_OTHERS = 40_000
# Only this much of a description: what is offered is said first, terms of delivery later.
_DESCRIPTION_POINTS = 200
# Inverse strength of the penalty on unit-length rows. On a simulated market of 100,000 listings: ROC-AUC 0.73 at 10,
# 0.71 at 2, 0.68 at 0.5. Stopped early (tolerance 1e-3) it falls to 0.69, because rare n-grams have small gradients.
_INVERSE_PENALTY = 10.0
_TOLERANCE = 1e-6
_ITERATIONS = 100
# An n-gram of one text alone can say nothing about another.
_LEAST_TEXTS = 2
# Words weighing e^2 = 7 times more for a confirmed counterfeit than for another listing.
_FIRES = 2.0
_SCORED = pa.schema(
    [
        ("listing_id", pa.string()),
        ("repetition_text_risk", pa.float64()),
        ("repetition_text_risk__phrase", pa.string()),
        ("repetition_text_risk__n_confirmed", pa.int32()),
    ]
)

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextModel:
    """Weights by fold: shape (folds, features), the offset that puts an average text at 0, and what they rest on."""

    weights: Weights
    offsets: npt.NDArray[np.float64]
    n_confirmed: npt.NDArray[np.int32]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Scores a batch of (listing_id, merchant_id, title, description); null where there is no text."""
        texts = fold(words(batch))
        folds = folds_of(batch.column("merchant_id"))
        scores = np.empty(len(texts), dtype=np.float64)
        for first, part in parts(texts):
            rows = slice(first, first + len(part))
            scores[rows] = self._score(part, folds[rows])
        found = texts.lengths > 0
        fired = np.flatnonzero(found & (scores >= _FIRES))
        best = np.zeros(len(texts), dtype=np.int64)
        best[fired] = _loudest(texts.take(fired), self.weights.ravel(), folds[fired])
        phrases = _phrases(texts, best, fired)
        return pa.RecordBatch.from_arrays(
            [
                batch.column("listing_id"),
                pa.array(scores, mask=~found),
                phrases,
                pa.array(self.n_confirmed[folds]),
            ],
            schema=_SCORED,
        )

    def _score(self, texts: FoldedTexts, folds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Log-odds of each text."""
        found = features(texts)
        weight = self.weights.ravel()[found.column + (folds[found.row] << _FEATURE_BITS)]
        return np.bincount(found.row, weight * found.value, len(texts)) - self.offsets[folds]


@dataclass(frozen=True, slots=True)
class Features:
    """Non-zero entries of a batch of texts, in row order: row, column (hashed n-gram) and value; rows of length 1."""

    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


def features(texts: FoldedTexts) -> Features:
    """Sublinear counts (1 + ln n) of hashed character n-grams, each text scaled to unit length."""
    found = shingle(texts)
    row = np.repeat(np.arange(len(texts), dtype=np.uint64), found.counts)
    keys = (row << np.uint64(_FEATURE_BITS)) | (found.hashes >> np.uint32(32 - _FEATURE_BITS))
    keys.sort()
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, np.int64)
    counts = np.diff(np.concatenate((begins, [len(keys)])))
    keys = keys[begins]
    rows = (keys >> np.uint64(_FEATURE_BITS)).astype(np.int64)
    value = 1.0 + np.log(counts)
    norms = np.sqrt(np.bincount(rows, value * value, len(texts)))
    return Features(rows, (keys & np.uint64((1 << _FEATURE_BITS) - 1)).astype(np.int64), value / norms[rows])


def words(batch: pa.RecordBatch) -> pa.Array:
    """Title and the beginning of the description of every listing."""
    beginning = pc.utf8_slice_codeunits(batch.column("description"), 0, _DESCRIPTION_POINTS)
    return pc.binary_join_element_wise(
        batch.column("title"), beginning, " ", null_handling="replace", null_replacement=""
    )


def folds_of(merchants: pa.Array) -> npt.NDArray[np.int64]:
    """Fold of each merchant: its identifier's MD5 modulo 5, the same on every engine and in every run."""
    coded = pc.dictionary_encode(merchants)
    by_merchant = [int(hashlib.md5(m.encode()).hexdigest(), 16) % N_FOLDS for m in coded.dictionary.to_pylist()]
    folds: npt.NDArray[np.int64] = np.array(by_merchant, dtype=np.int64)[coded.indices.to_numpy(zero_copy_only=False)]
    return folds


def text_risk(market: Market, work: Workspace) -> ir.Table | None:
    """listing_id, repetition_text_risk and its facts for every listing; None with too few confirmed counterfeits.

    Learns from all verdicts up to `as_of` of the merchants of the other folds, whenever they were decided: see
    docs/explanation/repetition.md for why this signal is not cut at the date rated.
    """
    model = text_model(market, work)
    if model is None:
        return None
    rows = market.table("listings").select("listing_id", "merchant_id", "title", "description")
    return work.map_step("repetition_text_risk", rows, model, _SCORED)


def text_model(market: Market, work: Workspace) -> TextModel | None:
    """The models of all folds, learnt from the market's verdicts; None with too few confirmed counterfeits."""
    sample = work.engine.collect(_sample(market, work))
    confirmed = sample.filter(sample["is_confirmed"])
    if confirmed.num_rows < LEAST_CONFIRMED or len(pc.unique(confirmed["merchant_id"])) < LEAST_MERCHANTS:
        return None
    return learnt(sample.sort_by("listing_id").combine_chunks())


def _sample(market: Market, work: Workspace) -> ir.Table:
    """Confirmed counterfeits and other listings to learn from, drawn by the MD5 of their identifiers."""
    listings = market.table("listings").select("listing_id", "merchant_id", "title", "description")
    known = judged(market, work)
    confirmed = known.filter(known.confirmed_s.notnull()).select("listing_id")
    counts = work.engine.collect(
        listings.agg(n=listings.count()).cross_join(confirmed.agg(n_confirmed=confirmed.count()))
    ).to_pylist()[0]
    caught = listings.semi_join(confirmed, "listing_id").mutate(is_confirmed=True)
    others = listings.anti_join(confirmed, "listing_id").mutate(is_confirmed=False)
    return _drawn(caught, _MOST_CONFIRMED, counts["n_confirmed"]).union(
        _drawn(others, _MOST_OTHERS, counts["n"] - counts["n_confirmed"])
    )


def _drawn(rows: ir.Table, most: int, n: int) -> ir.Table:
    """About `most` of the `n` rows, or all of them."""
    if n <= most:
        return rows
    # The digest as text: hexadecimal digits compare like the number they write.
    bound = f"{int(most / n * 16**12):012x}"
    return rows.filter(rows.listing_id.hexdigest("md5").substr(0, 12) < bound)


def learnt(sample: pa.Table) -> TextModel | None:
    """One logistic regression per fold on the merchants of the other folds; None when a fold's others are too few.

    `sample` has merchant_id, title, description, is_confirmed.
    """
    batch = sample.to_batches()[0]
    matrix = _matrix(fold(words(batch)))
    labels = np.asarray(sample["is_confirmed"].to_numpy(), dtype=bool)
    folds = folds_of(batch.column("merchant_id"))
    shares = _merchant_shares(batch.column("merchant_id"), labels)
    weights = np.zeros((N_FOLDS, 1 << _FEATURE_BITS), dtype=np.float32)
    offsets = np.zeros(N_FOLDS)
    for held_out in range(N_FOLDS):
        kept = folds != held_out
        if labels[kept].sum() < LEAST_CONFIRMED // 2 or labels[kept].all():
            return None
        weights[held_out], offsets[held_out] = _fitted(matrix[kept], labels[kept], shares[kept])
    n_confirmed = np.array([(labels & (folds != held_out)).sum() for held_out in range(N_FOLDS)], dtype=np.int32)
    return TextModel(weights, offsets, n_confirmed)


def _matrix(texts: FoldedTexts) -> sparse.csr_matrix:
    found = features(texts)
    return sparse.csr_matrix((found.value, (found.row, found.column)), shape=(len(texts), 1 << _FEATURE_BITS))


def _merchant_shares(merchants: pa.Array, labels: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Weight of each text: 1 / sqrt of its merchant's texts with the same label.

    Half of all counterfeits stand at few merchants; unweighted, the model learns what those sell (ROC-AUC 0.65 against
    0.73 on the simulated market).
    """
    coded = pc.dictionary_encode(merchants).indices.to_numpy(zero_copy_only=False).astype(np.int64) * 2 + labels
    shares: npt.NDArray[np.float64] = 1.0 / np.sqrt(np.bincount(coded)[coded])
    return shares


def _fitted(
    matrix: sparse.csr_matrix, labels: npt.NDArray[np.bool_], shares: npt.NDArray[np.float64]
) -> tuple[Weights, float]:
    """Weights, and the offset that takes the sample's own odds out: 0 is a text as likely among both."""
    used = np.flatnonzero(np.bincount(matrix.indices, minlength=1 << _FEATURE_BITS) >= _LEAST_TEXTS)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_ITERATIONS, tol=_TOLERANCE)
    # One thread: the vectors are too short to share, and threads waiting for each other took twenty times as long.
    with warnings.catch_warnings(), threadpool_limits(1):
        # A bounded number of steps is part of the method: the last digits of the weights do not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix[:, used], labels, sample_weight=shares)
    weights = np.zeros(1 << _FEATURE_BITS, dtype=np.float32)
    weights[used] = model.coef_[0]
    odds = float(np.log(shares[labels].sum() / shares[~labels].sum()))
    return weights, odds - float(model.intercept_[0])


def _loudest(texts: FoldedTexts, table: Weights, folds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each text the place, among its shingles, of the one with the largest weight; 0 where it has none."""
    found = shingle(texts)
    best = np.zeros(len(texts), dtype=np.int64)
    filled = np.flatnonzero(found.counts)
    if not len(filled):
        return best
    shift = np.repeat(folds << _FEATURE_BITS, found.counts)
    weight = table[(found.hashes >> np.uint32(32 - _FEATURE_BITS)).astype(np.int64) + shift]
    highest = np.repeat(np.maximum.reduceat(weight, found.starts[filled]), found.counts[filled])
    hits = np.flatnonzero(weight == highest)
    owner = np.repeat(np.arange(len(texts)), found.counts)[hits]
    rows, at = np.unique(owner, return_index=True)
    best[rows] = hits[at] - found.starts[rows]
    return best


def _phrases(texts: FoldedTexts, best: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> pa.Array:
    """The words round the loudest shingle of each wanted text; null for the others."""
    phrases: list[str | None] = [None] * len(texts)
    for row in wanted:
        begin, end = texts.starts[row], texts.starts[row + 1]
        text = texts.points[begin:end].astype("<u4").tobytes().decode("utf-32-le")
        first = text.rfind(" ", 0, int(best[row]) + 1) + 1
        last = text.find(" ", int(best[row]) + 3)
        phrases[row] = text[first : last if last > 0 else None][:40]
    return pa.array(phrases, pa.string())


def _sentence(row: Row | Mapping[str, Any]) -> str:
    confirmed = counted(row["repetition_text_risk__n_confirmed"], "confirmed counterfeit")
    factor = float(np.exp(min(row["repetition_text_risk"], 7.0)))
    return (
        f"Words like “{row['repetition_text_risk__phrase']}” make the text {factor:,.0f} times likelier among the "
        f"{confirmed} of other merchants than among other listings."
    )


TEXT_RISK = Signal(
    id="repetition-text-risk",
    subject="listing",
    unit="log-odds (0 = as likely among both)",
    direction=Direction.MORE,
    needs=("listings.title", "verdicts.verdict"),
    fires_above=_FIRES,
    sentence=_sentence,
    rationale="Counterfeiters word what they sell alike even where no text is copied.",
    source="Character n-grams alone reached ROC-AUC 0.84 on a real marketplace's listings, split by seller",
    example="Words like “mirror quality” make the text 12 times likelier among the 900 confirmed counterfeits of other "
    "merchants than among other listings.",
)
