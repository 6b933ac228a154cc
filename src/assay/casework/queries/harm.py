"""The currency that expected harm counts in, that of the last loaded run: so any two items can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import floor

from django.db.models import Q

from assay.casework.models import AnalysisRun, Item
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR

# ISO 4217 for "no currency": a market that names none.
_NONE = "XXX"


@dataclass(frozen=True, slots=True)
class Counting:
    """How harm is counted: `rates` are minor units of `currency` per minor unit of another.

    `currency` is empty while no run is loaded or where the market names none.
    """

    currency: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)

    def price(self, minor: int | None, currency: str) -> int | None:
        """A price in the currency that counts, rounded as the batch rounds; None where there is no rate or no price."""
        if minor is None or not self.currency:
            return None
        if currency == self.currency:
            return minor
        rate = self.rates.get(currency)
        return None if rate is None else floor(minor * rate + 0.5)

    def of(self, items: Iterable[Item]) -> int:
        """The harm of some items, added up: only what is in the currency that counts."""
        return sum(item.harm_minor for item in items if self.currency in ("", item.harm_currency))

    @property
    def is_high(self) -> Q:
        """The items of high impact, as a filter."""
        same = Q(harm_currency=self.currency) if self.currency else Q()
        return same & Q(harm_minor__gte=HIGH_IMPACT_HARM_MINOR)


def counting() -> Counting:
    """How harm is counted now."""
    newest = AnalysisRun.objects.filter(finished_at__isnull=False).order_by("-as_of", "-pk")
    found = newest.values_list("counts", "progress").first()
    if found is None:
        return Counting()
    counts, progress = found
    return counted_in(counts.get("currency", ""), progress.get("asked", {}).get("rates", {}))


def counted_in(currency: str, rates: Mapping[str, float]) -> Counting:
    """How a run counts that is being loaded."""
    return Counting("" if currency == _NONE else currency, rates)
