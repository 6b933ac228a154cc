"""Puts the page of a measured prevalence together: from a study of test buys to what the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import versions
from assay.market.errors import CallerError
from assay.market.values.currencies import exponent
from assay.measurement.authentication import Authentication
from assay.measurement.domains import DomainEstimate
from assay.measurement.estimation import Estimand, Estimate
from assay.measurement.plans import strata_table
from assay.measurement.power import LEAST_POWER
from assay.measurement.recalibration import CheckSettings, Examiner, ScoreCheck, check_score
from assay.measurement.refitting import refit_score
from assay.measurement.samples import final_outcomes
from assay.measurement.studies import seen_units
from assay.measurement.trends import Trend, claim
from assay.pipeline.prevalence import (
    Comparison,
    PrevalenceStudy,
    compare_prevalence,
    estimate_prevalence,
    verify_prevalence,
)
from assay.publishing.prevalence_content import (
    Authenticator,
    Calibration,
    CalibrationBin,
    Cell,
    Change,
    Direction,
    Domain,
    Drift,
    Frame,
    Headline,
    Interval,
    NotClaimable,
    Period,
    PrevalencePage,
    StratumRow,
    Verification,
)
from assay.publishing.prevalence_page import write_prevalence_page

# The claims that people most want to make: each is refused by name where the buys cannot carry it.
_WANTED = ((0.5, "A halving"), (0.75, "A fall by a quarter"), (1.25, "A rise by a quarter"))
# More cells of one domain than these would bury the others; the largest by buys are shown.
_MOST_CELLS = 20
_DOMAIN_WORDS = {"merchant_size": "size of merchant", "origin": "place it ships from", "safety_class": "safety class"}
_OUTCOME_WORDS = {"counterfeit": "counterfeit, by the first examination"}
_DIRECTIONS = {Trend.ROSE: Direction.ROSE, Trend.FELL: Direction.FELL, Trend.NO_CLAIM: Direction.NO_CLAIM}
_REPORTED_RATIO = 0.75


def report_prevalence(
    folder: Path,
    to: Path,
    *,
    history: Sequence[Path] = (),
    takedowns: Mapping[str, int] | None = None,
    look: int | None = None,
    published: Path | None = None,
) -> PrevalencePage:
    """Writes the page of a folder of test buys to `to` and gives what is on it.

    `history` are earlier folders (of test buys, or published), oldest first; the last is compared with this one.
    `takedowns` by period (the day of the frame, YYYY-MM-DD) stand beside the shares in a table and nowhere else.
    `published`: the folder that outsiders verify, named on the page; it must verify and hold this very plan.
    CallerError for takedowns of a period that is not shown, and for another plan's publication.
    """
    study = estimate_prevalence(folder, look=look, history=history)
    if published is not None:
        study = replace(study, published=_of_this_plan(published, study))
    estimands = [estimate.estimand for estimate in study.figures.estimates]
    comparisons = [compare_prevalence(history[-1], folder, each) for each in estimands] if history else []
    page = prevalence_page(study, comparisons, takedowns=takedowns)
    write_prevalence_page(page, to)
    return page


def prevalence_page(
    study: PrevalenceStudy,
    comparisons: Sequence[Comparison] = (),
    *,
    takedowns: Mapping[str, int] | None = None,
    title: str = "Counterfeits on the marketplace",
    settings: CheckSettings | None = None,
) -> PrevalencePage:
    """What the page shows of a study; `comparisons` are with the period before. The same study gives the same page."""
    plan, figures = study.plan, study.figures
    listings = next((each for each in figures.estimates if each.estimand == Estimand.LISTINGS), None)
    return PrevalencePage(
        title=title,
        period=f"{plan.circumstances.period_days} days to {plan.circumstances.as_of[:10]}",
        headlines=tuple(_headline(each) for each in figures.estimates),
        frame=_frame(study),
        periods=_periods(study, takedowns or {}),
        changes=tuple(_change(each) for each in comparisons),
        strata=_strata(study),
        calibration=_calibration(study, settings),
        domains=_domains(figures.domains.get(str(Estimand.LISTINGS), ())),
        outcomes=_outcomes(study),
        authenticator=_authenticator(study),
        not_claimable=_not_claimable(listings) if listings else (),
        verification=_verification(study),
        looks=_looks(study),
        notes=_notes(study),
        versions=tuple((name, version) for name, version in versions().items() if name == "assay"),
    )


def _of_this_plan(published: Path, study: PrevalenceStudy) -> Path:
    """The published folder, once it is seen to verify and to hold the study's plan."""
    checked = verify_prevalence(published, key_fingerprint=study.key_fingerprint)
    same = (published / "plan.json").is_file() and sha256((published / "plan.json").read_bytes()).hexdigest()
    if not checked.holds or same != study.plan_sha256:
        raise CallerError(
            f"{published} does not verify as the publication of this plan; publish it again with "
            "`assay prevalence estimate FOLDER --publish OUT`.",
            where={"path": str(published)},
        )
    return published


def _headline(estimate: Estimate) -> Headline:
    corrected = estimate.corrected
    return Headline(
        estimand=str(estimate.estimand),
        figure=Interval(estimate.share, estimate.low, estimate.high),
        method=estimate.method,
        n_buys=estimate.n_buys,
        n_positive=estimate.n_positive,
        confidence=estimate.confidence,
        corrected=Interval(corrected.share, corrected.low, corrected.high) if corrected else None,
        best_case=estimate.best_case.share,
        worst_case=estimate.worst_case.share,
        complete_case=estimate.complete_case,
        check=estimate.difference,
    )


def _frame(study: PrevalenceStudy) -> Frame:
    counts, about = study.plan.frame, study.plan.circumstances
    decimals = exponent(counts.currency)
    value = f"{counts.revenue_minor / 10**decimals:,.{decimals}f} {counts.currency}"
    exclusions = tuple(sorted(counts.exclusions.items(), key=lambda each: -each[1]))
    return Frame(counts.n_units, counts.n_orders, value, about.as_of[:10], about.frame_sha256, exclusions)


def _periods(study: PrevalenceStudy, takedowns: Mapping[str, int]) -> tuple[Period, ...]:
    labels = list(dict.fromkeys(each.period for each in study.periods))
    unknown = sorted(set(takedowns) - set(labels))
    if unknown:
        raise CallerError(
            f"Takedowns were given for {unknown[0]}, which is not among the periods {', '.join(labels)}.",
            value=unknown[0],
            allowed=", ".join(labels),
        )
    return tuple(
        Period(
            label=label,
            shares=tuple((s.estimand, Interval(s.share, s.low, s.high)) for s in study.periods if s.period == label),
            n_buys=max(each.n_buys for each in study.periods if each.period == label),
            n_takedowns=takedowns.get(label),
        )
        for label in labels
    )


def _change(comparison: Comparison) -> Change:
    found, before = comparison.change, comparison.change.before
    planned = None
    if 0 < before.share < 1:
        planned = claim(before.share, _REPORTED_RATIO, comparison.after.n_buys, _design_effect(before))
    return Change(
        estimand=str(found.estimand),
        before=comparison.before.period,
        after=comparison.after.period,
        verdict=_DIRECTIONS[found.trend],
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        power=planned.power if planned else None,
        power_ratio=_REPORTED_RATIO if planned else None,
        buys_needed=planned.buys_needed if planned else None,
    )


def _not_claimable(listings: Estimate) -> tuple[NotClaimable, ...]:
    """The wanted claims about the share of listings that so many buys a period cannot carry."""
    if not 0 < listings.share < 1:
        return (NotClaimable("That there are none: finding none in these buys only gives an upper bound", None, None),)
    refused = []
    for ratio, words in _WANTED:
        found = claim(listings.share, ratio, listings.n_buys, _design_effect(listings))
        if found.power < LEAST_POWER:
            what = f"{words} of the share of listings from one such period to the next"
            refused.append(NotClaimable(what, found.power, found.buys_needed))
    return tuple(refused)


def _design_effect(estimate: Estimate) -> float:
    return estimate.n_buys / estimate.effective_n if estimate.effective_n > 0 else 1.0


def _strata(study: PrevalenceStudy) -> tuple[StratumRow, ...]:
    seen = _seen(study)
    frame = seen.filter(pc.not_equal(seen["pot"], "control"))
    positive, _, _ = final_outcomes(frame)
    names = np.array(frame["stratum"].to_pylist(), dtype=object)
    return tuple(
        StratumRow(
            name=each.stratum,
            pot=each.pot,
            n_units=each.n_units,
            n_drawn=int((names == each.stratum).sum()),
            expected_rate=each.expected_rate,
            n_found=int(positive[names == each.stratum].sum()),
        )
        for each in study.plan.strata
    )


def _seen(study: PrevalenceStudy) -> pa.Table:
    return seen_units(study.units, study.plan, study.figures.look)


def _calibration(study: PrevalenceStudy, settings: CheckSettings | None) -> Calibration | None:
    """The score checked by the buys; None where no unit has both a score and an outcome."""
    controls = study.figures.authentication
    examiner = Examiner(controls.sensitivity, controls.specificity) if controls else Examiner()
    units, strata = _seen(study), strata_table(study.plan)
    # The plan's hash seeds the simulated test, so that the same study gives the same page.
    rng = np.random.default_rng(int(study.plan_sha256[:12], 16))
    try:
        check = check_score(units, strata, examiner=examiner, settings=settings, rng=rng)
    except CallerError:
        return None
    action = ""
    if check.drifted:
        refused = refit_score(units, strata, check, examiner=examiner).refused
        action = f"No re-fit: {refused}." if refused else "These buys can set its level right (a re-fit is supported)."
    return Calibration(
        drift=Drift.DRIFTED if check.drifted else Drift.NONE_SEEN,
        plain=_interval(check.plain),
        plain_expected=check.plain_expected,
        n_plain=check.n_plain,
        ratio=_interval(check.ratio),
        n_measured=check.n_buys,
        p_value=check.p,
        false_alarm_rate=check.false_alarm_rate,
        action=action,
        bins=_bins(check),
    )


def _bins(check: ScoreCheck) -> tuple[CalibrationBin, ...]:
    return tuple(CalibrationBin(each.mean_chance, _interval(each.found), each.n_buys) for each in check.bins)


def _interval(found: object) -> Interval:
    share, low, high = (float(getattr(found, name)) for name in ("share", "low", "high"))
    return Interval(share, low, high)


def _domains(cells: Sequence[DomainEstimate]) -> tuple[Domain, ...]:
    found = []
    for by in dict.fromkeys(each.by for each in cells):
        mine = [each for each in cells if each.by == by]
        shown = sorted((c for c in mine if not c.suppressed), key=lambda c: (-(c.n_buys or 0), str(c.value)))
        rows = [_cell(c) for c in shown[:_MOST_CELLS]] + [_cell(c) for c in mine if c.suppressed]
        if any(row.figure for row in rows):
            found.append(Domain(_DOMAIN_WORDS.get(by, by), tuple(rows)))
    return tuple(found)


def _cell(cell: DomainEstimate) -> Cell:
    name = "not stated" if cell.value is None else cell.value
    if cell.suppressed or cell.share is None or cell.low is None or cell.high is None:
        return Cell(name, None)
    return Cell(name, Interval(cell.share, cell.low, cell.high), cell.n_buys)


def _outcomes(study: PrevalenceStudy) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for (pot, outcome), n in study.outcomes.items():
        if pot != "control":
            said = _OUTCOME_WORDS.get(outcome, outcome.replace("_", " "))
            counts[said] = counts.get(said, 0) + n
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _authenticator(study: PrevalenceStudy) -> Authenticator | None:
    model: Authentication | None = study.figures.authentication
    if model is None:
        return None
    frame = study.units.filter(pc.not_equal(study.units["pot"], "control"))
    second = frame["second_outcome"]
    made = pc.is_in(second, value_set=pa.array(["counterfeit", "genuine", "inconclusive"]))  # a lost one was not made
    return Authenticator(
        sensitivity=Interval(model.sensitivity, *model.sensitivity_interval()),
        n_known_counterfeit=model.n_fakes,
        specificity=Interval(model.specificity, *model.specificity_interval()),
        n_known_genuine=model.n_genuine,
        n_second=int(pc.sum(made).as_py() or 0),
        n_confirmed=int(pc.sum(pc.equal(second, "counterfeit")).as_py() or 0),
    )


def _verification(study: PrevalenceStudy) -> Verification | None:
    if study.published is None:
        return None
    return Verification(
        command=f"assay prevalence verify {study.published.name} --key {study.key_fingerprint}",
        plan_sha256=study.plan_sha256,
        signed_by=study.key_fingerprint,
        sealed_at=study.plan.circumstances.sealed_at[:10],
    )


def _looks(study: PrevalenceStudy) -> str:
    figures = study.figures
    if figures.n_looks == 1:
        return "One look at these buys was planned, and this is it."
    each, together = (f"{100 * level:g} %" for level in (figures.look_confidence, figures.confidence))
    return (
        f"Look {figures.look} of {figures.n_looks} planned ones. Each has an interval of {each}, so that all of them "
        f"together hold with {together}."
    )


def _notes(study: PrevalenceStudy) -> tuple[str, ...]:
    counts = study.plan.frame
    notes = [
        f"{n:,} orders in {code} count as orders and add nothing to value: no rate into {counts.currency} was given."
        for code, n in counts.uncounted_orders.items()
    ]
    if counts.sales_from is None:
        notes.append("The market says nothing of sales, so only the share of listings is measured.")
    if study.plan.circumstances.note:
        notes.append(study.plan.circumstances.note)
    return tuple(notes)
