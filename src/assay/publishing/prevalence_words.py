"""The sentences of the prevalence page. Every claim on it is made here, from figures, and nowhere else."""

from __future__ import annotations

import math

from assay.publishing.prevalence_content import Calibration, Change, Direction, Drift, Headline, Interval, NotClaimable

# What each estimand counts, in the words of somebody who buys there.
NOUNS = {"listings": "live listings", "orders": "orders", "value": "of the money spent"}
TAKEDOWN_SENTENCE = (
    "Takedowns count what was found and removed. They do not measure how much is there: they rise and fall with the "
    "effort of looking, and can fall while counterfeits become more frequent."
)
OUTSIDE_FRAME = (
    "Sales outside this frame are not measured: private groups and hidden listings, live-stream sales, and sales "
    "agreed by message. What is sold only there counts neither as genuine nor as counterfeit here.",
)
# 1 in 10 to 1 in 1,000,000: the smallest of these that turns the interval's upper end into ten or more.
_BASES = (100, 1_000, 10_000, 100_000, 1_000_000)


def headline_sentence(headline: Headline) -> str:
    """The figure in natural frequencies, which people read more rightly than percentages (Gigerenzer 2002)."""
    shown = headline.figure
    base = _base(shown.high)
    sure = f"{headline.confidence:.0%}".replace("%", " %")
    of = _of(headline.estimand, base)
    if headline.n_positive == 0:
        return (
            f"None of the {headline.n_buys:,} buys was counterfeit. That is not proof of none: with {sure} confidence "
            f"at most {count(shown.high * base)} {of} are."
        )
    return (
        f"About {count(shown.share * base)} {of} are counterfeit; with {sure} confidence between "
        f"{count(shown.low * base)} and {count(shown.high * base)}."
    )


def corrected_sentence(headline: Headline) -> str:
    """The share once the examiner's errors are allowed for; empty where no controls were examined."""
    found = headline.corrected
    if found is None:
        return ""
    noun = subject(headline.estimand)
    return (
        f"Allowing for the examiner's errors, as far as the controls show them, {noun} is {share_text(found.share)} "
        f"({interval_text(found)})."
    )


def change_sentence(change: Change, confidence: float = 0.95) -> str:
    """What may be said of a change: its direction only where the test found one, else what it would take."""
    noun = subject(change.estimand)
    span = f"between {change.before} and {change.after}"
    if change.verdict is Direction.NO_CLAIM or change.ratio is None or change.low is None or change.high is None:
        return f"Whether {noun} changed {span} cannot be said from these buys.{_reach(change)}"
    verb = "rose" if change.verdict is Direction.ROSE else "fell"
    times = f"{number(change.ratio)} times"
    sure = f"{confidence:.0%}".replace("%", " %")
    high = f"to {number(change.high)}" if math.isfinite(change.high) else "upwards"
    return (
        f"{_capital(noun)} {verb} {span}: {times} the earlier one ({sure} interval {number(change.low)} {high})."
        f"{_reach(change)}"
    )


def _reach(change: Change) -> str:
    if change.power is None or change.power_ratio is None:
        return ""
    seen = f" With so many buys {_what(change.power_ratio)} is seen {share_text(change.power)} of the time"
    if change.buys_needed is None or change.power >= 0.8:
        return f"{seen}."
    return f"{seen}; to see it 8 times in 10 takes about {round_up(change.buys_needed)} buys a period."


def _what(ratio: float) -> str:
    known = {0.5: "a halving", 2.0: "a doubling"}
    if ratio in known:
        return known[ratio]
    change = f"{abs(1 - ratio):.0%}".replace("%", " %")
    return f"a fall by {change}" if ratio < 1 else f"a rise by {change}"


def not_claimable_sentence(row: NotClaimable) -> str:
    """Why a claim is refused and how many buys it would take."""
    seen = "" if row.power is None else f" These buys would show it {share_text(row.power)} of the time."
    needs = "" if row.buys_needed is None else f" It would take about {round_up(row.buys_needed)} buys a period."
    return f"{row.claim}.{seen}{needs}"


def calibration_sentence(check: Calibration) -> str:
    """Whether the score still means what it says."""
    alarm = f"{100 * check.false_alarm_rate:g} %"
    if check.drift is Drift.NOT_TESTED:
        return "The score was not tested against these buys."
    ratio = check.ratio
    figures = (
        f"All {check.n_measured:,} buys together point to {number(ratio.share)} times as many counterfeits as the "
        f"scores expect ({number(ratio.low)} to {number(ratio.high)})"
    )
    if check.drift is Drift.DRIFTED:
        return f"The score has drifted. {figures}. A score in order fails this test {alarm} of the time ({p(check)})."
    return (
        f"{figures}. No drift was seen ({p(check)}; a score in order fails this test {alarm} of the time). "
        "That is not proof of none: see the interval."
    )


def p(check: Calibration) -> str:
    """The p value with two digits, never `p = 0.00`."""
    if check.p_value is None:
        return "p not known"
    return "p < 0.001" if check.p_value < 0.001 else f"p = {check.p_value:.2g}"


def subject(estimand: str) -> str:
    """`listings` -> `the share of listings that are counterfeit`."""
    return {
        "listings": "the share of listings that are counterfeit",
        "orders": "the share of orders that are counterfeit",
        "value": "the share of value that is counterfeit",
    }[estimand]


def interval_text(interval: Interval) -> str:
    """`0.62 to 15 %`: each end with the digits it deserves, so that rounding never lifts the lower above the share."""
    return f"{_digits(interval.low)} to {_digits(interval.high)} %"


def share_text(share: float) -> str:
    """A share in percent with as many digits as its size deserves: `12 %`, `1.1 %`, `0.042 %`."""
    if 0.995 < share < 1:
        return "> 99 %"
    return "< 0.001 %" if 0 < share < 5e-6 else f"{_digits(share)} %"


def _digits(share: float) -> str:
    percent = 100 * share
    if percent >= 9.95 or percent < 5e-4:
        return f"{percent:.0f}"
    return f"{percent:.{1 if percent >= 0.995 else 2 if percent >= 0.0995 else 3}f}"


def number(value: float) -> str:
    """Two figures below ten, whole above: `1.5`, `0.42`, `12`."""
    if not math.isfinite(value):
        return "any number of"
    return f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.2g}"


def count(value: float) -> str:
    """A natural frequency: whole, with `fewer than 1` instead of 0."""
    if 0 < value < 0.5:
        return "fewer than 1"
    return f"{value:,.0f}"


def round_up(n: int) -> str:
    """A number of buys to two figures, upwards: 8,123 -> `8,200`."""
    if n < 100:
        return str(n)
    step = 10 ** (len(str(n)) - 2)
    return f"{math.ceil(n / step) * step:,}"


def _base(high: float) -> int:
    return next((base for base in _BASES if high * base >= 9.5), _BASES[-1])


def _of(estimand: str, base: int) -> str:
    if estimand == "value":
        return f"of every {base:,} units of money spent"
    return f"of every {base:,} {NOUNS[estimand]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
