"""What seniors look after: policies of the automation, and the gold items."""

from __future__ import annotations

from django.db.models import QuerySet

from assay.casework.models import AutomationPolicy, Gold


def policies() -> QuerySet[AutomationPolicy]:
    """The one for every other category first, then by name."""
    return AutomationPolicy.objects.order_by("category")


def gold_items(*, is_retired: bool = False) -> QuerySet[Gold]:
    """Gold items in use, newest first; or those that are no longer."""
    rows = Gold.objects.filter(retired_at__isnull=not is_retired)
    return rows.select_related("item", "added_by").order_by("-pk")
