from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.engine import EngineSettings, Workspace, open_engine
from assay.likeness import LEAST_SIMILARITY, fold, jaccard, near_copies

BASE = "original power bank 30000 mah with fast charging cable in white colour"


@pytest.fixture(scope="module")
def stars(tmp_path_factory):
    """Runs `near_copies` on rows (text_key, text, seen_at) and gives text_key -> (star, similarity)."""
    with open_engine(None, EngineSettings(memory_gib=1.0, workers=1)) as engine:

        def run(rows):
            columns = zip(*rows, strict=True)
            types = (pa.int64(), pa.string(), pa.int64())
            table = pa.table(dict(zip(("text_key", "text", "seen_at"), map(pa.array, columns, types), strict=True)))
            work = Workspace(engine, Path(tmp_path_factory.mktemp("run")))
            found = engine.collect(near_copies(engine.table(table, "texts"), work, "copies"))
            assert len(set(found["text_key"].to_pylist())) == found.num_rows
            return {row["text_key"]: (row["star"], row["similarity"]) for row in found.to_pylist()}

        yield run


def similarity(left, right):
    return float(jaccard(fold(pa.array([left])), fold(pa.array([right])))[0][0])


def test_a_near_copy_joins_the_earliest_text(stars):
    found = stars([(1, BASE + " new", 30), (2, BASE, 10), (3, "a text about something else altogether", 20)])
    assert found == {1: (2, similarity(BASE + " new", BASE)), 2: (2, 1.0)}


def test_undated_texts_come_after_dated_ones_and_then_by_key(stars):
    assert {star for star, _ in stars([(1, BASE + " a", None), (2, BASE + " b", 5)]).values()} == {2}
    assert {star for star, _ in stars([(7, BASE + " a", None), (4, BASE + " b", None)]).values()} == {4}


def test_a_chain_of_small_changes_is_not_one_star(stars):
    words = BASE.split()
    chain = [" ".join([*(f"other{i}word" for i in range(n)), *words[n:]]) for n in range(len(words) + 1)]
    found = stars([(n, text, n) for n, text in enumerate(chain)])
    assert all(similarity(a, b) > 0.5 for a, b in pairwise(chain))
    assert len({star for star, _ in found.values()}) > 1
    assert all(similarity(chain[key], chain[star]) >= LEAST_SIMILARITY for key, (star, _) in found.items())


def test_one_template_of_a_thousand_texts_is_one_star(stars):
    found = stars([(n, f"{BASE} order number {n}", n) for n in range(1_000)])
    assert len(found) == 1_000
    assert {star for star, _ in found.values()} == {0}


def test_nothing_alike_gives_no_rows(stars):
    assert stars([(1, BASE, 1), (2, "кроссовки мужские белые кожаные", 2), (3, "", 3)]) == {}


TEMPLATES = st.sampled_from(
    [BASE, "新款男士运动鞋透气轻便跑步鞋学生休闲鞋子", "ladies leather handbag with gold chain and strap"]
)
EDITED = st.builds(
    lambda text, cuts: "".join(c for i, c in enumerate(text) if i not in cuts), TEMPLATES, st.sets(st.integers(0, 60))
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDITED, min_size=2, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_every_member_is_verified(stars, texts, shuffle):
    rows = [(key, text, key % 3 or None) for key, text in enumerate(texts)]
    found = stars(rows)
    for key, (star, measured) in found.items():
        assert measured == pytest.approx(similarity(texts[key], texts[star]))
        assert measured >= LEAST_SIMILARITY
        assert found[star] == (star, 1.0)
    shuffle.shuffle(rows)
    assert stars(rows) == found
