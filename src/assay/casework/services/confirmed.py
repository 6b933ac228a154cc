"""What a confirmed counterfeit sets off: its listing comes before a reviewer, first in the queue.

Only a person decides; the reason code `authentication` is there for it. Controls are no goods of the market.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.evidence import finding_said
from assay.casework.findings import AUTHENTICATION, About, Content, Fact, Merchant, Offer, Waterfall
from assay.casework.models import (
    Answer,
    Decision,
    DecisionState,
    Finding,
    Item,
    ItemState,
    Stream,
    SubjectType,
    TestBuyTask,
)
from assay.casework.moves import make_move
from assay.casework.queries.harm import counting
from assay.casework.services import claims
from assay.casework.services.ranking import rank
from assay.casework.services.recording import Happening
from assay.market.errors import CallerError

# Step by which a confirmed counterfeit goes ahead of the first in the queue; any number above 0 does.
_AHEAD = 0.01

EVENTS: dict[str, str | Promise] = {"item.raised": _("brought goods before reviewers after an authentication")}


def raise_item(task: TestBuyTask) -> list[Happening]:
    """Brings the listing of a confirmed counterfeit before a reviewer; gives what to record, nothing when none is due.

    Both examinations found a counterfeit, and the unit is no control. An item that waits is moved to the front, one
    that was decided otherwise or closed is opened again, and one that waits for a second person gets the new fact;
    where a decision in force already answers counterfeit, nothing changes. A newer run keeps the place and the fact.
    """
    if task.pot == "control" or not task.listing_id or (task.outcome, task.second_outcome) != ("counterfeit",) * 2:
        return []
    found = Item.objects.select_for_update(of=("self",), no_key=True).filter(
        subject_type=SubjectType.LISTING, subject_id=task.listing_id
    )
    item = found.select_related("finding").first()
    if item is None:
        return [_raised(_new(task), task, None)]
    return _again(item, task)


def raise_items(tasks: Iterable[TestBuyTask]) -> list[Happening]:
    """`raise_item` for many units, their items locked in one order first; gives all that is to be recorded."""
    wanted = list(tasks)
    named = {task.listing_id for task in wanted if task.listing_id}
    held = Item.objects.select_for_update(of=("self",), no_key=True).filter(
        subject_type=SubjectType.LISTING, subject_id__in=named
    )
    len(held.order_by("pk"))
    return [happening for task in wanted for happening in raise_item(task)]


def _raised(item: Item, task: TestBuyTask, before: dict[str, Any] | None) -> Happening:
    assert item.finding is not None  # frozen with the examination in it
    after: dict[str, Any] = {"state": item.state, "rank": item.rank, "unit": task.unit, "programme": task.programme_id}
    after["finding"] = finding_said(item.finding)
    reason = f"Two examinations of unit {task.unit} found a counterfeit."
    return Happening("item.raised", "item", str(item.pk), before, after, reason)


def _again(item: Item, task: TestBuyTask) -> list[Happening]:
    in_force = Decision.objects.filter(item=item, state=DecisionState.IN_FORCE, answer=Answer.COUNTERFEIT)
    if item.state == ItemState.DECIDED and in_force.exists():
        return []
    ended: list[Happening] = []
    before = {"state": item.state, "rank": item.rank}
    if item.state == ItemState.SNOOZED:
        make_move(item, "item", "wake")
        item.snoozed_until = None
    elif item.state in (ItemState.DECIDED, ItemState.CLOSED):
        make_move(item, "item", "reopen")
    if _fact(task).value not in {each.get("value") for each in _facts(item)}:
        item.rank = max(item.rank, _front(item.harm_minor, item.opened_at))
        _freeze(item, _with_fact(item, task))
        ended = claims.end(item, "examined")
    item.stream = Stream.TEST_BUY
    item.updated_at = timezone.now()
    fields = ["state", "snoozed_until", "rank", "stream", "finding", "updated_at", *claims.CLAIM_FIELDS]
    item.save(update_fields=fields)
    return [*ended, _raised(item, task, before)]


def _new(task: TestBuyTask) -> Item:
    now, score = timezone.now(), float(task.score or 0.0)
    harm, currency = _harm(task, score)
    item = Item.objects.create(
        subject_type=SubjectType.LISTING,
        subject_id=task.listing_id,
        merchant_id=task.merchant_id,
        merchant_name=task.merchant_name,
        title=task.title,
        brand=task.brand,
        category=task.category,
        price_minor=task.price_minor,
        currency=task.programme.currency,
        score=score,
        harm_minor=harm,
        harm_currency=currency,
        rank=_front(harm, now),
        stream=Stream.TEST_BUY,
        opened_at=now,
        updated_at=now,
    )
    _freeze(item, replace(_content(task, score), facts=(_fact(task),)))
    item.save(update_fields=["finding"])
    return item


def _harm(task: TestBuyTask, score: float) -> tuple[int, str]:
    """What one sale costs, in the currency that harm counts in; before any run is loaded in the programme's own."""
    rules, own = counting(), task.programme.currency
    price = rules.price(task.price_minor, own) if rules.currency else task.price_minor
    return (0, "") if price is None else (int(price * score / 100), rules.currency or own)


def _front(harm_minor: int, opened_at: datetime) -> float:
    """A rank ahead of everything that is only suspected, and never behind its own."""
    first = Item.objects.filter(state=ItemState.OPEN).order_by("-rank", "id").values_list("rank", flat=True).first()
    own = rank(harm_minor, opened_at)
    return own if first is None else max(own, first + _AHEAD)


def _content(task: TestBuyTask, score: float) -> Content:
    """What is known of goods that no loaded run holds: what the plan knew of them."""
    plan: dict[str, Any] = task.programme.progress.get("plan", {})
    return Content(
        about=About(
            SubjectType.LISTING,
            task.listing_id,
            plan.get("snapshot_id", ""),
            plan.get("as_of", ""),
            plan.get("model_label", ""),
            plan.get("model", ""),
        ),
        merchant=Merchant(task.merchant_id, task.merchant_name),
        waterfall=Waterfall(score, None, None, score, 0),
        offer=Offer(task.title, "", task.brand, task.category, task.price_minor, task.programme.currency),
    )


def _with_fact(item: Item, task: TestBuyTask) -> Content:
    try:
        content = Content.read(item.finding.content) if item.finding else _content(task, item.score)
    except CallerError:
        content = _content(task, item.score)
    return replace(content, facts=(_fact(task), *content.facts))


def _fact(task: TestBuyTask) -> Fact:
    day = f"{task.finished_at:%Y-%m-%d}" if task.finished_at else ""
    return Fact(AUTHENTICATION, "Authentication", f"counterfeit by two examinations of a test buy ({task.unit}, {day})")


def _facts(item: Item) -> list[dict[str, Any]]:
    facts = item.finding.content.get("facts", []) if item.finding else []
    return [each for each in facts if isinstance(each, dict)]


def _freeze(item: Item, content: Content) -> None:
    item.finding, _made = Finding.objects.get_or_create(
        item=item,
        content_sha256=content.sha256,
        defaults={
            "run": item.run,
            "frozen_at": timezone.now(),
            "snapshot_id": content.about.snapshot_id[:100],
            "model": content.about.model[:100],
            "score": item.score,
            "content": content.to_json(),
        },
    )
