"""What the pages of decisions show beside their subject."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.access import may
from assay.casework.findings import Content
from assay.casework.models import Action, AppealState, Decision, DecisionState, Person
from assay.casework.queries.decisions import WantedDecisions
from assay.casework.queries.documents import about_decision
from assay.casework.queries.history import history_of_decision
from assay.casework.queries.marking import pieces
from assay.casework.reasons import BY_CODE
from assay.casework.signal_words import in_own_words
from assay.market.errors import CallerError
from assay.web import charts


def tabs(wanted: WantedDecisions) -> list[dict[str, Any]]:
    """All, then one per state; other filters stay."""
    kept = {k: v for k, v in wanted.query.items() if k != "state"}
    every: list[tuple[str, str | Promise]] = [("", _("all")), *((str(v), w) for v, w in DecisionState.choices)]
    return [
        {
            "label": label,
            "url": "?" + urlencode(kept | ({"state": value} if value else {})),
            "is_here": value == wanted.state,
        }
        for value, label in every
    ]


def filters(wanted: WantedDecisions) -> list[dict[str, Any]]:
    """The filters that are lists, with what is chosen."""
    people: list[tuple[str, str | Promise]] = [("me", _("me")), ("automation", _("the automation"))]
    return [
        {"name": "action", "label": _("Action"), "choices": list(Action.choices), "chosen": wanted.action},
        {"name": "by", "label": _("By"), "choices": people, "chosen": wanted.by},
    ]


def around_decision(person: Person, found: Decision) -> dict[str, Any]:
    """The frozen finding, what followed, and what this person may do."""
    content = _content(found)
    has_appeal = found.appeals.filter(state=AppealState.OPEN).exists()
    approves = found.state == DecisionState.PROPOSED and may(person, "decision.approve", found)
    proposed = found.state == DecisionState.PROPOSED
    stands = proposed or found.state == DecisionState.IN_FORCE
    reason = BY_CODE.get(found.reason_code)
    return {
        "decision": found,
        "content": content,
        "title": pieces((content.offer.title if content else "") or found.item.title, (), "title"),
        "waterfall": _waterfall(content),
        "reason": reason.label if reason else found.reason_code,
        "statement": getattr(found, "statement", None),
        "strike": getattr(found, "strike", None),
        "effects": list(found.effects.select_related("endpoint").order_by("pk")),
        "appeals": list(found.appeals.order_by("-pk")),
        "documents": list(about_decision(found)),
        "history": history_of_decision(found),
        "can_approve": approves,
        # Whoever may agree refuses instead of undoing: one way to say no is enough.
        "can_undo": stands and not approves and not has_appeal and may(person, "decision.undo", found),
        "has_appeal": has_appeal,
        "is_own_proposal": proposed and found.decided_by_id == person.pk,
    }


def _content(found: Decision) -> Content | None:
    try:
        return in_own_words(Content.read(found.finding.content))
    except CallerError:
        return None


def _waterfall(content: Content | None) -> charts.Words:
    if content is None:
        return ""
    fall = content.waterfall
    return charts.waterfall(fall.base, [(s.label, s.after - s.before) for s in fall.steps], fall.score)
