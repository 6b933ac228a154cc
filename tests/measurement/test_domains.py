import numpy as np
import pytest

from assay.market.errors import CallerError, MissingColumn
from assay.measurement import domains
from tests.measurement.made import changed, found, stratum, tables


def by_category(counts, positives=0):
    """Buys of two strata, categories in the given numbers, `positives` counterfeits first."""
    n = sum(counts.values())
    units, strata = tables(stratum("a", 9 * n, found(positives, n)), stratum("b", n, found(0, n)))
    names = [name for name, count in counts.items() for _ in range(count)]
    return changed(units, "category", names + names), strata


def hidden(cells):
    return [cell.value for cell in cells if cell.suppressed]


def test_cells_hold_the_share_among_their_own():
    cells = domains(*by_category({"bags": 20, "shoes": 30}, positives=4), "listings", "category")
    assert [(c.value, c.n_buys, c.n_positive) for c in cells] == [("bags", 40, 4), ("shoes", 60, 0)]
    assert cells[0].share == pytest.approx(4 * 9 / (20 * 10))
    assert cells[0].low < cells[0].share < cells[0].high
    assert cells[1].low == 0.0


def test_a_cell_of_one_value_is_the_whole_frame():
    units, strata = by_category({"bags": 50}, positives=4)
    from assay.measurement import prevalence

    assert domains(units, strata, "listings", "category")[0].share == pytest.approx(prevalence(units, strata).share)


def test_a_small_cell_takes_the_next_smallest_with_it():
    cells = domains(*by_category({"bags": 4, "shoes": 30, "toys": 12}), "listings", "category")
    assert hidden(cells) == ["bags", "toys"]
    assert all(cell.n_buys is None and cell.share is None for cell in cells if cell.suppressed)


def test_two_small_cells_are_enough():
    cells = domains(*by_category({"bags": 4, "hats": 3, "shoes": 30}), "listings", "category")
    assert hidden(cells) == ["bags", "hats"]


def test_suppressed_cells_hold_at_least_ten_buys_together():
    cells = domains(*by_category({"a": 1, "b": 2, "c": 8, "d": 30}), "listings", "category")
    assert hidden(cells) == ["a", "b", "c"]


def test_nothing_is_suppressed_where_all_cells_are_large():
    assert hidden(domains(*by_category({"bags": 5, "shoes": 30}), "listings", "category")) == []


def test_units_that_do_not_say_are_a_cell_of_their_own():
    units, strata = by_category({"bags": 20, "shoes": 30})
    names = [None if i % 2 else name for i, name in enumerate(units["category"].to_pylist())]
    cells = domains(changed(units, "category", names), strata, "listings", "category")
    assert [cell.value for cell in cells] == ["bags", "shoes", None]
    assert sum(cell.n_buys for cell in cells) == 100


def test_the_order_of_rows_changes_nothing():
    units, strata = by_category({"bags": 20, "shoes": 30}, positives=7)
    order = np.random.default_rng(3).permutation(units.num_rows)
    assert domains(units.take(order), strata, "orders", "category") == domains(units, strata, "orders", "category")


def test_an_unknown_domain_is_refused():
    with pytest.raises(CallerError, match="category, brand, merchant_size, origin, safety_class"):
        domains(*by_category({"bags": 20}), "listings", "colour")


def test_a_domain_that_the_units_lack_is_named():
    with pytest.raises(MissingColumn, match="lacks origin"):
        domains(*by_category({"bags": 20}), "listings", "origin")
