"""The model card: what a model learnt from, how well it does, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assay.rating.examples import Examples
from assay.rating.model import CalibrationTable, Floats, Model

LIMITS = (
    "It ranks goods for people to look at; it is not evidence, and nothing should be delisted by a score alone.",
    "It learnt from what was caught. Kinds of counterfeit that nobody caught score low until somebody does.",
    "A signal that was not checked is a value of its own: a market that fills other columns than this one did scores "
    "differently for that reason alone. Train again when the columns change.",
    "Scores of goods whose verdicts trained the model are surer than they deserve; the figures here are of goods at "
    "merchants the model had not seen.",
)
USES = (
    "Ordering listings or merchants for review, test buys and challenges to the merchant.",
    "Telling an analyst which facts to check first.",
)
NOT_USES = (
    "Deciding alone about removal, payment or liability.",
    "Estimating how much of a market is counterfeit, unless the calibration rests on sampled verdicts.",
    "Rating persons.",
)


def describe(
    examples: Examples, calibration: CalibrationTable, fit: Mapping[str, Any], not_available: Sequence[str]
) -> dict[str, Any]:
    """The card of a trained model as JSON-ready data, before evaluation adds its figures (`with_figures`)."""
    return {
        "label": "trained and calibrated",
        "kind": examples.kind,
        "score_means": "calibrated chance, in percent, that an authentication would find these goods counterfeit"
        if examples.kind == "listing"
        else "calibrated chance, in percent, that the merchant is confirmed as a counterfeit seller",
        "label_meaning": _label_meaning(examples),
        "data": dict(calibration.figures) | _span(examples.times),
        "splits": f"{len(np.unique(examples.folds))} folds by md5 of the merchant; all rows of a merchant in one fold",
        "method": "explainable boosting machine, one curve per signal, no interactions, in points of 0.01 log-odds",
        "fit": dict(fit),
        "calibration_rests_on": calibration.rests_on,
        "signals": [{"id": term.id, "direction": term.direction, "label": term.label} for term in examples.terms],
        "signals_not_available": list(not_available),
        "intended_use": list(USES),
        "not_for": list(NOT_USES),
        "limits": list(LIMITS),
        "figures": None,
    }


def with_figures(card: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """The card with the evaluation's figures in it (`Evaluation.as_dict`)."""
    return {**card, "figures": dict(figures)}


def _label_meaning(examples: Examples) -> str:
    n_presumed = int((~examples.judged).sum())
    if n_presumed == 0:
        return "1 = verdict counterfeit, 0 = verdict genuine; rows without a verdict were left out"
    return f"1 = verdict counterfeit, 0 = verdict genuine or no verdict ({n_presumed} rows presumed genuine)"


def _span(times: Floats) -> dict[str, str]:
    known = times[np.isfinite(times)]
    if not len(known):
        return {}
    first, last = (str(np.datetime64(int(each), "s"))[:10] for each in (known.min(), known.max()))
    return {"from": first, "to": last}


def card_markdown(model: Model) -> str:
    """The model card as a page: a scorecard's, a trained model's, with figures where it was evaluated."""
    card = model.card
    parts = [f"# Model card: {card.get('kind', model.kind)}s, {card.get('label', 'no label')}"]
    for title, name in _SECTIONS:
        if card.get(name):
            parts.append(f"## {title}\n\n{_section(card[name])}")
    if card.get("figures"):
        parts.append(f"## Figures\n\n{_figures(card['figures'])}")
    parts.append(f"## Signals\n\n{_signals(model)}")
    return "\n\n".join(parts) + "\n"


_SECTIONS = (
    ("What the score means", "score_means"),
    ("Calibration", "calibration"),
    ("What the calibration rests on", "calibration_rests_on"),
    ("Labels", "label_meaning"),
    ("Data", "data"),
    ("Splits", "splits"),
    ("Method", "method"),
    ("Fit", "fit"),
    ("Signals not available", "signals_not_available"),
    ("Signals without points", "signals_without_points"),
    ("Intended use", "intended_use"),
    ("Not for", "not_for"),
    ("Limits", "limits"),
)


def _section(content: object) -> str:
    if isinstance(content, Mapping):
        return "\n".join(f"- {key.replace('_', ' ')}: {_short(value)}" for key, value in content.items())
    if isinstance(content, str):
        return content
    return "\n".join(f"- {each}" for each in content) if isinstance(content, Sequence) else str(content)


def _figures(figures: Mapping[str, Any]) -> str:
    """One table: a row per measured figure, a column per split."""
    columns: dict[str, Mapping[str, Any]] = {title: figures[name] for title, name in _SPLITS if figures.get(name)}
    columns |= {f"without {', '.join(each['without'])}": each["figures"] for each in figures.get("comparisons", ())}
    lines = ["| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    names = next(iter(columns.values()))
    for name in names:
        cells = (_cell(column[name]) for column in columns.values())
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"In brackets 95 % intervals by a bootstrap of merchants. Calibration: {figures['calibration_bins']}.",
    ]
    lines += [f"Not measured: {part.replace('_', ' ')} ({why})." for part, why in figures["not_measured"].items()]
    return "\n".join(lines)


_SPLITS = (
    ("other merchants", "out_of_fold"),
    ("sampled verdicts", "sampled"),
    ("later, other merchants", "forward"),
    ("random rows (leak check)", "random_split"),
)


def _cell(figure: object) -> str:
    if not isinstance(figure, Mapping):
        return _short(figure)
    if figure["value"] is None:
        return "none"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _signals(model: Model) -> str:
    lines = ["| signal | direction | bins | least points | most points | not checked |", "|---|---|---|---|---|---|"]
    ordered = sorted(model.terms, key=lambda table: min(table.points) - max(table.points))
    for table in ordered:
        least, most = min(table.points), max(table.points)
        cells = (table.term.id, table.term.direction, len(table.points), least, most, table.missing_points)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
