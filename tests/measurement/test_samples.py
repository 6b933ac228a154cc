import pytest

from assay.market.errors import CallerError, MissingColumn
from assay.measurement.samples import Estimand, final_outcomes, read_sample
from tests.measurement.made import changed, found, stratum, tables


def one(*outcomes):
    return tables(stratum("a", 100, list(outcomes)))


def test_controls_are_left_out():
    units, strata = tables(stratum("a", 100, found(1, 10)), controls=[("genuine", "genuine")])
    assert len(read_sample(units, strata, "listings").size) == 10


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("counterfeit", None, (True, True, False)),
        ("counterfeit", "counterfeit", (True, True, False)),
        ("counterfeit", "genuine", (False, True, False)),
        ("counterfeit", "inconclusive", (False, False, False)),
        ("genuine", None, (False, True, False)),
        ("swapped", None, (False, False, False)),
        (None, None, (False, False, True)),
    ],
)
def test_a_counterfeit_is_what_both_examinations_found(first, second, expected):
    units, _ = one(first)
    units = changed(units, "second_outcome", [second])
    assert tuple(bool(part[0]) for part in final_outcomes(units)) == expected


@pytest.mark.parametrize(("estimand", "size"), [("listings", 1), ("orders", 7), ("value", 700)])
def test_a_unit_counts_its_orders_or_its_revenue(estimand, size):
    units, strata = tables(stratum("a", 100, ["genuine"], sizes=[7]))
    assert read_sample(units, strata, estimand).size.tolist() == [size]


def test_the_largest_size_is_the_frames_where_it_is_told():
    units, strata = tables(stratum("a", 100, ["genuine"], sizes=[7]))
    assert read_sample(units, strata, "orders").largest.tolist() == [7]
    strata = strata.append_column("largest_n_orders", [[90]])
    assert read_sample(units, strata, "orders").largest.tolist() == [90]


def test_an_unknown_estimand_is_refused():
    with pytest.raises(CallerError, match="listings, orders, value"):
        read_sample(*one("genuine"), "sellers")
    assert [str(each) for each in Estimand] == ["listings", "orders", "value"]


def test_an_unknown_outcome_is_refused_with_its_unit():
    with pytest.raises(CallerError, match=r"Unit a-1 has outcome 'fake'.*counterfeit, genuine"):
        read_sample(*one("genuine", "fake"), "listings")


def test_a_unit_of_no_stratum_is_refused():
    units, strata = one("genuine")
    with pytest.raises(CallerError, match="stratum 'b'"):
        read_sample(changed(units, "stratum", ["b"]), strata, "listings")


@pytest.mark.parametrize("value", [0.0, 1.5, None])
def test_a_probability_outside_0_to_1_is_refused(value):
    units, strata = one("genuine")
    with pytest.raises(CallerError, match="inclusion probability"):
        read_sample(changed(units, "inclusion_probability", [value]), strata, "listings")


def test_a_missing_column_is_named():
    units, strata = one("genuine")
    with pytest.raises(MissingColumn, match="lacks outcome"):
        read_sample(units.drop_columns(["outcome"]), strata, "listings")
