"""The share of counterfeits by category, brand, size of merchant, origin or safety class, small cells withheld."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay.market.errors import CallerError, MissingColumn
from assay.measurement.published import published
from assay.measurement.samples import Bools, Estimand, Sample, read_sample
from assay.measurement.weighing import weigh

DOMAINS = ("category", "brand", "merchant_size", "origin", "safety_class")
# Fewer than ten buys in a cell could point to one seller; the same k as for every published count.
LEAST_CELL = 10


@dataclass(frozen=True, slots=True)
class DomainEstimate:
    """The share within one cell of a domain; figures are None where the cell is suppressed.

    `value` is None for units that do not say. `n_buys` counts buys with a result.
    """

    by: str
    value: str | None
    suppressed: bool
    n_buys: int | None
    n_positive: int | None
    share: float | None
    low: float | None
    high: float | None


def domains(
    units: pa.Table,
    strata: pa.Table,
    estimand: Estimand | str,
    by: str,
    *,
    confidence: float = 0.95,
    least: int = LEAST_CELL,
) -> tuple[DomainEstimate, ...]:
    """The Hájek share of every cell of `by`, in the order of its values; cells under `least` buys are suppressed.

    Where one small cell alone would be suppressed, or the suppressed ones together hold fewer than `least` buys, the
    next smallest is suppressed too: otherwise the total would give it away.
    """
    if by not in DOMAINS:
        raise CallerError(
            f"{by!r} is no domain; choose from {', '.join(DOMAINS)}.", value=by, allowed=", ".join(DOMAINS)
        )
    sample = read_sample(units, strata, estimand)
    if by not in sample.table.column_names:
        raise MissingColumn(f"The table of units lacks {by}.", where={"table": "units", "column": by})
    values = np.array(sample.table[by].to_pylist(), dtype=object)
    found = sorted({v for v in values if v is not None}) + ([None] if any(v is None for v in values) else [])
    cells = [np.array([v == value for v in values], dtype=np.bool_) & sample.conclusive for value in found]
    hidden = _suppressed([int(cell.sum()) for cell in cells], least)
    return tuple(
        DomainEstimate(by, value, True, None, None, None, None, None)
        if hide
        else _cell(sample, cell, (by, value), confidence)
        for value, cell, hide in zip(found, cells, hidden, strict=True)
    )


def _suppressed(n_buys: list[int], least: int) -> list[bool]:
    order = sorted(range(len(n_buys)), key=lambda i: (n_buys[i], i))
    small = sum(n < least for n in n_buys)
    if not small:
        return [False] * len(n_buys)
    hidden = max(small, 2)
    while hidden < len(n_buys) and sum(n_buys[i] for i in order[:hidden]) < least:
        hidden += 1
    return [i in set(order[:hidden]) for i in range(len(n_buys))]


def _cell(sample: Sample, cell: Bools, name: tuple[str, str | None], confidence: float) -> DomainEstimate:
    result = published(weigh(sample, sample.positive, sample.conclusive, domain=cell), confidence)
    return DomainEstimate(
        by=name[0],
        value=name[1],
        suppressed=False,
        n_buys=int(cell.sum()),
        n_positive=int((cell & sample.positive).sum()),
        share=result.share,
        low=result.low,
        high=result.high,
    )
