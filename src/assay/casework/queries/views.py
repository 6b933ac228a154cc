"""What a person comes back to: saved views of the queue, and their latest answers."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from assay.casework.access import NotThere, may
from assay.casework.models import Person, Review, ReviewKind, SavedView

_LATEST = 5
# More than fit in one line are not found by looking; they are in the list of one's own all the same.
_MOST_SHOWN = 20


def views_of(person: Person) -> list[SavedView]:
    """The person's own views and those that colleagues share, by name; each with its address as `address`."""
    mine = Q(person=person) | Q(is_shared=True, person__organisation=person.organisation_id)
    found = list(SavedView.objects.filter(mine).select_related("person").order_by("name", "id")[:_MOST_SHOWN])
    for each in found:
        each.address = "?" + urlencode(each.query)  # type: ignore[attr-defined]
    return found


def the_view(person: Person, pk: int, permission: str = "view.use") -> SavedView:
    """One view; NotThere when there is none or it is not for this person."""
    found = SavedView.objects.select_related("person").filter(pk=pk).first()
    if found is None or not may(person, permission, found):
        raise NotThere(f"There is no saved view {pk}.", where={"view": pk}, value=pk)
    return found


def latest_answers(person: Person) -> QuerySet[Review]:
    """What the person answered last, of whatever kind."""
    rows = Review.objects.filter(person=person).exclude(kind=ReviewKind.APPEAL)
    return rows.select_related("item").order_by("-pk")[:_LATEST]
