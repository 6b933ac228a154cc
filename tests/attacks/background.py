"""The ordinary background, read once; tests that ask for it are skipped without the evaluation data."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest


@dataclass(frozen=True)
class Background:
    """One row per post: codes of account, thread and own text (before the first forward mark), length, second."""

    account: np.ndarray
    thread: np.ndarray
    text: np.ndarray
    n_characters: np.ndarray
    at_s: np.ndarray


def ordinary_posts():
    folder = os.environ.get("ASSAY_DATA")
    if folder is None:
        pytest.skip("set ASSAY_DATA to the folder of evaluation data")
    return _read(folder)


@cache
def _read(folder):
    table = pq.read_table(Path(folder) / "weibo_reposts" / "posts.parquet")
    at = pc.strptime(table["posted_at"].cast(pa.string()), "%Y-%m-%d %H:%M:%S", "s", error_is_null=True)
    table = table.set_column(table.schema.get_field_index("posted_at"), "posted_at", at).filter(pc.is_valid(at))
    own = pc.utf8_trim_whitespace(pc.replace_substring_regex(table["text"].cast(pa.string()), r"//@.*$", ""))
    columns = [pc.dictionary_encode(column) for column in (table["account_id"], table["thread"], own)]
    codes = [column.combine_chunks().indices.to_numpy().astype(np.int64) for column in columns]
    lengths = pc.utf8_length(own).combine_chunks().to_numpy().astype(np.int64)
    return Background(*codes, lengths, table["posted_at"].combine_chunks().cast(pa.int64()).to_numpy())
