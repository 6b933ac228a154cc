"""Who is let in with a password, and what the log says about it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Person
from assay.casework.services import throttle
from assay.casework.services.recording import Actor, Happening, record, record_all
from assay.market.errors import CallerError

EVENTS = {
    "session.opened": _("signed in"),
    "session.refused": _("was refused at signing in"),
    "session.closed": _("signed out"),
}
STRANGER = Actor("stranger", "none")
# Enough of the keyed hash to see that two refusals came from one place, too little to be mistaken for the whole.
_SHOWN_OF_KEY = 16


class NotLetIn(CallerError):
    """Address and password do not belong together, or nobody may sign in with them. Over HTTP: 400. Exit code 2."""


class Locked(NotLetIn):
    """Too many attempts; `until` is when the next one is looked at."""

    until: datetime


def let_in(email: str, password: str, *, address: str, now: datetime | None = None) -> Person:
    """The person who may sign in. NotLetIn says the same for unknown, wrong and deactivated; Locked comes before it.

    An unknown address costs the time of a known one: the password is hashed in both cases.
    """
    at = now or timezone.now()
    attempt = throttle.begin(email, address, at)
    if attempt.locked_until is not None:
        error = Locked("There were too many attempts; wait until the lock ends.", allowed="a later attempt")
        error.until = attempt.locked_until
        raise error
    person = authenticate(None, username=email.strip().lower(), password=password)
    if not isinstance(person, Person):
        _record_refusal(attempt, email)
        raise NotLetIn("This address and this password do not belong together.")
    throttle.right(attempt)
    return person


def record_opened(person: Person, *, factor: str) -> None:
    """A session was opened, with what: `password`, `code` or `recovery code`."""
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(last_seen_at=timezone.now())
        record(Actor.of(person), "session.opened", person, after={"factor": factor})


def record_closed(person: Person) -> None:
    """A person signed out."""
    with transaction.atomic():
        record(Actor.of(person), "session.closed", person)


def record_wrong_code(person: Person) -> None:
    """A second factor did not fit, after the right password."""
    with transaction.atomic():
        record(Actor.of(person), "session.refused", person, after={"why": "second factor"})


def _record_refusal(attempt: throttle.Attempt, email: str) -> None:
    """Once per counted attempt; not for those that a lock turns away, or the log could be filled from outside."""
    person = Person.objects.filter(email=email.strip().lower()).first()
    subject = ("person", str(person.pk)) if person else ("account", attempt.account_key[:_SHOWN_OF_KEY])
    said = {"why": "password", "address": attempt.address_key[:_SHOWN_OF_KEY], "n_failures": attempt.n_failures}
    with transaction.atomic():
        record_all(STRANGER, [Happening("session.refused", *subject, after=said)])
