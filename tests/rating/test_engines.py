"""Labels and the merchants' sums give the same rows on every engine."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from assay.market.tables import LISTINGS, VERDICTS
from assay.rating import (
    CalibrationTable,
    Model,
    attach_labels,
    attach_merchant_labels,
    merchant_goods,
    plain_numbers,
    sample_rows,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = Model("listing", -300, (), CalibrationTable((-400, 0), (-400, 0), (-500, -100), (-300, 100)))
N = 600


def tables(engine):
    rng = np.random.default_rng(1)
    merchants = [f"M{i}" for i in rng.integers(0, 40, N)]
    shelf = [
        {"listing_id": f"L{i}", "merchant_id": merchants[i], "removed_at": START if i % 7 == 0 else None}
        for i in range(N)
    ]
    scores = pa.table(
        {
            "listing_id": [f"L{i}" for i in range(N)],
            "merchant_id": merchants,
            "blind_points": pa.array(rng.integers(-600, 200, N), pa.int32()),
            "score": pa.array(np.round(rng.random(N) * 100, 2)),
        }
    )
    judged = [
        {
            "subject_type": ["listing", "merchant"][i % 5 == 0],
            "subject_id": f"{'M' if i % 5 == 0 else 'L'}{rng.integers(0, 40 if i % 5 == 0 else N)}",
            "verdict": ["counterfeit", "genuine", "inconclusive"][rng.integers(0, 3)],
            "source": ["lab", "test_buy"][rng.integers(0, 2)],
            "decided_at": START + timedelta(days=int(rng.integers(0, 9))),
            "inclusion_probability": 0.25 if i % 3 == 0 else None,
        }
        for i in range(400)
    ]
    return (
        engine.table(pa.Table.from_pylist(shelf, LISTINGS.schema), "listings"),
        engine.table(scores, "scores"),
        engine.table(pa.Table.from_pylist(judged, VERDICTS.schema), "verdicts"),
        engine.table(pa.table({"merchant_id": sorted(set(merchants))}), "merchants"),
    )


def everything(engine):
    shelf, scores, verdicts, merchants = tables(engine)
    labelled = attach_labels(scores, verdicts)
    return {
        "labelled": (labelled, "listing_id"),
        "unlabelled": (attach_labels(scores, None), "listing_id"),
        "sampled": (sample_rows(engine, labelled, at_most=450), "listing_id"),
        "goods": (merchant_goods(scores, MODEL), "merchant_id"),
        "plain": (plain_numbers(scores, shelf), "merchant_id"),
        "merchants": (attach_merchant_labels(merchants, verdicts, shelf), "merchant_id"),
    }


@pytest.mark.parametrize("part", ["labelled", "unlabelled", "sampled", "goods", "plain", "merchants"])
def test_duckdb_and_sail_give_the_same_rows(duckdb_engine, sail_engine, part):
    found = []
    for engine in (duckdb_engine, sail_engine):
        expression, key = everything(engine)[part]
        rows = engine.collect(expression)
        found.append(rows.select(sorted(rows.column_names)).sort_by(key).to_pylist())
    assert found[0] == found[1] and found[0]
