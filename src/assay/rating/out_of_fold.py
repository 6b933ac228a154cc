"""Scores every listing of a market by the fold model that has not seen its merchant, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from assay.rating.examples import merchant_folds
from assay.rating.model import Model
from assay.rating.scoring import LISTING_KEYS, Scorer

# Verdicts on the merchant's other goods. A merchant's label is made of those very verdicts, so its own score must be
# learnt and given without them, or it would only repeat what is already confirmed.
OWN_HISTORY = ("history_merchant", "history_merchant_count")

BLIND_SCHEMA = pa.schema([*LISTING_KEYS, pa.field("blind_points", pa.int32())])


@dataclass(frozen=True)
class OutOfFoldScorer:
    """Batch kernel: listing_id, merchant_id and `blind_points`, the total without the merchant's own history.

    Row by row the model of the row's fold is used (`group_id`, where the batch has one, decides the fold as in
    training). Feeds `merchants.merchant_goods` when the merchant model is trained.
    """

    models: tuple[Model, ...]
    blind: tuple[str, ...] = OWN_HISTORY

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the result."""
        return BLIND_SCHEMA

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        grouped = "group_id" if "group_id" in batch.schema.names else "merchant_id"
        folds = merchant_folds(batch.column(grouped), len(self.models))
        seen = without(batch, self.blind)
        totals = np.zeros(batch.num_rows, dtype=np.int32)
        for fold, scorer in enumerate(self._scorers):
            rows = np.flatnonzero(folds == fold)
            if len(rows):
                totals[rows] = scorer.totals(seen.take(pa.array(rows)))
        keys = [batch.column(name).cast(pa.string()) for name in LISTING_KEYS.names]
        return pa.record_batch([*keys, pa.array(totals)], schema=BLIND_SCHEMA)

    @cached_property
    def _scorers(self) -> tuple[Scorer, ...]:
        return tuple(Scorer(model) for model in self.models)

    def __getstate__(self) -> dict[str, object]:
        return {"models": self.models, "blind": self.blind}


def without(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """The batch without the given columns; the kernel counts an absent column as not checked."""
    return batch.drop_columns([name for name in columns if name in batch.schema.names])
