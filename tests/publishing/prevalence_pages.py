"""Builders with defaults for what a prevalence page shows."""

from typing import Any

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


def a_headline(estimand: str = "listings", **changes: Any) -> Headline:
    defaults: dict[str, Any] = {
        "estimand": estimand,
        "figure": Interval(0.0103, 0.0066, 0.0164),
        "method": "gamma mid-p",
        "n_buys": 2000,
        "n_positive": 61,
        "corrected": Interval(0.0101, 0.0061, 0.0163),
        "best_case": 0.0098,
        "worst_case": 0.0312,
        "complete_case": 0.0104,
        "check": 0.0099,
    }
    return Headline(**(defaults | changes))


def a_change(**changes: Any) -> Change:
    defaults: dict[str, Any] = {
        "estimand": "listings",
        "before": "2026 Q1",
        "after": "2026 Q2",
        "verdict": Direction.NO_CLAIM,
        "ratio": 1.1,
        "low": 0.6,
        "high": 1.9,
        "power": 0.28,
        "power_ratio": 0.75,
        "buys_needed": 8_123,
    }
    return Change(**(defaults | changes))


def a_period(label: str, share: float, **changes: Any) -> Period:
    shares = tuple(
        (name, Interval(share * f, 0.6 * share * f, 1.6 * share * f))
        for name, f in (("listings", 1.0), ("orders", 1.3), ("value", 0.8))
    )
    return Period(**({"label": label, "shares": shares, "n_buys": 2000, "n_takedowns": 41_210} | changes))


def a_calibration(**changes: Any) -> Calibration:
    chances = (0.001, 0.004, 0.01, 0.03, 0.09, 0.3, 0.75)
    bins = tuple(
        CalibrationBin(c, Interval(min(1, c * 1.1), c * 0.4, min(1.0, c * 1.5 + 0.01)), n)
        for c, n in zip(chances, (410, 380, 300, 260, 200, 250, 200), strict=True)
    )
    defaults: dict[str, Any] = {
        "drift": Drift.NONE_SEEN,
        "plain": Interval(0.0067, 0.0014, 0.0194),
        "plain_expected": 0.0091,
        "n_plain": 300,
        "ratio": Interval(1.08, 0.69, 1.6),
        "n_measured": 2000,
        "p_value": 0.61,
        "false_alarm_rate": 0.05,
        "action": "",
        "bins": bins,
    }
    return Calibration(**(defaults | changes))


def a_page(**changes: Any) -> PrevalencePage:
    strata = tuple(
        StratumRow(f"m{i}", "measure", n, b, e, f)
        for i, (n, b, e, f) in enumerate(
            ((520_000, 420, 0.001, 0), (300_000, 380, 0.004, 2), (140_000, 350, 0.012, 5), (39_500, 350, 0.06, 21)), 1
        )
    )
    cells = (
        Cell("Shoes", Interval(0.021, 0.011, 0.041), 320),
        Cell("Watches", Interval(0.034, 0.012, 0.079), 110),
        Cell("Garden", None, None),
    )
    defaults: dict[str, Any] = {
        "title": "Counterfeits on the marketplace",
        "period": "2026 Q2",
        "headlines": (
            a_headline(),
            a_headline("orders", figure=Interval(0.0142, 0.0081, 0.0266), corrected=None),
            a_headline("value", figure=Interval(0.0081, 0.0032, 0.0190), corrected=None),
        ),
        "frame": Frame(1_000_000, 3_512_004, "41,203,112.50 EUR", "2026-06-30", "ab" * 32, (("removed", 41_210),)),
        "periods": (a_period("2026 Q1", 0.011), a_period("2026 Q2", 0.0103, n_takedowns=30_907)),
        "changes": (a_change(),),
        "strata": (StratumRow("top", "enforce", 500, 500, 0.82, 401), *strata),
        "calibration": a_calibration(),
        "domains": (Domain("category", cells), Domain("size of merchant", cells[:2])),
        "outcomes": (
            ("counterfeit", 61),
            ("genuine", 1874),
            ("not delivered", 41),
            ("swapped", 9),
            ("inconclusive", 15),
        ),
        "authenticator": Authenticator(Interval(0.95, 0.89, 0.98), 100, Interval(0.999, 0.994, 1.0), 200, 61, 60),
        "not_claimable": (NotClaimable("A fall of the share of listings by 25 % between two periods", 0.28, 8_123),),
        "verification": Verification("assay prevalence verify published/2026-q2", "cd" * 32, "ef" * 32, "12" * 16),
        "looks": "One look was planned and one was taken.",
        "versions": (("assay", "0.1.0"),),
    }
    return PrevalencePage(**(defaults | changes))
