"""Template filters and tags: values as people read them. Built into every template; nothing has to be loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assay.casework.models import Item
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.publishing.visible import visible
from assay.signals.signal import money_text

register = template.Library()
_HOURS_SAID = 48

_BAND_WORDS: dict[str, str | Promise] = {
    "high": gettext_lazy("high"),
    "some": gettext_lazy("some"),
    "low": gettext_lazy("low"),
    "none": gettext_lazy("not rated"),
}

# Tone of a state's badge: waits = somebody has to act; live = at work now; done = over, nothing to do; off = taken
# back or stopped; good, bad = an outcome. The words beside it always say which, so the colour is never alone.
_TONES: dict[str, str] = {
    "open": "waits",
    "proposed": "waits",
    "waiting": "waits",
    "to_buy": "waits",
    "sealed": "waits",
    "in_force": "live",
    "ordered": "live",
    "received": "live",
    "examined": "live",
    "active": "live",
    "decided": "done",
    "done": "done",
    "expired": "done",
    "upheld": "done",
    "delivered": "good",
    "genuine": "good",
    "counterfeit": "bad",
    "failed": "bad",
    "overdue": "bad",
    "snoozed": "off",
    "closed": "off",
    "undone": "off",
    "reversed": "off",
    "refused": "off",
    "withdrawn": "off",
    "waived": "off",
    "unheard": "off",
    "revoked": "off",
}


@register.filter
def money(minor: int | None, currency: str | None = "") -> str:
    """Minor units with their currency: `154900|money:"EUR"` -> `1,549.00 EUR`; in the reader's words for none."""
    return _("not stated") if minor is None else money_text(minor, currency or None)


@register.filter
def harm(item: Item) -> str:
    """An item's expected harm a month in the currency that it was counted in; in words where it is not known."""
    return money_text(item.harm_minor, item.harm_currency) if item.harm_currency else _("not known")


@register.filter
def band(score: float | None) -> str:
    """The name of a score's band, for its colour and its words: `high` from 80, `some` from 40, else `low`."""
    if score is None:
        return "none"
    return "high" if score >= RED_FLAG_SCORE else "some" if score >= AT_RISK_SCORE else "low"


@register.inclusion_tag("parts/score.html")
def score(value: float | None, size: str = "") -> dict[str, Any]:
    """A score with number and word: `{% score item.score %}`, `{% score item.score "big" %}`."""
    name = band(value)
    number = "–" if value is None else f"{value:.0f}"
    return {"band": name, "number": number, "words": _BAND_WORDS[name], "is_big": size == "big"}


@register.filter
def tone(code: str | None) -> str:
    """The class of the badge that goes with a state's code: `in_force` -> `live`; `done` for codes it does not know."""
    return _TONES.get(str(code or ""), "done")


@register.simple_tag
def badge(code: str | None, words: str | Promise = "") -> SafeString:
    """A state with its words: `{% badge decision.state decision.get_state_display %}`."""
    return format_html('<span class="badge {}">{}</span>', tone(code), words or code or "–")


@register.filter
def percent(rate: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as percent; a dash when there is none."""
    return "–" if rate is None else f"{rate * 100:.{digits}f} %"


@register.filter
def count(n: int | None) -> str:
    """A whole number with commas; a dash when there is none."""
    return "–" if n is None else f"{n:,}"


@register.filter
def plainly(text: object, limit: int = 200) -> str:
    """Text of strangers on one line, cut, with what cannot be seen made visible: `{{ item.title|plainly:120 }}`."""
    return "" if text is None else visible(text, limit)


@register.filter
def moment(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return "–" if at is None else f"{date_format(at.astimezone(UTC), 'Y-m-d H:i')} UTC"


@register.filter
def age(at: datetime | None) -> str:
    """How long ago, in one unit."""
    if at is None:
        return "–"
    return _span((timezone.now() - at).total_seconds()) or _("just now")


@register.filter
def left(at: datetime | None) -> str:
    """How long until then, in one unit; `over` when it has passed; a dash when there is no end."""
    if at is None:
        return "–"
    seconds = (at - timezone.now()).total_seconds()
    return _("over") if seconds <= 0 else _span(seconds) or _("less than a minute")


@register.filter
def when(at: datetime | None) -> SafeString:
    """A `<time>` element: shown as `moment`, read by machines; its title says how long ago."""
    if at is None:
        return format_html("{}", "–")
    how_long = age(at) if at <= timezone.now() else left(at)
    return format_html('<time datetime="{}" title="{}">{}</time>', at.astimezone(UTC).isoformat(), how_long, moment(at))


@register.filter
def hours(value: float | None) -> str:
    """A time in hours; from two days on in days."""
    if value is None:
        return "–"
    if value < _HOURS_SAID:
        return f"{floatformat(value, 1)} h"
    return _("%(n)s days") % {"n": floatformat(value / 24, 1)}


def _span(seconds: float) -> str:
    for size, words in _UNITS:
        if seconds >= size:
            return str(words(int(seconds // size)))
    return ""


_UNITS: tuple[tuple[int, Any], ...] = (
    (86_400, lambda n: ngettext("%(n)d day", "%(n)d days", n) % {"n": n}),
    (3_600, lambda n: ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}),
    (60, lambda n: ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}),
)
