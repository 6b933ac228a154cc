"""The model card: what a model learnt from, how well it does, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assay.rating.examples import Examples
from assay.rating.model import CalibrationTable, Floats

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
