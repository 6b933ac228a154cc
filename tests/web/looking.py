"""Renders the sheet of components the way a view would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory

from assay.casework.models import Person
from assay.web import charts


def pattern_page(person: Person) -> str:
    """The sheet as `person` sees it."""
    return render_to_string("pattern.html", _content(), _request(person))


def _request(person: Person) -> HttpRequest:
    request = RequestFactory().get("/pattern")
    request.user = person
    person.is_verified = lambda: True
    return request


def _content() -> dict[str, Any]:
    titles = (
        ("Chronograph, steel, original quality, with box and papers and two straps", 93.0, "open", "open"),
        ("Running shoes 42", 61.0, "proposed", "waits for a second person"),
        ("手表 男士 自动机械 高品质", 87.0, "in_force", "in force"),
        ("Leather bag", 12.0, "closed", "closed: no longer flagged"),
        ("Perfume 100 ml", None, "undone", "undone"),
    )
    rows = [
        {
            "title": title,
            "score": score,
            "merchant": "River Trading",
            "price": 4_900,
            "state": state,
            "words": words,
            "age": "3 days",
        }
        for title, score, state, words in titles
    ]
    spread = charts.Spread(12_000, 15_000, 16_900, 18_900, 24_000, "EUR")
    steps = (
        ("The price is far below other offers of the same product", 41.2),
        ("The words of the offer call the goods a copy", 28.0),
        ("Pictures are used by three other merchants", 14.1),
        ("The merchant has sold for six years", -9.4),
        ("Everything else", 2.1),
    )
    return {
        "rows": rows,
        "at": datetime(2026, 3, 2, 10, 12, tzinfo=UTC),
        "waterfall": charts.waterfall(11.0, steps, 87.0),
        "strip": charts.price_strip(4_900, spread, among="offers of the same product", n=31),
        "bars": charts.interval_bars(
            [
                charts.Share("January", 0.031, 0.022, 0.043),
                charts.Share("February", 0.027, 0.019, 0.038),
                charts.Share("March", 0.024, 0.019, 0.031),
            ]
        ),
        "hist": charts.histogram([2, 9, 31, 44, 20, 8, 3, 1], {"threshold": 5.0}, least=0, most=8, unit="weight"),
        "forecast": charts.forecast([120, 131, 128, 140, 152, 149, 160], [150, 148, 145], [175, 184, 196]),
        "spark": charts.sparkline([3, 4, 8, 6, 9, 12, 7, 5], words="opened a day"),
    }
