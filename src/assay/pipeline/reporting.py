"""Gathers what the report shows from a run, its market and its model, as plain values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.engine import Snapshot
from assay.engine.folders import outside
from assay.market import TABLES
from assay.market.errors import CallerError
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.pipeline import trust
from assay.pipeline.cases import CaseSource
from assay.pipeline.labels import label, percent
from assay.pipeline.originals import Originals, originals
from assay.pipeline.runs import Run, open_run
from assay.publishing import Case, DataTable, Evaluation, NotComputedRow, ReportData, SignalRow, Tile, report_html
from assay.rating import Model
from assay.signals.families import SIGNALS

_BINS = 20
_KINDS = ("listing", "merchant")
# A column filled in fewer rows than this is named as thin: signals on it speak for a minority.
_THIN_SHARE = 0.5
_REASONS_SHOWN = 12

_MEANS = {
    True: "It is the calibrated chance, in percent, that an authentication would find these goods counterfeit; for a "
    "merchant, that it is confirmed as a counterfeit seller.",
    False: "These scores come from an expert scorecard and are not calibrated: their order is meant, their level is a "
    "guess. A score of 80 does not mean that four in five are counterfeit.",
}


def report(run_folder: Path, page: Path, *, model_folder: Path | None = None, n_top: int = 20) -> Path:
    """Writes the report of a run as one self-contained HTML file and gives its path.

    `model_folder` names the models whose evaluation is shown, by default those the run used; `n_top` goods and
    merchants are shown in full. OutsideError when the file cannot be written.
    """
    run = open_run(run_folder)
    text = report_html(gathered(run, model_folder, n_top))
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise outside(error, page) from error
    return page


def gathered(run: Run, model_folder: Path | None, n_top: int) -> ReportData:
    """Everything the report shows."""
    model = run.model("listing")
    rated = originals(run)
    snapshot = rated.snapshot
    goods, merchants = _top_cases(run, rated, n_top)
    figures = _figures(run, model_folder)
    return ReportData(
        title="Goods and merchants by their chance of being counterfeit"
        if model.is_calibrated
        else "Goods and merchants by how much does not fit",
        as_of=str(run.about["as_of"])[:10],
        snapshot_id=run.snapshot_id,
        label=str(run.about["model"]["label"]),
        is_calibrated=model.is_calibrated,
        score_means=_MEANS[model.is_calibrated],
        rests_on=_rests_on(model),
        tiles=_tiles(run),
        histogram=_histogram(run),
        merchants=merchants,
        goods=goods,
        signals=_signals(run),
        not_computed=_not_computed(run),
        tables=() if snapshot is None else _tables(snapshot),
        intake=() if snapshot is None else _intake(snapshot),
        reject_reasons=() if snapshot is None else _reject_reasons(snapshot),
        reliability=trust.reliability(figures["listing"]),
        evaluations=_evaluations(figures),
        segments=trust.segments(figures["listing"]),
        model_facts=trust.model_facts(model.card),
        limits=tuple(model.card.get("limits", ())),
        versions=tuple(run.about["versions"].items()),
    )


def _figures(run: Run, model_folder: Path | None) -> dict[str, dict[str, Any]]:
    """The figures of both models: from the model folder given, or from the cards of the models in the run."""
    if model_folder is None:
        return {kind: dict(run.model(kind).card.get("figures") or {}) for kind in _KINDS}
    try:
        found = json.loads((model_folder / "evaluation.json").read_text(encoding="utf-8"))
        return {kind: dict(found[kind]) for kind in _KINDS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CallerError(
            f"{model_folder} is not a model: its evaluation.json cannot be read ({type(error).__name__}); make one "
            "with `assay train MARKET --out MODEL`, or leave --model away.",
            where={"path": str(model_folder)},
        ) from error


def _evaluations(figures: dict[str, dict[str, Any]]) -> tuple[Evaluation, ...]:
    found = (trust.evaluation(figures[kind], kind) for kind in _KINDS)
    return tuple(each for each in found if each is not None)


def _not_computed(run: Run) -> tuple[NotComputedRow, ...]:
    """Signals by the reason that keeps them from being computed, the reason of most first."""
    by_reason: dict[str, list[str]] = {}
    for signal_id, reason in run.about["not_computed"].items():
        by_reason.setdefault(reason, []).append(label(signal_id))
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(NotComputedRow(reason, tuple(signals)) for reason, signals in ordered)


def _rests_on(model: Model) -> str:
    if model.calibration is None:
        return (
            "Verdicts in the market (test buys, authentications, confirmed notices) would let the score be calibrated."
        )
    return f"The calibration {model.calibration.rests_on}."


def _tiles(run: Run) -> tuple[Tile, ...]:
    goods, merchants = run.about["counts"]["listings"], run.about["counts"]["merchants"]
    return (
        Tile(f"{goods['rated']:,}", "goods rated", f"of {merchants['rated']:,} merchants"),
        Tile(f"{goods['red_flags']:,}", f"goods at {RED_FLAG_SCORE:.0f} or more", _share(goods, "red_flags")),
        Tile(f"{goods['at_risk']:,}", f"goods at {AT_RISK_SCORE:.0f} or more", _share(goods, "at_risk")),
        Tile(
            f"{merchants['red_flags']:,}", f"merchants at {RED_FLAG_SCORE:.0f} or more", _share(merchants, "red_flags")
        ),
    )


def _share(counts: dict[str, int], name: str) -> str:
    return f"{percent(counts[name] / max(counts['rated'], 1))} of all"


def _histogram(run: Run) -> tuple[int, ...]:
    counts = [0] * _BINS
    for batch in run.table("scores_listings").to_batches(columns=["score"]):
        bins = pc.min_element_wise(pc.floor(pc.divide(batch.column(0), 100 / _BINS)), _BINS - 1)
        for found in pc.value_counts(bins).to_pylist():
            counts[int(found["values"])] += int(found["counts"])
    return tuple(counts)


def top_ids(run: Run, kind: str, n: int) -> list[str]:
    """Ids of the `n` highest scores, ties by the total of points, then by id."""
    columns = [f"{kind}_id", "score", "total_points"]
    found: pa.Table = run.table(f"scores_{kind}s").to_table(columns=columns, filter=ds.field("score") >= AT_RISK_SCORE)
    if found.num_rows < n:
        found = run.table(f"scores_{kind}s").to_table(columns=columns)
    order = [("score", "descending"), ("total_points", "descending"), (f"{kind}_id", "ascending")]
    return list(found.sort_by(order).slice(0, n).column(0).to_pylist())


def _top_cases(run: Run, rated: Originals, n: int) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    source = CaseSource(run, rated)
    goods = source.listings(top_ids(run, "listing", n))
    merchants = source.merchants(top_ids(run, "merchant", n))
    return goods, merchants


def _signals(run: Run) -> tuple[SignalRow, ...]:
    rows = []
    computed = frozenset(run.about["computed"])
    for signal in (s for s in SIGNALS if s.id in computed):
        n = n_checked = n_shown = 0
        for batch in run.table(f"signals_{signal.subject}s").to_batches(columns=[signal.column]):
            values = batch.column(0)
            n += len(values)
            n_checked += len(values) - values.null_count
            n_shown += _n_fired(values, signal.fires_above, signal.fires_below)
        shown = None if signal.fires_above is None and signal.fires_below is None else n_shown / max(n, 1)
        rows.append(
            SignalRow(signal.id, label(signal.id), signal.subject, n_checked / max(n, 1), shown, signal.rationale)
        )
    return tuple(rows)


def _n_fired(values: pa.Array, above: float | None, below: float | None) -> int:
    n = 0
    if above is not None:
        n += pc.sum(pc.greater_equal(values, above)).as_py() or 0
    if below is not None:
        n += pc.sum(pc.less_equal(values, below)).as_py() or 0
    return int(n)


def _tables(snapshot: Snapshot) -> tuple[DataTable, ...]:
    found = []
    for name in (n for n in TABLES if n in snapshot.tables):
        rows = snapshot.n_rows(name)
        shares = [(c, snapshot.n_filled(name, c) / max(rows, 1)) for c in TABLES[name].column_names]
        found.append(DataTable(name, rows, tuple((c, share) for c, share in shares if share < _THIN_SHARE)))
    return tuple(found)


def _intake(snapshot: Snapshot) -> tuple[tuple[str, ...], ...]:
    sources = snapshot.manifest["about"].get("sources", [])
    counts = ("read", "kept", "rejected", "superseded", "merged")
    return tuple((s["source"], s["table"], *(f"{s[name]:,}" for name in counts)) for s in sources)


def _reject_reasons(snapshot: Snapshot) -> tuple[tuple[str, int, str], ...]:
    reasons = snapshot.manifest["about"].get("reasons", [])
    return tuple(
        (
            f"{r['table']}{'.' + r['column'] if r['column'] else ''}: {r['reason']}",
            r["n"],
            f"e.g. line {r['example_line']}: {str(r['example_value'])[:60]!r}",
        )
        for r in reasons[:_REASONS_SHOWN]
    )
