"""What every page is made with: templates that escape all values, and the style sheets that go into the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from assay.publishing.visible import visible


def page_templates(filters: Mapping[str, Any]) -> Environment:
    """The templates of this package: values are escaped, a missing one is an error; `visible` is among the filters."""
    environment = Environment(
        loader=PackageLoader("assay.publishing", "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"visible": visible, **filters})
    return environment


def stylesheet(*names: str) -> str:
    """The named style sheets as one text; a page loads nothing from elsewhere."""
    loader, plain = PackageLoader("assay.publishing", "templates"), Environment(autoescape=True)
    return "\n".join(loader.get_source(plain, name)[0] for name in names)


def percent(share: float) -> str:
    """A share from 0 to 1 in percent.

    >>> percent(0.5), percent(0.0123), percent(0.00012)
    ('50 %', '1.2 %', '0.012 %')
    """
    if share == 0 or share >= 0.0995:
        return f"{share:.0%}".replace("%", " %")
    return f"{100 * share:.2g} %" if share < 0.01 else f"{100 * share:.1f} %"
