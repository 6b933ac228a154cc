"""What the benchmark of attacks counts, on a result of a few rows."""

import importlib.util
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "attacks"


def module(name):
    spec = importlib.util.spec_from_file_location(f"attacks_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


TRUTH = pa.table(
    {
        "post_id": ["p1", "p2", "p3", "p4", "p5", "c1"],
        "account_id": ["x", "y", "x", "y", "z", "x"],
        "narrative": pa.array([0, 0, 1, 1, 0, None], pa.int64()),
        "is_camouflage": [False] * 5 + [True],
        "is_innocent": [False] * 6,
    }
)


@pytest.fixture
def folder(tmp_path):
    tables = {
        "posts": pa.table(
            {"post_id": ["p1", "p2", "p3", "p4", "p5", "c1", "o1"], "narrative": [7, 7, 8, 8, None, 9, 9]}
        ),
        "narratives": pa.table(
            {"narrative": [7, 8, 9], "group": pa.array([1, 1, None], pa.int64()), "n_posts": [2, 2, 2]}
        ),
        "groups": pa.table({"group": [1, 2], "status": ["named", "explained"]}),
        "members": pa.table(
            {
                "group": [1, 1, 1, 1, 2],
                "account_id": ["x", "y", "z", "innocent", "fan"],
                "role": ["core", "core", "periphery", "core", "core"],
            }
        ),
    }
    for name, rows in tables.items():
        pq.write_table(rows, tmp_path / f"{name}.parquet")
    return tmp_path


def test_named_are_only_the_cores_of_named_groups(folder):
    found = module("judging").judged(folder, TRUTH, n_accounts=100)
    assert found.n_planted_accounts == 3
    assert found.named_rate == pytest.approx(2 / 3)
    assert found.listed_rate == 1.0
    assert (found.n_innocent_named, found.innocent_named_rate) == (1, 0.01)
    assert found.n_groups == {"named": 1, "explained": 1, "listed": 0}


def test_a_narrative_is_found_when_most_of_one_in_a_group_is_its_own(folder):
    found = module("judging").judged(folder, TRUTH, n_accounts=100)
    assert (found.n_narratives, found.n_narratives_found) == (2, 2)
    assert found.main_share == pytest.approx(2 / 3)
    assert found.post_share == pytest.approx(4 / 5)


def test_a_narrative_outside_groups_is_not_found(folder):
    rows = pa.table({"narrative": [7, 8, 9], "group": pa.array([None, 1, None], pa.int64()), "n_posts": [2, 2, 2]})
    pq.write_table(rows, folder / "narratives.parquet")
    found = module("judging").judged(folder, TRUTH, n_accounts=100)
    assert (found.n_narratives_found, found.main_share) == (1, 0.0)
