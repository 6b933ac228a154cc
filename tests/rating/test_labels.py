from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from assay.engine import EngineSettings, open_engine
from assay.market.tables import VERDICTS
from assay.rating import attach_labels, sample_rows


def day(number):
    return datetime(2026, 1, number, tzinfo=UTC)


def verdicts(*rows):
    names = VERDICTS.column_names
    return ibis.memtable(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], VERDICTS.schema))


def signals(*ids):
    return ibis.memtable(pa.table({"listing_id": list(ids), "merchant_id": ["M"] * len(ids), "x": [1.0] * len(ids)}))


def labelled(*rows):
    table = attach_labels(signals("a", "b"), verdicts(*rows)).to_pyarrow().to_pylist()
    return {row["listing_id"]: row for row in table}


def test_the_latest_conclusive_verdict_counts():
    got = labelled(
        ("listing", "a", "counterfeit", "notice", day(1), None),
        ("listing", "a", "genuine", "appeal", day(3), None),
        ("listing", "a", "inconclusive", "lab", day(5), None),
        ("merchant", "b", "counterfeit", "raid", day(2), None),
    )
    assert got["a"]["verdict"] == "genuine" and got["a"]["decided_at"] == day(3)
    assert got["b"]["verdict"] is None


def test_a_sampled_verdict_is_kept_beside_a_later_one():
    got = labelled(
        ("listing", "a", "genuine", "test_buy", day(1), 0.01),
        ("listing", "a", "counterfeit", "notice", day(2), None),
    )["a"]
    assert (got["verdict"], got["sampled_verdict"], got["inclusion_probability"]) == ("counterfeit", "genuine", 0.01)


@pytest.mark.parametrize("looked", ["review", "platform_review", "appeal"])
@pytest.mark.parametrize("examined", ["test_buy", "authentication"])
def test_an_examination_is_not_undone_by_a_later_look_at_the_offer(examined, looked):
    got = labelled(
        ("listing", "a", "genuine", examined, day(1), None),
        ("listing", "a", "counterfeit", looked, day(2), None),
        ("listing", "b", "counterfeit", looked, day(2), None),
    )
    assert (got["a"]["verdict"], got["a"]["decided_at"]) == ("genuine", day(1))
    assert got["b"]["verdict"] == "counterfeit"


def test_an_inconclusive_examination_leaves_the_review():
    got = labelled(
        ("listing", "a", "inconclusive", "test_buy", day(3), None),
        ("listing", "a", "counterfeit", "review", day(2), None),
    )
    assert got["a"]["verdict"] == "counterfeit"


def test_the_level_is_never_set_by_a_look_at_the_offer():
    got = labelled(
        ("listing", "a", "counterfeit", "review", day(3), 0.5),
        ("listing", "b", "genuine", "test_buy", day(1), 0.01),
        ("listing", "b", "counterfeit", "review", day(2), 0.5),
    )
    assert (got["a"]["verdict"], got["a"]["sampled_verdict"]) == ("counterfeit", None)
    assert (got["b"]["sampled_verdict"], got["b"]["inclusion_probability"]) == ("genuine", 0.01)


def test_every_row_stays_once_when_verdicts_are_many():
    got = attach_labels(
        signals("a", "b"), verdicts(*[("listing", "a", "counterfeit", f"s{i}", day(1), None) for i in range(5)])
    )
    assert sorted(got.to_pyarrow()["listing_id"].to_pylist()) == ["a", "b"]


def test_without_verdicts_every_row_is_unlabelled():
    table = attach_labels(signals("a"), None).to_pyarrow()
    assert table["verdict"].null_count == table["inclusion_probability"].null_count == 1


def test_the_sample_keeps_every_verdict_and_the_weighted_count(tmp_path):
    rows = pa.table({"listing_id": [f"L{i}" for i in range(4000)], "merchant_id": ["M"] * 4000})
    judged = rows.slice(0, 50).select([0]).rename_columns(["subject_id"]).to_pylist()
    found = [
        row | {"subject_type": "listing", "verdict": "genuine", "source": "s", "decided_at": day(1)} for row in judged
    ]
    with open_engine(None, EngineSettings(scratch=tmp_path, memory_gib=1.0, workers=1, progress=False)) as engine:
        known = engine.table(pa.Table.from_pylist(found, VERDICTS.schema), "known")
        table = attach_labels(engine.table(rows, "every"), known)
        kept = engine.collect(sample_rows(engine, table, at_most=550))
    assert sum(kept["verdict"].is_valid().to_pylist()) == 50
    assert 400 < kept.num_rows < 700
    assert sum(kept["row_weight"].to_pylist()) == pytest.approx(4000, rel=0.2)
