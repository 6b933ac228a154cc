"""One bad row does not hold up the others, and is not kept quiet."""

import pytest

from assay.casework.turns import every_one


def test_what_was_done_is_counted():
    assert every_one([1, 2, 3, 4], lambda n: n % 2 == 0) == 2


def test_rows_behind_a_faulty_one_have_their_turn_and_the_fault_is_raised():
    seen = []

    def work(n):
        seen.append(n)
        return 1 / n > 0

    with pytest.raises(ZeroDivisionError):
        every_one([1, 0, 2, 0, 3], work)
    assert seen == [1, 0, 2, 0, 3]
