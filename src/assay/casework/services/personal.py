"""Leaves a trace when somebody reads what is personal to others: their addresses, and what they wrote.

One event a page, not one a row; it names people by number. What belongs to one's own organisation leaves none, but
whoever administers people leaves one about everybody but themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Appeal, Organisation, Person
from assay.casework.services.recording import Actor, Happening, record_all

EVENTS = {"personal.read": _("read personal data")}


def read_people(actor: Actor, rows: Iterable[Person], *, of: Organisation | None = None) -> None:
    """A page with addresses of people was read: all of them, or those `of` one organisation."""
    others = sorted(each.pk for each in rows if actor.person is None or each.pk != actor.person.pk)
    if not others:
        return
    if of is not None:
        _note(actor, "organisation", str(of.pk), {"people": others})
    elif len(others) == 1:
        _note(actor, "person", str(others[0]), {})
    else:
        _note(actor, "person", "all", {"people": others})


def read_appeal(actor: Actor, appeal: Appeal) -> None:
    """A page with what somebody wrote in an appeal was read."""
    if actor.person is None or actor.person.organisation_id != appeal.organisation_id:
        _note(actor, "appeal", str(appeal.pk), {"decision": appeal.decision.reference})


def _note(actor: Actor, subject_type: str, subject_id: str, said: dict[str, Any]) -> None:
    with transaction.atomic():
        record_all(actor, [Happening("personal.read", subject_type, subject_id, after=said)])
