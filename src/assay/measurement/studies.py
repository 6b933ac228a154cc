"""Every figure of a period's test buys, from the units that are published and the sealed plan, and nothing else.

Whoever publishes and whoever verifies call the same function on the same rows, so the figures agree to the byte.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError
from assay.measurement.authentication import Authentication
from assay.measurement.domains import DOMAINS, LEAST_CELL, DomainEstimate, domains
from assay.measurement.drawing import UNITS
from assay.measurement.estimation import Estimate, prevalence
from assay.measurement.intervals import clopper_pearson
from assay.measurement.looks import looks
from assay.measurement.plans import Plan, strata_table
from assay.measurement.samples import final_outcomes
from assay.measurement.sealing import canonical_json

FORMAT, FORMAT_VERSION = "assay-prevalence", 1
OTHER = "other"


@dataclass(frozen=True, slots=True)
class PlainShare:
    """The plain random share: positives over buys with a result, for anybody to count, with Clopper-Pearson's interval.

    It speaks for the frame outside the certainty stratum and needs no weights.
    """

    n_drawn: int
    n_buys: int
    n_positive: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one look: per estimand the estimate and its domains, the examiner's errors, the plain share.

    `confidence` is that of the whole period, `look_confidence` the one each interval of this look has.
    """

    look: int
    n_looks: int
    confidence: float
    look_confidence: float
    estimates: tuple[Estimate, ...]
    domains: dict[str, tuple[DomainEstimate, ...]]
    authentication: Authentication | None
    plain: PlainShare | None


def public_units(units: pa.Table, plan: Plan, look: int) -> pa.Table:
    """The units as they are published: no listing, no merchant, no rare value, no outcome beyond the look.

    Columns of `drawing.UNITS`, in the order of the codes. A category, brand, size, origin or safety class of fewer than
    ten units becomes "other"; were the others fewer than ten together, they say nothing.
    """
    _check_look(plan, look)
    table = units.select(UNITS.names).cast(UNITS).sort_by("unit").combine_chunks()
    later = pc.greater(table["look"], look)
    for name in ("outcome", "second_outcome"):
        hidden = pc.if_else(later, pa.scalar(None, pa.string()), table[name])
        table = table.set_column(table.schema.get_field_index(name), UNITS.field(name), hidden)
    for name in DOMAINS:
        table = table.set_column(table.schema.get_field_index(name), UNITS.field(name), _coarse(table[name]))
    return table


def _coarse(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    counts = {row["values"]: row["counts"] for row in pc.value_counts(column.drop_null()).to_pylist()}
    rare = sorted(value for value, count in counts.items() if count < LEAST_CELL)
    left = sum(counts[value] for value in rare) + counts.get(OTHER, 0)
    shown = OTHER if left >= LEAST_CELL else None
    return pc.if_else(pc.is_in(column, pa.array(rare, pa.string())), pa.scalar(shown, pa.string()), column)


def measure(units: pa.Table, plan: Plan, look: int, *, by_domain: bool = True) -> Figures:
    """All figures of a look from the published units (columns of `drawing.UNITS`) and the plan.

    Without `by_domain` there are no domains, which take most of the time.
    CallerError for a look that was not planned, or whose buys are not all accounted for.
    """
    _check_look(plan, look)
    seen = seen_units(units, plan, look)
    strata, settings = strata_table(plan), plan.settings
    alpha = looks(settings.looks, 1.0 - settings.confidence)[look - 1]
    level = round(1.0 - alpha, 12)
    model = Authentication.from_controls(seen)
    estimates = tuple(prevalence(seen, strata, each, confidence=level, model=model) for each in plan.estimands)
    cells = {
        each: tuple(cell for by in DOMAINS for cell in domains(seen, strata, each, by, confidence=level))
        for each in (plan.estimands if by_domain else ())
    }
    plain = _plain(seen, level)
    return Figures(look, settings.looks, settings.confidence, level, estimates, cells, model, plain)


def figures_bytes(figures: Figures) -> bytes:
    """The figures as canonical JSON: what is published and compared."""
    return canonical_json({"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(figures)})


def _check_look(plan: Plan, look: int) -> None:
    if not 1 <= look <= plan.settings.looks:
        raise CallerError(
            f"Look {look} was not planned; the plan has {plan.settings.looks}.",
            value=look,
            allowed=f"1 to {plan.settings.looks}",
        )


def seen_units(units: pa.Table, plan: Plan, look: int) -> pa.Table:
    """The units up to a look, each with the inclusion probability that it had up to there."""
    seen = units.filter(pc.less_equal(units["look"], look))
    waiting = seen.filter(pc.is_null(seen["outcome"]))
    if len(waiting):
        raise CallerError(
            f"{len(waiting)} of {len(seen)} units up to look {look} have no outcome yet (first {waiting['unit'][0]}); "
            "record what became of them, `not_bought` included.",
            where={"unit": waiting["unit"][0].as_py()},
            value=len(waiting),
        )
    bought = {row["values"]: row["counts"] for row in pc.value_counts(seen["stratum"].drop_null()).to_pylist()}
    chances = {each.stratum: bought.get(each.stratum, 0) / each.n_units for each in plan.strata}
    column = pa.array([chances.get(stratum) for stratum in seen["stratum"].to_pylist()], pa.float64())
    place = seen.schema.get_field_index("inclusion_probability")
    return seen.set_column(place, UNITS.field("inclusion_probability"), column)


def _plain(seen: pa.Table, confidence: float) -> PlainShare | None:
    plain = seen.filter(pc.fill_null(seen["is_plain"], False))
    positive, conclusive, _ = final_outcomes(plain)
    n, k = int(conclusive.sum()), int((positive & conclusive).sum())
    if n == 0:
        return None
    low, high = clopper_pearson(k, n, confidence=confidence)
    return PlainShare(len(plain), n, k, round(k / n, 12), round(float(low), 12), round(float(high), 12))
