import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.rating import CalibrationTable, Model, Scorer, Term, TermTable, explain_row, score_of

CALIBRATION = CalibrationTable((-800, 0, 900), (-700, 20, 800), (-750, 0, 700), (-600, 50, 850))
FINITE = st.floats(-1e300, 1e300)
ANY = st.one_of(st.none(), st.floats())


@st.composite
def tables(draw, column="a"):
    edges = sorted({edge + 0.0 for edge in draw(st.lists(FINITE, max_size=8))})
    points = draw(st.lists(st.integers(-900, 900), min_size=len(edges) + 1, max_size=len(edges) + 1))
    return TermTable(Term(f"x-{column}", column), tuple(edges), tuple(points), draw(st.integers(-99, 99)))


def batch(**columns):
    n = len(next(iter(columns.values())))
    keys = {"listing_id": [f"L{i}" for i in range(n)], "merchant_id": ["M"] * n}
    return pa.record_batch(keys | {name: pa.array(values, pa.float64()) for name, values in columns.items()})


@settings(deadline=None)
@given(tables(), st.lists(ANY, min_size=1, max_size=20))
def test_the_kernel_equals_a_search_over_the_edges_for_every_float(table, values):
    values = [*values, *table.edges, *np.nextafter(table.edges, -np.inf), *np.nextafter(table.edges, np.inf)]
    values += [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324]
    got = Scorer(Model("listing", 0, (table,)))(batch(a=values)).column("points_a").to_pylist()
    assert got == [table.points_of(value) for value in values]


def test_nan_of_every_payload_counts_as_not_checked():
    table = TermTable(Term("x-a", "a"), (1.0,), (5, 9), missing_points=-3)
    odd = np.array([0x7FF0000000000001, 0xFFF0000000000001, 0x7FF8000000000000], dtype=np.uint64).view(np.float64)
    assert Scorer(Model("listing", 0, (table,)))(batch(a=odd)).column("points_a").to_pylist() == [-3, -3, -3]


@settings(deadline=None)
@given(tables("a"), tables("b"), st.lists(st.tuples(ANY, ANY), min_size=1, max_size=10), st.booleans())
def test_base_steps_and_calibration_add_up_to_the_score_in_every_row(first, second, rows, calibrated):
    model = Model("listing", -389, (first, second), CALIBRATION if calibrated else None)
    scored = Scorer(model)(batch(a=[a for a, _ in rows], b=[b for _, b in rows])).to_pylist()
    for (a, b), row in zip(rows, scored, strict=True):
        for source in ({"a": a, "b": b}, row):
            fall = explain_row(model, source)
            assert fall.base_points + sum(step.points for step in fall.steps) == fall.score_points
            hundredths = round(fall.base_score * 100) + sum(step.score_change_hundredths for step in fall.steps)
            assert hundredths / 100 == fall.score == row["score"] == float(score_of(fall.score_points))
            sizes = [abs(step.points) for step in fall.steps[:-1]]
            assert sizes == sorted(sizes, reverse=True)


def test_rows_keep_their_order_and_slices_are_read_from_their_own_start():
    table = TermTable(Term("x-a", "a"), (0.5,), (0, 100), missing_points=7)
    whole = batch(a=[0.0, None, 1.0, 1.0, None, 0.0, 1.0, None, 1.0, 0.0])
    scorer = Scorer(Model("listing", 0, (table,)))
    parts = [scorer(whole.slice(3, 4)), scorer(whole.slice(7, 3))]
    assert [p for part in parts for p in part.column("points_a").to_pylist()] == [100, 7, 0, 100, 7, 100, 0]
    assert parts[0].column("listing_id").to_pylist() == ["L3", "L4", "L5", "L6"]


def test_a_column_that_is_absent_counts_as_not_checked():
    table = TermTable(Term("x-a", "a"), (0.5,), (0, 100), missing_points=7)
    scored = Scorer(Model("listing", 0, (table,)))(batch(other=[1.0]))
    assert scored.column("total_points").to_pylist() == [7]


def test_float32_and_integer_columns_score_as_their_float64_values():
    table = TermTable(Term("x-a", "a"), (0.1, 2.0), (0, 50, 100))
    scorer = Scorer(Model("listing", 0, (table,)))
    keys = {"listing_id": ["a", "b"], "merchant_id": ["m", "m"]}
    narrow = scorer(pa.record_batch(keys | {"a": pa.array([0.1, 2.0], pa.float32())}))
    whole = scorer(pa.record_batch(keys | {"a": pa.array([0, 2], pa.int32())}))
    assert narrow.column("total_points").to_pylist() == [table.points_of(float(np.float32(0.1))), 100]
    assert whole.column("total_points").to_pylist() == [0, 100]


def test_an_uncalibrated_model_has_no_interval():
    scored = Scorer(Model("listing", 0, ()))(batch(a=[1.0]))
    assert scored.column("score_low").null_count == scored.column("score_high").null_count == 1
    assert scored.column("score").to_pylist() == [50.0]


def test_the_score_of_a_calibrated_model_lies_in_its_interval_and_never_falls():
    totals = np.arange(-1000, 1000)
    points, low, high = Model("listing", 0, (), CALIBRATION).score_points(totals)
    assert (low <= points).all() and (points <= high).all()
    assert (np.diff(points) >= 0).all() and points[0] == -700 and points[-1] == 800


def test_the_kernel_survives_pickling_and_says_its_schema():
    scorer = Scorer(Model("listing", 3, (TermTable(Term("x-a", "a"), (), (4,), 0),), CALIBRATION))
    before = scorer(batch(a=[1.0]))
    again = pickle.loads(pickle.dumps(scorer))
    assert again(batch(a=[1.0])).equals(before)
    assert before.schema == scorer.schema


@pytest.mark.parametrize(
    ("edges", "points"), [((1.0, 1.0), (0, 1, 2)), ((0.0,), (1,)), ((np.inf,), (1, 2)), ((0.0,), (1, 99_999))]
)
def test_a_table_that_does_not_fit_together_is_refused(edges, points):
    with pytest.raises(ValueError, match="x-a"):
        TermTable(Term("x-a", "a"), edges, points)
