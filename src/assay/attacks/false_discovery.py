"""False-discovery control for the families of tests of the attacks room.

A family is declared before it is run and counted whole: also the tests whose p-value was too large to keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from assay.market.errors import CallerError

Floats: TypeAlias = npt.NDArray[np.float64]


class Tested(Protocol):
    """A frozen dataclass of one test: its p-value, None when it could not be done, and the q-value of its family."""

    @property
    def p(self) -> float | None:
        """The p-value, 0 to 1."""

    @property
    def q(self) -> float | None:
        """The smallest false-discovery rate at which the test is called."""


AnyTest = TypeVar("AnyTest", bound=Tested)


def with_q(tests: Sequence[AnyTest], n_tests: int | None = None) -> list[AnyTest]:
    """The tests of one family with their `q` filled in by `q_values`; a test without a p-value keeps None."""
    values = q_values([np.nan if test.p is None else test.p for test in tests], n_tests)
    rows: Sequence[Any] = tests
    return [replace(row, q=None if np.isnan(q) else float(q)) for row, q in zip(rows, values, strict=True)]


def q_values(p: npt.ArrayLike, n_tests: int | None = None) -> Floats:
    """The smallest false-discovery rate at which each test would be called (Benjamini and Hochberg 1995).

    `p`: p-values in [0, 1], any order; NaN means not tested, stays NaN and does not count. `n_tests`: the size of the
    whole declared family when `p` holds only its smallest part; the tests left out are taken as p = 1, which can only
    raise the q-values. Calling all tests with q <= 0.05 keeps the expected share of false calls at 0.05 or less when
    the tests are independent or positively dependent (Benjamini and Yekutieli 2001); `dependent_q_values` holds for
    any dependence. An empty `p` gives an empty array.

    Raises CallerError when a p-value lies outside [0, 1] or `n_tests` is below the number of p-values.

    >>> q_values([0.01, 0.5, 0.02]).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    return _stepped_up(p, n_tests, by_dependence=False)


def dependent_q_values(p: npt.ArrayLike, n_tests: int | None = None) -> Floats:
    """As `q_values`, and valid whatever the dependence of the tests (Benjamini and Yekutieli 2001, theorem 1.3).

    Larger than `q_values` by the factor 1 + 1/2 + ... + 1/n_tests (8.2 for 2,000 tests).
    """
    return _stepped_up(p, n_tests, by_dependence=True)


def shuffled_p(observed: float, shuffled: npt.ArrayLike) -> float:
    """The one-sided p-value of a statistic against its values under shuffles that the null leaves alike.

    (1 + number at least as large) / (1 + number of shuffles): exactly valid, and never below 1 / (1 + shuffles)
    (Phipson and Smyth 2010). Values equal up to rounding count as at least as large. Without shuffles it is 1.

    >>> shuffled_p(5, [1, 2, 5])
    0.5
    """
    values = np.asarray(shuffled, dtype=np.float64)
    # Sums of the same numbers in another order differ in the last digits; counted as smaller they would be a finding.
    slack = 1e-9 * max(1.0, abs(float(observed)))
    return float((1 + np.count_nonzero(values >= observed - slack)) / (1 + len(values)))


def _stepped_up(p: npt.ArrayLike, n_tests: int | None, *, by_dependence: bool) -> Floats:
    values = np.asarray(p, dtype=np.float64).ravel()
    tested = ~np.isnan(values)
    kept = values[tested]
    n = len(kept) if n_tests is None else n_tests
    _check(kept, n)
    if not len(kept):
        return np.full(len(values), np.nan)
    order = np.argsort(kept, kind="stable")
    factor = float(n) * (float(np.sum(1.0 / np.arange(1, n + 1))) if by_dependence else 1.0)
    steps = kept[order] * factor / np.arange(1, len(kept) + 1)
    lowest_from_here = np.minimum.accumulate(steps[::-1])[::-1]
    q = np.empty(len(kept))
    q[order] = np.minimum(lowest_from_here, 1.0)
    whole = np.full(len(values), np.nan)
    whole[tested] = q
    return whole


def _check(kept: Floats, n_tests: int) -> None:
    wrong = kept[(kept < 0) | (kept > 1)]
    if len(wrong):
        raise CallerError(
            f"A p-value of {wrong[0]:g} was given to false-discovery control; p-values lie in 0 to 1.",
            value=float(wrong[0]),
            allowed="0 to 1, or NaN for not tested",
        )
    if n_tests < len(kept):
        raise CallerError(
            f"n_tests is {n_tests} but {len(kept)} p-values were given; the family holds at least the tests given.",
            value=n_tests,
            allowed=f"{len(kept)} or more",
        )
