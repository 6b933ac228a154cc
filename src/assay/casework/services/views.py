"""Saved views: filters of the queue that a person keeps, or shares with the organisation."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import SavedView
from assay.casework.queries.queue import Wanted
from assay.casework.services.acting import the_person
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "view.saved": _("saved a view of the queue"),
    "view.shared": _("shared a view of the queue, or no longer"),
    "view.deleted": _("deleted a view of the queue"),
}
# More than anybody finds again in a row of links.
MOST_VIEWS = 20


def save(actor: Actor, *, name: str, wanted: Wanted, is_shared: bool = False) -> SavedView:
    """Keeps a filter under a name; a view of the person's with the same name is replaced.

    CallerError for no name, a long one, or more than MOST_VIEWS.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 100:
        raise CallerError(
            gettext("A view needs a name of 1 to 100 characters, not %(name)s.") % {"name": repr(name[:20])},
            where={"field": "name"},
            value=name[:100],
            allowed="1 to 100 characters",
        )
    with transaction.atomic():
        person = the_person(actor, "view.change")
        mine = SavedView.objects.select_for_update(of=("self",), no_key=True).filter(person=person)
        row = mine.filter(name=name).first() or SavedView(person=person, name=name, created_at=timezone.now())
        if row.pk is None and mine.count() >= MOST_VIEWS:
            raise CallerError(
                gettext("You keep %(most)d views already; delete one first.") % {"most": MOST_VIEWS},
                value=MOST_VIEWS,
                allowed=f"{MOST_VIEWS}",
            )
        row.query, row.is_shared = wanted.query, is_shared
        row.save()
        record(actor, "view.saved", row, after={"name": name, "query": row.query, "is_shared": is_shared})
    return row


def share(actor: Actor, view: SavedView, *, is_shared: bool) -> SavedView:
    """Shows a view to colleagues of the same organisation, or no longer."""
    with transaction.atomic():
        row = SavedView.objects.select_for_update(of=("self",), no_key=True).get(pk=view.pk)
        the_person(actor, "view.change", row)
        was, row.is_shared = row.is_shared, is_shared
        row.save(update_fields=["is_shared"])
        record(actor, "view.shared", row, before={"is_shared": was}, after={"is_shared": is_shared})
    return row


def delete(actor: Actor, view: SavedView) -> None:
    """Deletes a view; nothing else rests on it."""
    with transaction.atomic():
        row = SavedView.objects.select_for_update(of=("self",), no_key=True).get(pk=view.pk)
        the_person(actor, "view.change", row)
        before = {"name": row.name, "query": row.query, "is_shared": row.is_shared}
        pk = row.pk
        row.delete()
        row.pk = pk  # the log names what is gone
        record(actor, "view.deleted", row, before=before)
