"""Why a listing or merchant scored as it did: the waterfall and the discrepancies, both from the frozen run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.market.errors import CallerError
from assay.pipeline.runs import Run, open_run
from assay.rating import Waterfall, explain_row
from assay.signals.families import SIGNALS
from assay.signals.signal import Discrepancy, Signal, discrepancies


@dataclass(frozen=True, slots=True)
class Explanation:
    """One subject of a run: its score with every step, what did not fit, and what could not be checked.

    `not_checked` are signals that the market can give but that were empty for this subject; `not_computed` those that
    the market cannot give, with the reason.
    """

    subject_type: str
    subject_id: str
    merchant_id: str
    label: str
    waterfall: Waterfall
    discrepancies: tuple[Discrepancy, ...]
    not_checked: tuple[str, ...]
    not_computed: dict[str, str]
    numbers: dict[str, Any]


def explain(run_folder: Path, subject_id: str) -> Explanation:
    """Explains a listing or a merchant of a run by its id; a listing is looked for first.

    CallerError when the run rated neither.
    """
    run = open_run(run_folder)
    for kind in ("listing", "merchant"):
        if (scores := run.row(f"scores_{kind}s", f"{kind}_id", subject_id)) is not None:
            values = run.row(f"signals_{kind}s", f"{kind}_id", subject_id) or {}
            return explained(run, kind, values, scores)
    raise CallerError(
        f"Run {run_folder} rated no listing and no merchant {subject_id!r}; `assay report` lists the top ones.",
        where={"run": str(run_folder)},
        value=subject_id,
    )


def explained(run: Run, kind: str, values: dict[str, Any], scores: dict[str, Any]) -> Explanation:
    """The explanation of one row of a run's tables."""
    signals = run_signals(run, kind)
    return Explanation(
        subject_type=kind,
        subject_id=str(scores[f"{kind}_id"]),
        merchant_id=str(scores["merchant_id"]),
        label=str(run.about["model"]["label"]),
        waterfall=explain_row(run.model(kind), {**values, **scores}),
        discrepancies=tuple(discrepancies(values, tuple(s for s in signals if s.subject == kind))),
        not_checked=tuple(s.id for s in signals if values.get(s.column) is None),
        not_computed=dict(run.about["not_computed"]),
        numbers={k: v for k, v in scores.items() if k in ("worst_listing_score", "share_at_risk", "n_listings")},
    )


def run_signals(run: Run, kind: str) -> tuple[Signal, ...]:
    """The signals computed in a run that bear on a kind of subject: a listing is also seen through its merchant's."""
    computed = frozenset(run.about["computed"])
    return tuple(s for s in SIGNALS if s.id in computed and (kind == "listing" or s.subject == kind))
