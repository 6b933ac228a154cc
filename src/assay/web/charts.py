"""Charts of the pages as inline SVG: plain numbers in, safe markup out, no colour and no size of its own.

Reports are drawn by Altair (`assay.publishing.charts`). Pages are not, for three reasons: its SVG carries style
attributes, which the content security policy refuses; its colours are fixed, so half of its words would vanish in the
dark scheme; and a picture that shrinks to a phone's width shrinks its words to 5 pixels. Here only geometry is SVG, in
percent of the width there is; every word and number is text of the page's own size, in the page's own colours
(classes that `assay.css` fills). Where a chart is a list of numbers it is a list whose rows carry a drawing,
so it is read aloud as one; the others are images with a title and a description.

A value that is not a finite number is left out and shown as a dash. No chart raises for what is in its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assay.signals.signal import money_text

Words = str | Promise
_NONE = "–"
# Two labels of money nearer than this (percent of a card's width on a phone) would run into each other.
_APART = 30.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How the prices of comparable offers lie, in minor units: 5, 25, 50, 75 and 95 % of them are not above."""

    low: int
    q1: int
    median: int
    q3: int
    high: int
    currency: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share from 0 to 1 with its interval, for one period or group; None where it was not measured."""

    label: Words
    rate: float | None
    low: float | None = None
    high: float | None = None


def waterfall(base: float, steps: Sequence[tuple[Words, float]], end: float) -> SafeString:
    """From the start to the score, one signed bar per step (Splink's waterfall chart is the model).

    `steps` are (words, points) in the order drawn; words are escaped unless they are safe markup already. The scale is
    0 to 100, wider only where the sum leaves it on its way. The end is drawn from `end`, not from the sum.
    """
    if not _is_number(base) or not _is_number(end):
        return _empty(_("There is no explanation for this score."))
    sums = [float(base)]
    for _label, points in steps:
        sums.append(sums[-1] + (points if _is_number(points) else 0.0))
    scale = _Scale(min(0.0, end, *sums), max(100.0, end, *sums))
    rows = [_row("first", _("Start"), _bar(scale, "base", 0, base), f"{_trimmed(base)}")]
    for (label, points), before, after in zip(steps, sums, sums[1:], strict=False):
        kind = "up" if after >= before else "down"
        drawn = _bar(scale, kind, before, after) + _line("thread", scale(after), 0, scale(after), 10)
        rows.append(_row(kind, label, drawn, _signed(points)))
    rows.append(_row("last", _("Score"), _bar(scale, "flag" if end >= base else "main", 0, end), f"{end:.0f}"))
    said = _("From the start to the score, step by step")
    return format_html('<ol class="waterfall" role="list" aria-label="{}">{}</ol>', said, _joined(rows))


def price_strip(price: int | None, spread: Spread | None, *, among: Words, n: int) -> SafeString:
    """One price among those of `n` comparable offers, on a logarithmic scale: 5 to 95 % as a line, the middle half as a
    block, the median as a tick, the price as a diamond. `among` says what they are: `offers of the same product`.
    """
    if not price or price < 0 or spread is None or n <= 0:
        return _empty(_("There are no prices to compare with."))
    values = [max(value, 1) for value in (spread.low, spread.q1, spread.median, spread.q3, spread.high, price)]
    low, q1, median, q3, high, own = (math.log(value) for value in values)
    room = max((max(high, own) - min(low, own)) * 0.04, 0.02)
    scale = _Scale(min(low, own) - room, max(high, own) + room)
    at = {"low": scale(low), "median": scale(median), "high": scale(high)}
    words = _price_words(price, spread, among, n)
    drawn = [
        _line("rule", scale(low), 30, scale(high), 30),
        _rect("grey", scale(q1), 22, max(scale(q3) - scale(q1), 0.4), 16),
        _line("tick", at["median"], 19, at["median"], 41),
        format_html(
            '<svg x="{}%" y="30" overflow="visible"><path class="flag" d="M0-8 7 0 0 8-7 0z"/></svg>', _f(scale(own))
        ),
        _text(scale(own), 13, money_text(price, spread.currency)),
        *(_text(at[name], 55, money_text(getattr(spread, name), spread.currency), "pale") for name in _kept(at)),
    ]
    return _figure("strip", 60, _("This price among others"), words, drawn)


def interval_bars(rows: Iterable[Share]) -> SafeString:
    """A share with its interval per period: bar, whisker and the numbers, row by row."""
    rows = list(rows)
    tops = [value for row in rows for value in (row.rate, row.high) if _is_number(value)]
    if not tops:
        return _empty(_("Nothing has been measured yet."))
    top = _round_up(max(*tops, 0.001))
    scale = _Scale(0.0, top)
    said = _("Shares with their intervals, on a scale from 0 to %(top)s") % {"top": _percent(top)}
    body = _joined(_share_row(scale, row) for row in rows)
    return format_html('<ul class="bars" role="list" aria-label="{}">{}</ul>', said, body)


def histogram(
    counts: Sequence[int], marks: Mapping[str, float] | None = None, *, least: float, most: float, unit: Words = ""
) -> SafeString:
    """How many fall into each of the bins of equal width from `least` to `most`; `marks` are values with their words,
    drawn as lines: a threshold, the subject's own value.
    """
    if not counts or not any(counts) or not most > least:
        return _empty(_("There is nothing to count yet."))
    width, top = 100 / len(counts), max(counts)
    drawn = [
        _rect("main", i * width + 0.3, 96 - 72 * n / top, max(width - 0.6, 0.2), 72 * n / top)
        for i, n in enumerate(counts)
        if n > 0
    ]
    peak = (list(counts).index(top) + 0.5) * width
    drawn += [_line("rule", 0, 96, 100, 96), _text(0, 112, _axis(least), "pale"), _text(100, 112, _axis(most), "pale")]
    scale, known = _Scale(least, most), [(k, v) for k, v in (marks or {}).items() if _is_number(v)]
    for place, (label, value) in enumerate(sorted(known, key=lambda mark: mark[1])):
        x = scale(min(max(value, least), most))
        height = 11 if place % 2 == 0 else 23
        drawn += [_line("mark", x, height + 3, x, 96), _text(x, height, f"{label} {_axis(value)}")]
    if not known:
        drawn.append(_text(peak, 20, f"{top:,}"))
    bins = ", ".join(f"{_axis(least + i * (most - least) / len(counts))}: {n:,}" for i, n in enumerate(counts))
    counted = {"n": f"{sum(counts):,}", "top": f"{top:,}"}
    words = _("%(n)s in all, at most %(top)s in one bin") % counted
    words = f"{unit}: {words}" if unit else words
    return _figure("hist", 116, _("How many by value"), words, drawn, bins)


def forecast(history: Sequence[float], low: Sequence[float], high: Sequence[float], *, words: Words = "") -> SafeString:
    """A line of what was, then the band that comes with its two bounds per step ahead. `words` replace the caption."""
    past = [float(value) for value in history if _is_number(value)]
    ahead = [(a, b) for a, b in zip(low, high, strict=False) if _is_number(a) and _is_number(b)]
    if len(past) < 2:
        return _empty(_("Two days are needed before anything can be forecast."))
    n = len(past) + len(ahead) - 1
    scale = _Scale(0.0, max([*past, *(b for _a, b in ahead), 1.0]) * 1.08)
    across = [100 * i / n for i in range(n + 1)]
    line = [(x, 100 - scale(value)) for x, value in zip(across, past, strict=False)]
    now = line[-1]
    coming = list(zip(across[len(past) :], ahead, strict=False))
    band = [
        now,
        *((x, 100 - scale(b)) for x, (_a, b) in coming),
        *((x, 100 - scale(a)) for x, (a, _b) in reversed(coming)),
    ]
    drawn = [
        format_html(
            '<svg x="0" y="14" width="100%" height="92" viewBox="0 0 100 100" preserveAspectRatio="none">'
            '<polygon class="soft" points="{}"/><polyline class="line" points="{}"/></svg>',
            _points(band),
            _points(line),
        ),
        _line("rule", 0, 106, 100, 106),
        _line("thread", now[0], 14, now[0], 106),
        _text(now[0], 11, f"{_axis(past[-1])}"),
        _text(now[0], 122, _("now"), "pale"),
    ]
    if ahead and now[0] < 100 - _APART / 2:
        drawn.append(_text(100, 122, _range(*ahead[-1]), "pale"))
    return _figure("forecast", 126, _("What was and what comes"), words or _forecast_words(past[-1], ahead), drawn)


def sparkline(values: Sequence[float | None], *, words: Words = "") -> SafeString:
    """A line in a sentence; `words` say what it counts."""
    known = [float(value) for value in values if _is_number(value)]
    if not known:
        return _empty(_("Nothing has been counted yet."))
    scale = _Scale(min(0.0, *known), max(*known, 1e-9))
    step = 100 / max(len(known) - 1, 1)
    points = [(i * step, 95 - 0.9 * scale(value)) for i, value in enumerate(known)]
    said = _("from %(first)s to %(last)s, lowest %(least)s, highest %(most)s") % {
        "first": _axis(known[0]),
        "last": _axis(known[-1]),
        "least": _axis(min(known)),
        "most": _axis(max(known)),
    }
    return format_html(
        '<svg class="spark" role="img" viewBox="0 0 100 100" preserveAspectRatio="none"><title>{}</title>'
        '<polyline class="line" points="{}"/></svg>',
        f"{words}: {said}" if words else said,
        _points(points if len(points) > 1 else [*points, (100.0, points[0][1])]),
    )


class _Scale:
    """Values to percent of the width, never outside 0 to 100."""

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def __call__(self, value: float) -> float:
        """0 at the least, 100 at the most."""
        if self.most <= self.least:
            return 50.0
        return min(max(100 * (value - self.least) / (self.most - self.least), 0.0), 100.0)


def _figure(
    kind: str, height: int, title: str, words: Words, drawn: Iterable[SafeString], description: str = ""
) -> SafeString:
    return format_html(
        '<figure class="chart {}"><svg role="img" width="100%" height="{}"><title>{}</title><desc>{}</desc>{}</svg>'
        "<figcaption>{}</figcaption></figure>",
        kind,
        height,
        title,
        description or words,
        _joined(drawn),
        words,
    )


def _row(kind: str, label: Words, drawn: SafeString, said: str) -> SafeString:
    return format_html(
        '<li class="{}"><span class="name">{}</span> {} <span class="num">{}</span></li>',
        kind,
        label,
        _strip(drawn),
        said,
    )


def _share_row(scale: _Scale, row: Share) -> SafeString:
    if not _is_number(row.rate):
        drawn, said = SafeString(""), _("not measured")
    else:
        drawn, said = _rect("main", 0, 2, scale(row.rate), 6), _percent(row.rate)
    if _is_number(row.low) and _is_number(row.high):
        low, high = scale(row.low), scale(row.high)
        drawn += (
            _line("whisker", low, 5, high, 5) + _line("whisker", low, 2, low, 8) + _line("whisker", high, 2, high, 8)
        )
        interval = f"{_percent(row.low)} – {_percent(row.high)}"
        said = f"{said} ({interval})" if _is_number(row.rate) else interval
    return _row("share", row.label, drawn, said)


def _strip(drawn: SafeString) -> SafeString:
    return format_html(
        '<svg aria-hidden="true" focusable="false" viewBox="0 0 100 10" preserveAspectRatio="none">{}</svg>', drawn
    )


def _price_words(price: int, spread: Spread, among: Words, n: int) -> str:
    return _(
        "This price is %(price)s. Among %(n)s %(among)s the median is %(median)s; half lie between %(q1)s and %(q3)s, "
        "nine in ten between %(low)s and %(high)s. The scale is logarithmic."
    ) % {
        "price": money_text(price, spread.currency),
        "n": f"{n:,}",
        "among": among,
        **{name: money_text(getattr(spread, name), spread.currency) for name in ("low", "q1", "median", "q3", "high")},
    }


def _forecast_words(now: float, ahead: Sequence[tuple[float, float]]) -> str:
    if not ahead:
        return _("Now %(now)s.") % {"now": _axis(now)}
    return _("Now %(now)s; at the end of the forecast between %(low)s and %(high)s.") % {
        "now": _axis(now),
        "low": _axis(ahead[-1][0]),
        "high": _axis(ahead[-1][1]),
    }


def _kept(at: dict[str, float]) -> list[str]:
    """The median is always named, an end only where its label does not run into another one."""
    low = at["median"] - at["low"] >= _APART
    high = at["high"] - at["median"] >= _APART
    return [name for name, keep in (("low", low), ("median", True), ("high", high)) if keep]


def _empty(words: str) -> SafeString:
    return format_html('<p class="hint">{}</p>', words)


def _bar(scale: _Scale, kind: str, start: float, end: float) -> SafeString:
    a, b = sorted((scale(start), scale(end)))
    # A step of nearly nothing is still seen to be there.
    return _rect(kind, min(a, 99.6), 1, max(b - a, 0.4), 8)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>',
        kind,
        _f(x),
        _f(y),
        _f(min(width, 100 - x)),
        _f(height),
    )


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> SafeString:
    return format_html('<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>', kind, _f(x1), _f(y1), _f(x2), _f(y2))


def _text(x: float, y: float, words: Words, kind: str = "") -> SafeString:
    """Words at a place; near an edge they end or begin there, so that none leaves the drawing."""
    anchor = "start" if x < _APART / 2 else "end" if x > 100 - _APART / 2 else "middle"
    return format_html('<text class="{}" x="{}%" y="{}" text-anchor="{}">{}</text>', kind, _f(x), _f(y), anchor, words)


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_f(x)},{_f(y)}" for x, y in pairs)


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _is_number(value: float | None) -> TypeGuard[float]:
    """Finite, and not so large that a difference of two of them is not."""
    return value is not None and abs(value) < 1e100


def _f(value: float) -> str:
    """Two decimals are a tenth of a pixel; no exponent, no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _trimmed(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-", "−")


def _signed(value: float) -> str:
    if not _is_number(value):
        return _NONE
    text = _trimmed(value)
    return text if text in ("0", "−0") or value < 0 else f"+{text}"


def _percent(rate: float | None) -> str:
    return _NONE if rate is None else f"{rate * 100:.1f} %"


def _axis(value: float) -> str:
    """A number beside an axis: whole from 10, two significant digits below."""
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def _range(low: float, high: float) -> str:
    return f"{_axis(low)} – {_axis(high)}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten, at most 1: where an axis of shares ends."""
    power = 10.0 ** math.floor(math.log10(value))
    return min(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999), 1.0)
