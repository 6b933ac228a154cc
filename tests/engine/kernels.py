"""Batch functions that tests send to worker processes: they must stand in a module that workers can import."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError

DOUBLED = pa.schema([("k", pa.int64()), ("twice", pa.int64())])
PLACES = pa.schema([("k", pa.int64()), ("process", pa.int64())])
LENGTHS = pa.schema([("n", pa.int64())])


def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch([batch.column("k"), pc.multiply(batch.column("k"), 2)], schema=DOUBLED)


def places(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch([batch.column("k"), pa.array([os.getpid()] * batch.num_rows, pa.int64())], schema=PLACES)


def lengths(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch([pa.array([batch.num_rows])], schema=LENGTHS)


def only_odd(batch: pa.RecordBatch) -> pa.RecordBatch:
    return doubled(batch.filter(pc.equal(pc.bit_wise_and(batch.column("k"), 1), 1)))


def unchanged(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def failing(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise ValueError("no \"brand\" in 'batch' \\ line\n鞋")


def refusing(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise CallerError("The model lacks the signal price_gap.", where={"model": "m1"}, allowed="another model")


def misnamed(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.rename_columns([f"{name}_" for name in batch.schema.names])


def dying(batch: pa.RecordBatch) -> pa.RecordBatch:
    os._exit(9)


@dataclass(frozen=True, slots=True)
class Times:
    factor: int

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch([batch.column("k"), pc.multiply(batch.column("k"), self.factor)], schema=DOUBLED)
