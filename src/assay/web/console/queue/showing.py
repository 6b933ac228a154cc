"""What the pages of the queue show beside their subject: tabs, suggestions, charts, words."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.access import may
from assay.casework.models import Answer, Band, ItemState, Person, Stream, SubjectType
from assay.casework.queries import queue, views
from assay.casework.queries.item import ItemPage
from assay.publishing.visible import visible
from assay.web import charts
from assay.web.console.queue.forms import SnoozeForm, ViewForm

_KEYS = {Answer.COUNTERFEIT: "1", Answer.GENUINE: "2", Answer.INCONCLUSIVE: "3"}


def around_queue(person: Person, wanted: queue.Wanted, page: queue.Page, now: datetime) -> dict[str, Any]:
    """Tabs with counts, filters to choose from, saved views, and what the person holds."""
    merchants = Counter(row.merchant_id for row in page.rows)
    return {
        "tabs": _tabs(wanted),
        "filters": _filters(),
        "categories": queue.largest_categories(),
        "saved": views.views_of(person),
        "held": queue.held_by(person, now),
        "latest": views.latest_answers(person),
        "merchants": [merchant for merchant, n in merchants.most_common() if n > 1],
        "view_form": ViewForm(),
        "works": may(person, "item.claim"),
        "oversees": may(person, "review.measured"),
        "can_choose": may(person, "item.bulk") and wanted.state == ItemState.OPEN and not wanted.claimed,
        "is_narrowed": bool(wanted.without("state", "claimed").query),
    }


def _tabs(wanted: queue.Wanted) -> list[dict[str, Any]]:
    """One per state with its count, if one was taken; filters stay when the state changes."""
    counts, kept = queue.counted(), {k: v for k, v in wanted.query.items() if k not in ("state", "claimed")}
    narrowed = bool(kept)
    return [
        {
            "label": state.label,
            "url": "?" + urlencode(kept | ({} if state == ItemState.OPEN else {"state": state.value})),
            "n": None if narrowed else counts.get(state),
            "is_here": state == wanted.state and not wanted.claimed,
        }
        for state in ItemState
    ]


def _filters() -> list[tuple[str, str | Promise, list[tuple[str, str | Promise]]]]:
    """Name, label and choices of each filter that is a list."""
    found = (
        ("subject", _("About"), SubjectType),
        ("band", _("Score"), Band),
        ("stream", _("Why it is here"), Stream),
    )
    return [(name, label, [(str(v), w) for v, w in kind.choices]) for name, label, kind in found]


def around_item(page: ItemPage) -> dict[str, Any]:
    """Charts and the quick answers of an item's page."""
    content = page.content
    return {
        "waterfall": charts.waterfall(content.waterfall.base, _steps(page), content.waterfall.score) if content else "",
        "price": _price(page),
        "answers": [{"value": a.value, "label": a.label, "key": _KEYS[a]} for a in Answer],
        "snooze_form": SnoozeForm(),
    }


def _steps(page: ItemPage) -> list[tuple[charts.Words, float]]:
    return [(visible(words) if words else _("Smaller steps, together"), move) for words, move in page.steps]


def _price(page: ItemPage) -> charts.Words:
    price = page.content.price if page.content else None
    if price is None:
        return ""
    spread = charts.Spread(
        price.p05_minor, price.p25_minor, price.p50_minor, price.p75_minor, price.p95_minor, price.currency
    )
    return charts.price_strip(price.price_minor, spread, among=visible(price.among), n=price.n)
