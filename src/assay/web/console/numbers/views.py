"""What waits for whoever is here, and how the work goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from assay.casework.access import may
from assay.casework.models import Person
from assay.casework.queries import numbers, waiting
from assay.casework.services.census import WINDOW_DAYS
from assay.web.console.numbers import words


def home(request: HttpRequest) -> HttpResponse:
    """What waits for the person, as tiles that lead there."""
    person = request.user
    assert isinstance(person, Person)
    tiles = [
        {
            "n": each.n,
            "words": words.WAITING[each.what],
            "url": reverse(each.view) + (f"?{each.query}" if each.query else ""),
        }
        for each in waiting.waits_for(person)
    ]
    return render(request, "console/numbers/home.html", {"tiles": tiles, "person": person})


def overview(request: HttpRequest) -> HttpResponse:
    """The queue's health, decisions, reversals, agreement, calibration and prevalence on one page."""
    found = numbers.queue_numbers()
    context: dict[str, Any] = {"found": found}
    if found is not None:
        context |= words.queue(found)
        context["is_old"] = timezone.now() - found.taken_at > timedelta(hours=1)
    person = request.user
    assert isinstance(person, Person)
    is_told = may(person, "review.measured")
    context |= words.quality(found, timezone.now() - timedelta(days=WINDOW_DAYS), is_told=is_told)
    context["calibration"] = words.calibration(numbers.score_calibration())
    context |= words.prevalence(numbers.prevalence_by_period())
    return render(request, "console/numbers/overview.html", context)
