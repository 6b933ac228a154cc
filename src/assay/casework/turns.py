"""A turn of periodic work over many rows: one that fails does not hold up those behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


def every_one(rows: Iterable[Row], work: Callable[[Row], bool]) -> int:
    """Does the work for each row and gives how many said True; the first error is raised when all had their turn.

    The error reaches the page of periodic work, and the rows behind the faulty one are done all the same.
    """
    n_done, first = 0, None
    for row in rows:
        try:
            n_done += work(row)
        except Exception as error:  # whatever is wrong with one row, the others are not to wait for it
            first = first or error
    if first is not None:
        raise first
    return n_done
