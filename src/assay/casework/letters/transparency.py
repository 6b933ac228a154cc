"""A decision as the Union's transparency database takes it (schema of 2025-07-01), and our own check of it.

Field names and allowed values are facts of the Commission's published schema; the check below is written from its
rules. Nothing in it may be personal data (Art. 24(5)): no names, no merchant's or listing's id, no title, and texts
lose everything that looks like an address, a telephone or account number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from assay.casework.letters.english import ENGLISH
from assay.casework.letters.letter import one_line
from assay.casework.letters.statement import UNRESTRICTED, Facts, explanation
from assay.casework.models import Action, Stream, SubjectType
from assay.casework.reasons import BY_CODE

_MOST_FACTS = 5_000
_VISIBILITY = {
    Action.REMOVE: "DECISION_VISIBILITY_CONTENT_REMOVED",
    Action.DEMOTE: "DECISION_VISIBILITY_CONTENT_DEMOTED",
}
_ACCOUNT = {Action.SUSPEND: "DECISION_ACCOUNT_SUSPENDED", Action.CLOSE: "DECISION_ACCOUNT_TERMINATED"}
# What a text may give away about a person. Numbers of seven digits and more go whatever they are: a trade number that
# is lost costs nothing here, a telephone number that stays is published.
_PERSONAL = (
    (re.compile(r"[^\s@“”\"'<>]+@[^\s@“”\"'<>]+"), "[address]"),
    (re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE), "[address]"),
    (re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))\+?\d(?:[\s().-]{0,2}\d){6,}"), "[number]"),  # but not a date
    (re.compile(r"(?i)\b(?:wechat|weixin|whatsapp|telegram|qq|vx|line)\b[\s:：]*\S+"), "[address]"),
    (re.compile(r"(?:微信|威信|薇信|电话|手机)[\s:：]*\S+"), "[address]"),
)

_FIRST_DAY = date(2000, 1, 1)  # of the schema


def content(facts: Facts, content_date: date) -> dict[str, Any] | None:
    """The statement's fields; None when the decision restricts nothing, for which no statement is due (Art. 17(1)).

    `content_date` is the day the offer or account was put up, as far as it is known.
    """
    if facts.action in UNRESTRICTED or not facts.ground:
        return None
    is_account = facts.subject_type == SubjectType.MERCHANT
    begins = facts.starts_at.astimezone(UTC).date()
    found: dict[str, Any] = {
        **_decision(facts),
        **_ground(facts),
        "category": BY_CODE[facts.reason_code].category,
        "category_specification": [BY_CODE[facts.reason_code].keyword],
        "content_type": ["CONTENT_TYPE_OTHER" if is_account else "CONTENT_TYPE_PRODUCT"],
        "content_date": min(max(content_date, _FIRST_DAY), begins).isoformat(),
        "application_date": begins.isoformat(),
        "decision_facts": _facts(facts),
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "No" if facts.stream in (Stream.RANDOM, Stream.TEST_BUY) else "Yes",
        "automated_decision": "AUTOMATED_DECISION_FULLY" if facts.is_automatic else "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": facts.reference,
    }
    if is_account:
        found["content_type_other"] = "account of a merchant"
    return found


def without_personal_data(text: str) -> str:
    """A text with everything that looks like an address or a long number replaced.

    >>> without_personal_data("The title says “vx: nora88, +86 138 0013 8000”")
    'The title says “[address] [number]”'
    """
    for pattern, instead in _PERSONAL:
        text = pattern.sub(instead, text)
    return text


def _decision(facts: Facts) -> dict[str, Any]:
    end = facts.ends_at.astimezone(UTC).date().isoformat() if facts.ends_at else None
    if facts.action in _ACCOUNT:
        kind, values = (
            "account",
            {"decision_account": _ACCOUNT[Action(facts.action)], "account_type": "ACCOUNT_TYPE_BUSINESS"},
        )
        return {**values, **({f"end_date_{kind}_restriction": end} if end else {})}
    shown = {"decision_visibility": [_VISIBILITY[Action(facts.action)]]}
    return {**shown, **({"end_date_visibility_restriction": end} if end else {})}


def _ground(facts: Facts) -> dict[str, Any]:
    say = ENGLISH.statement
    ground, why = say.grounds[facts.reason_code], explanation(say, facts)
    if facts.ground == "illegal":
        return {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": _capital(ground)[:500],
            "illegal_content_explanation": why[:2_000],
        }
    found = {
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": _capital(ground)[:500],
        "incompatible_content_explanation": why[:2_000],
        "incompatible_content_illegal": "No",
    }
    return found | ({"decision_ground_reference_url": facts.terms_url} if facts.terms_url else {})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts(facts: Facts) -> str:
    """The recorded sentences, without what could name a person; the explanation of the reason where there are none.

    Sentences that hold the merchant's own name or id are replaced by their label.
    """
    lines = []
    for each in (*facts.facts, *facts.account_facts):
        text = without_personal_data(one_line(each.text))
        names = [one_line(name) for name in (facts.merchant_name, facts.merchant_id) if name]
        lines.append(f"{each.label}." if any(name.lower() in text.lower() for name in names) else text)
    said = " ".join(lines) or explanation(ENGLISH.statement, facts)
    return said if len(said) <= _MOST_FACTS else f"{said[: _MOST_FACTS - 1]}…"


_VISIBILITIES = frozenset(
    f"DECISION_VISIBILITY_{name}"
    for name in (
        "CONTENT_REMOVED", "CONTENT_DISABLED", "CONTENT_DEMOTED", "CONTENT_AGE_RESTRICTED",
        "CONTENT_INTERACTION_RESTRICTED", "CONTENT_LABELLED", "OTHER",
    )
)  # fmt: skip
_ACCOUNTS = frozenset(_ACCOUNT.values())
_GROUNDS = frozenset({"DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"})
_AUTOMATED = frozenset(f"AUTOMATED_DECISION_{name}" for name in ("FULLY", "PARTIALLY", "NOT_AUTOMATED"))
_SOURCES = frozenset(
    {"SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_TYPE_OTHER_NOTIFICATION", "SOURCE_VOLUNTARY"}
)
_CONTENT_TYPES = frozenset(
    f"CONTENT_TYPE_{name}" for name in ("APP", "AUDIO", "IMAGE", "PRODUCT", "SYNTHETIC_MEDIA", "TEXT", "VIDEO", "OTHER")
)
_CATEGORIES = frozenset({reason.category for reason in BY_CODE.values() if reason.category})
_PUID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_TEXTS = {
    "decision_visibility_other": 500,
    "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2_000,
    "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2_000,
    "content_type_other": 500,
    "decision_facts": _MOST_FACTS,
    "decision_ground_reference_url": 500,
}
_ALWAYS = (
    "decision_ground", "content_type", "category", "content_date", "application_date", "decision_facts", "source_type",
    "automated_detection", "automated_decision", "puid",
)  # fmt: skip
_END_DATES = ("end_date_visibility_restriction", "end_date_account_restriction")
_KNOWN = frozenset(
    (*_ALWAYS, *_TEXTS, *_END_DATES, "decision_visibility", "decision_account", "account_type",
     "incompatible_content_illegal", "category_specification")
)  # fmt: skip


def faults(found: dict[str, Any]) -> list[str]:
    """What the transparency database would not take, one sentence each; empty when all is well."""
    wrong = [f"{name} is missing" for name in _ALWAYS if not found.get(name)]
    wrong += [f"{name} is not a field that we send" for name in sorted(found.keys() - _KNOWN)]
    wrong += [
        f"{name} has {len(str(found[name]))} characters; {most} are allowed"
        for name, most in _TEXTS.items()
        if len(str(found.get(name) or "")) > most
    ]
    wrong += [
        f"{name} is {found.get(name)!r}" for name, fits in _VALUES.items() if name in found and not fits(found[name])
    ]
    return wrong + _conditional(found) + _dates(found)


def _conditional(found: dict[str, Any]) -> list[str]:
    wrong = []
    if not found.get("decision_visibility") and not found.get("decision_account"):
        wrong.append("no restriction is named")
    if "DECISION_VISIBILITY_OTHER" in found.get("decision_visibility", ()) and not found.get(
        "decision_visibility_other"
    ):
        wrong.append("decision_visibility_other is needed for another kind of restriction")
    if "CONTENT_TYPE_OTHER" in found.get("content_type", ()) and not found.get("content_type_other"):
        wrong.append("content_type_other is needed for another kind of content")
    kind = "illegal" if found.get("decision_ground") == "DECISION_GROUND_ILLEGAL_CONTENT" else "incompatible"
    first = "illegal_content_legal_ground" if kind == "illegal" else "incompatible_content_ground"
    wrong += [f"{name} is needed" for name in (first, f"{kind}_content_explanation") if not found.get(name)]
    other = "incompatible" if kind == "illegal" else "illegal"
    wrong += [f"{name} does not go with this ground" for name in found if name.startswith(f"{other}_content")]
    if found.get("account_type") and not found.get("decision_account"):
        wrong.append("account_type is given without a restriction of an account")
    return wrong


def _dates(found: dict[str, Any]) -> list[str]:
    wrong = []
    for name, first in (("content_date", 2000), ("application_date", 2020), *((end, 2020) for end in _END_DATES)):
        if name in found and not _is_day(found[name], first):
            wrong.append(f"{name} is {found[name]!r}; a day from {first} to 2038 is needed")
    start = str(found.get("application_date", ""))
    wrong += [f"{end} is before application_date" for end in _END_DATES if end in found and str(found[end]) < start]
    return wrong


def _is_day(value: Any, first_year: int) -> bool:  # noqa: ANN401 - whatever the field holds
    try:
        return first_year <= datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).year <= 2038
    except ValueError:
        return False


def _among(allowed: frozenset[str]) -> Callable[[Any], bool]:
    """One of, or several of, the allowed values."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - whatever the field holds
        several = value if isinstance(value, list) else [value]
        return bool(several) and {str(each) for each in several} <= allowed

    return fits


_VALUES: dict[str, Callable[[Any], bool]] = {
    "decision_visibility": _among(_VISIBILITIES),
    "decision_account": _among(_ACCOUNTS),
    "account_type": _among(frozenset({"ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"})),
    "decision_ground": _among(_GROUNDS),
    "content_type": _among(_CONTENT_TYPES),
    "category": _among(_CATEGORIES),
    "source_type": _among(_SOURCES),
    "automated_detection": _among(frozenset({"Yes", "No"})),
    "automated_decision": _among(_AUTOMATED),
    "incompatible_content_illegal": _among(frozenset({"Yes", "No"})),
    "puid": lambda value: _PUID.fullmatch(str(value)) is not None,
}
