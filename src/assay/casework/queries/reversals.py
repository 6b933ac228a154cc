"""Which restrictions a rate of reversals rests on: those old enough that merchants could object and be answered.

Of young ones hardly any can be reversed yet: counting them would call unfinished cases right, and make the rate too
low and its interval too sure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from assay.casework.models import Action, Decision

# Days since a decision. A merchant has six months to appeal and is answered within two weeks: at 60 days it had 46 to
# object. Later limits miss fewer appeals and tell of older habits; half a year of decisions makes the interval usable.
MATURE_FROM_DAYS, MATURE_TO_DAYS = 60, 240


def restrictions() -> QuerySet[Decision]:
    """Decisions that took something from somebody, whatever became of them."""
    return Decision.objects.filter(in_force_at__isnull=False).exclude(action=Action.NONE)


def mature(at: datetime) -> QuerySet[Decision]:
    """Those that were decided MATURE_FROM_DAYS to MATURE_TO_DAYS before a moment."""
    oldest, youngest = (at - timedelta(days=days) for days in (MATURE_TO_DAYS, MATURE_FROM_DAYS))
    return restrictions().filter(decided_at__gte=oldest, decided_at__lte=youngest)
