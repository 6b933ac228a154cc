"""What is said about a group in plain words: the claim with its error rate, and what it does not say."""

from __future__ import annotations

from assay.pipeline.attacks.findings import GroupRows, Row
from assay.publishing.attack_page import day

STATUSES = ("named", "explained", "listed")
# What each test of a layer counts, in words; a test with another name is shown by its name.
TIMING_LABELS = {"synchrony_10min": "10 min", "synchrony_1h": "1 h", "synchrony_24h": "24 h"}
TIMING_WORDS = {
    "synchrony_10min": "pairs of posts of one narrative by two accounts, at most 10 minutes apart",
    "synchrony_1h": "pairs of posts of one narrative by two accounts, at most 1 hour apart",
    "synchrony_24h": "pairs of posts of one narrative by two accounts, at most 24 hours apart",
    "common_sleep": "chance that posts of two accounts on different days fall into the same or the next hour",
    "calendar": "posts in any window of the calendar, over what the public posts there",
}
EXPLANATION_WORDS = {
    "fan_drive": "a fan drive",
    "prize_draw": "a prize draw or promotion",
    "petition": "a petition or open letter",
    "press_agency": "a news agency's text, printed by many",
    "share_button": "a share button's own wording",
    "shared_failure": "customers angry about the same failure",
    "bot": "openly automated accounts",
    "quotation": "a quotation that many know",
    "one_thread": "answers in one thread",
    "greeting": "a greeting of the day",
}


def explanation_label(code: str) -> str:
    """The name of an innocent explanation.

    >>> explanation_label("fan_drive"), explanation_label("school_class")
    ('a fan drive', 'school class')
    """
    return EXPLANATION_WORDS.get(code, code.replace("_", " "))


def error_rate(q: float | None) -> str:
    """A false-discovery rate in words.

    >>> error_rate(0.031), error_rate(1e-9), error_rate(None)
    ('3.1\xa0%', 'less than 1 in 10,000', 'not known')
    """
    if q is None:
        return "not known"
    return "less than 1 in 10,000" if q < 1e-4 else f"{100 * q:.2g}\u00a0%"


def claim(group: Row, fitting: list[str]) -> str:
    """The finding about a group in one sentence, with its error rate. Never that it attacks, lies or is hostile.

    `fitting` are the labels of the innocent explanations that fit.
    """
    span = f"between {day(group['first_at'])} and {day(group['last_at'])}"
    n_core, n_narratives = group["n_core"], group["n_narratives"]
    if group["status"] == "listed":
        return (
            f"{_accounts(n_core + group['n_periphery'])} posted {_texts(n_narratives)} in nearly the same words "
            f"{span}; what links them is not validated in two texts or more, so nobody is named."
        )
    said = (
        f"{_accounts(n_core)} posted two or more of {_texts(n_narratives)} in nearly the same words {span}, more of "
        f"them together than chance would make it; the error rate of this claim is {error_rate(group['error_rate'])} "
        "(false-discovery rate of the weakest link that the core rests on)."
    )
    if group["status"] == "explained" or fitting:
        fits = " and ".join(fitting) or "an innocent explanation"
        return f"{said[:-1]}; {fits} would explain it, innocently."
    return said


def _accounts(n: int) -> str:
    return "1 account" if n == 1 else f"{n:,} accounts"


def _texts(n: int) -> str:
    return "1 text" if n == 1 else f"{n:,} texts"


LIMITS = (
    "It says that these accounts act together. It does not say who is behind them, whether they are paid, whether what "
    "they write is true, or that they mean harm.",
    "Only the core is named. An account of the periphery shares one text, as any reader who repeats it would.",
    "The error rate is that of a family of tests: at 5 %, about 5 in 100 links listed at that level are chance.",
)


def explained_by(rows: GroupRows) -> list[str]:
    """Labels of the innocent explanations that fit."""
    return [explanation_label(row["code"]) for row in rows.explanations if row["result"] == "fits"]


def summary(groups: list[Row], n_explanations: int) -> str:
    """What a run found, in one or two sentences; `n_explanations` tests of innocent explanations were made."""
    counts = {status: sum(g["status"] == status for g in groups) for status in ("named", "explained", "listed")}
    if not groups:
        return "No group of accounts acts together more than chance allows."
    named = [g for g in groups if g["status"] == "named"]
    first = f"{_groups(counts['named'])} of accounts {'acts' if counts['named'] == 1 else 'act'} together"
    accounts = f" ({sum(g['n_core'] for g in named):,} core accounts)" if named else ""
    rest = [
        f"{_groups(counts['explained']).lower()} with an innocent explanation that fits" if counts["explained"] else "",
        f"{_groups(counts['listed']).lower()} listed without being named" if counts["listed"] else "",
    ]
    more = "; ".join(part for part in rest if part)
    tested = "with no innocent explanation that fits" if n_explanations else "and no innocent explanation was tested"
    return f"{first}{accounts} more than chance allows, {tested}" + (f"; beside it {more}." if more else ".")


def _groups(n: int) -> str:
    return "No group" if n == 0 else "One group" if n == 1 else f"{n:,} groups"
