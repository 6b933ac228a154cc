"""Pages about organised attacks: self-contained HTML, no script, nothing loaded from elsewhere; light, dark, paper."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from assay.publishing import attack_charts
from assay.publishing.attack_content import AttackPack, AttackPage
from assay.publishing.pages import page_templates, percent, stylesheet
from assay.publishing.visible import visible

# More rows make a page that nobody reads; the files of the pack hold all.
MOST_ACCOUNTS = 120
# A post is shown whole up to here; an article is cut and stands whole in the files.
MOST_SHOWN = 1_200


def attack_page_html(data: AttackPage) -> str:
    """The page over all groups of a run as text; every value of a stranger is escaped, its invisible parts named."""
    return (
        page_templates(_FILTERS)
        .get_template("attack_page.html")
        .render(
            data=data,
            groups=[
                (
                    group,
                    attack_charts.timeline(group.timeline),
                    [(layer, attack_charts.against_null(layer)) for layer in group.layers],
                )
                for group in data.groups
            ],
            style=stylesheet("report.css", "attacks.css"),
        )
    )


def attack_pack_html(data: AttackPack) -> str:
    """The evidence pack's page as text: the first `MOST_ACCOUNTS` accounts, core first, and everything else whole."""
    return (
        page_templates(_FILTERS)
        .get_template("attack_pack.html")
        .render(
            data=data,
            accounts=data.accounts[:MOST_ACCOUNTS],
            has_signs=any(each.signs for each in data.accounts),
            timeline=attack_charts.timeline(data.timeline),
            layers=[(layer, attack_charts.against_null(layer)) for layer in data.layers],
            style=stylesheet("report.css", "attacks.css"),
        )
    )


def chance(value: float | None) -> str:
    """A p or q value: never 0, with a floor that says so.

    >>> chance(0.0123), chance(1e-9), chance(None)
    ('0.012', '< 0.0001', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def figure(value: float | None) -> str:
    """A count or a measure in as many digits as it deserves.

    >>> figure(3898.0), figure(199.713), figure(0.0456), figure(None)
    ('3,898', '199.7', '0.046', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.1f}"
    return f"{value:.2g}" if abs(value) >= 1e-3 else "< 0.001" if value > 0 else f"{value:.1g}"


def day(moment: datetime) -> str:
    """The day in UTC."""
    return moment.astimezone(UTC).date().isoformat()


def minute(moment: datetime) -> str:
    """Day and minute in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


_FILTERS = {
    "chance": chance,
    "figure": figure,
    "percent": percent,
    "day": day,
    "minute": minute,
    "shown": lambda text: visible(text, MOST_SHOWN),
}
