"""Template filters: values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assay.pipeline import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.signals.signal import money_text

register = template.Library()


@register.filter
def money(minor: int | None, currency: str | None = "") -> str:
    """Minor units with their currency: `154900|money:"EUR"` -> `1,549.00 EUR`."""
    return money_text(minor, currency or None)


@register.filter
def band(score: float | None) -> str:
    """The name of a score's band, for its colour and its words: `high` from 80, `some` from 40, else `low`."""
    if score is None:
        return "none"
    return "high" if score >= RED_FLAG_SCORE else "some" if score >= AT_RISK_SCORE else "low"


@register.filter
def percent(rate: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as percent; a dash when there is none."""
    return "–" if rate is None else f"{rate * 100:.{digits}f} %"


@register.filter
def moment(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return "–" if at is None else f"{date_format(at.astimezone(UTC), 'Y-m-d H:i')} UTC"


@register.filter
def age(at: datetime | None) -> str:
    """How long ago, in one unit."""
    if at is None:
        return "–"
    seconds = max((timezone.now() - at).total_seconds(), 0)
    for size, words in _UNITS:
        if seconds >= size:
            n = int(seconds // size)
            return str(words(n))
    return _("just now")


_UNITS: tuple[tuple[int, Any], ...] = (
    (86_400, lambda n: ngettext("%(n)d day", "%(n)d days", n) % {"n": n}),
    (3_600, lambda n: ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}),
    (60, lambda n: ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}),
)
