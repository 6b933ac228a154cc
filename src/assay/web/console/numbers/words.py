"""The numbers of the work in words and charts, as the page shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from assay.casework.models import Action, Stream
from assay.casework.queries import agreement
from assay.casework.queries.numbers import CalibrationBin, MeasuredPeriod, QueueNumbers, Rate, Reversals
from assay.casework.queries.reversals import MATURE_FROM_DAYS, MATURE_TO_DAYS
from assay.casework.reasons import BY_CODE
from assay.casework.services.census import WINDOW_DAYS
from assay.web import charts

WAITING: dict[str, str | Promise] = {
    "answers": later("answers to invoice requests wait for a look"),
    "claims": later("items you hold"),
    "queue": later("items wait for a first look"),
    "snoozed": later("snoozed items that come back within a day"),
    "proposals": later("decisions wait for a second person"),
    "appeals": later("appeals wait that you may answer"),
    "appeals_late": later("appeals are overdue"),
    "disagreements": later("disagreements to look into"),
    "tasks_overdue": later("test buys are overdue"),
    "tasks_mine": later("test buys are yours"),
    "tasks_free": later("test buys wait for a buyer"),
    "tasks_give_out": later("units wait to be given to an examiner"),
    "tasks_reported": later("units whose parcel an examiner reported"),
    "tasks_declined": later("units were declined by the examiner"),
    "tasks_refused": later("outcomes were refused by the folder"),
    "examinations": later("units wait for your examination"),
    "examinations_late": later("examinations are overdue"),
    "holds": later("legal holds are on"),
    "events": later("events in the audit log"),
    "effects_failed": later("effects could not be delivered"),
    "effects_waiting": later("effects are on their way"),
    "people": later("people can sign in"),
}


def queue(found: QueueNumbers) -> dict[str, Any]:
    """Tables and charts of the queue."""
    counts = found.counts
    return {
        "categories": [(name or _("merchants"), n) for name, n in counts["categories"].items()][:10],
        "streams": [(dict(Stream.choices).get(name, name), n) for name, n in counts["streams"].items()],
        "reasons": [_reason(*row) for row in counts["reasons"]],
        "flow": _flow(counts["flow"]),
        "forecast": _forecast(found),
    }


def _reason(code: str, action: str, n: int) -> dict[str, Any]:
    reason = BY_CODE.get(code)
    return {"reason": reason.label if reason else code, "action": dict(Action.choices).get(action, action), "n": n}


def _flow(flow: list[list[Any]]) -> dict[str, Any]:
    closed = [sum(row[3:]) for row in flow]  # a census by an earlier version did not count them
    return {
        "rows": [
            (_("opened"), sum(row[1] for row in flow), charts.sparkline([row[1] for row in flow])),
            (_("decided"), sum(row[2] for row in flow), charts.sparkline([row[2] for row in flow])),
            (_("closed without a decision"), sum(closed), charts.sparkline(closed)),
        ]
    }


def _forecast(found: QueueNumbers) -> dict[str, Any]:
    """The curve, and the same in a sentence per horizon; empty while too few days are known."""
    if not found.ahead:
        return {}
    drawn = charts.forecast(
        found.history,
        [each.low for each in found.ahead],
        [each.high for each in found.ahead],
        words=_("Open items over four weeks, and in 7, 14 and 28 days with nine in ten certainty"),
    )
    return {"chart": drawn, "ahead": found.ahead}


def quality(found: QueueNumbers | None, since: datetime, *, is_told: bool) -> dict[str, Any]:
    """How often it was wrong, as far as anybody looked: appeals, blind second reviews, gold items, automation.

    Without `is_told` only what appeals say: a count of gold or blind answers that moves tells whoever has just answered
    what they were given.
    """
    rows, reviewers = [], []
    if found is not None and found.reversals is not None:
        rows = _reversed(found.reversals)
    if is_told:
        rows += _measured(since)
        reviewers = [_reviewer(each) for each in agreement.by_reviewer(since)]
    return {"quality_rows": rows, "reviewers": reviewers}


def _reversed(found: Reversals) -> list[tuple[str, str]]:
    """The share of restrictions old enough, and beside it what was reversed lately."""
    ages = {"least": MATURE_FROM_DAYS, "most": MATURE_TO_DAYS}
    return [
        (
            _("restrictions decided %(least)d to %(most)d days ago that were reversed on appeal") % ages,
            rate_text(found.of_all) if found.of_all.n else _("none is that old yet"),
        ),
        (_("of these, decided without a person"), rate_text(found.of_automatic)),
        (
            _("reversed on appeal in the last %(days)d days, whenever decided") % {"days": WINDOW_DAYS},
            str(found.n_lately),
        ),
    ]


def _measured(since: datetime) -> list[tuple[str, str]]:
    """What blind and gold answers say."""
    both = agreement.agreement(since)
    rows = [(_("blind second reviews that gave the same answer"), rate_text(both.rate))]
    if both.kappa is not None:
        rows.append((_("agreement beyond chance (Cohen's kappa)"), f"{both.kappa:.2f}"))
    automatic = agreement.automation_quality(since)
    return [
        *rows,
        (_("answers about gold items that were right"), rate_text(agreement.gold_accuracy(since))),
        (_("automatic decisions that a blind reviewer found nothing for"), rate_text(automatic.contradicted)),
    ]


def _reviewer(each: agreement.ReviewerQuality) -> dict[str, Any]:
    return {
        "name": each.person.name,
        "n": each.agreement.n,
        "agreed": rate_text(each.agreement),
        "gold": rate_text(each.gold),
    }


def calibration(bins: tuple[CalibrationBin, ...]) -> dict[str, Any]:
    """Share found counterfeit by score, as bars with intervals."""
    rows = [
        charts.Share(
            _("score %(low)d to %(high)d (mean %(mean).0f), %(n)d goods")
            % {"low": each.low, "high": each.high, "mean": each.mean_score, "n": each.share.n},
            each.share.rate,
            each.share.low,
            each.share.high,
        )
        for each in bins
    ]
    return {"chart": charts.interval_bars(rows), "n": sum(each.share.n for each in bins)}


def prevalence(periods: tuple[MeasuredPeriod, ...]) -> dict[str, Any]:
    """Share of listings per period; a programme that is not complete shows its interval only."""
    rows = [
        charts.Share(
            (_("%(day)s: %(name)s, %(n)d buys") if each.is_final else _("%(day)s: %(name)s, so far %(n)d buys"))
            % {"day": each.as_of, "name": each.programme.name, "n": each.n_buys},
            each.share,
            each.low,
            each.high,
        )
        for each in periods
    ]
    return {"prevalence_chart": charts.interval_bars(rows), "has_open": not all(each.is_final for each in periods)}


def rate_text(rate: Rate) -> str:
    """A share with its interval and its counts."""
    if rate.rate is None:
        return _("nothing to count yet")
    return _("%(rate).1f %% (%(low).1f to %(high).1f %%), %(positives)d of %(n)d") % {
        "rate": rate.rate * 100,
        "low": rate.low * 100,
        "high": rate.high * 100,
        "positives": rate.positives,
        "n": rate.n,
    }
