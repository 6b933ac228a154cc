"""Passwords: set by an invitation, changed by their owner, known to nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import Person
from assay.casework.moves import WrongState
from assay.casework.services import throttle
from assay.casework.services.recording import Actor, record
from assay.casework.services.sessions import Locked
from assay.casework.services.tokens import revoke_all
from assay.market.errors import CallerError

EVENTS = {
    "person.invited": _("made a link that sets a password"),
    "password.set": _("set a password by a link"),
    "password.changed": _("changed the own password"),
}
# Long enough for a holiday's end, short enough that a forgotten letter is no key.
INVITATION_DAYS = 7
_SALT = "assay.invitation"


@dataclass(eq=False)
class BadPassword(CallerError):
    """A password that is refused; `sentences` say why, one each, in the reader's language. Exit code 2."""

    sentences: tuple[str, ...] = ()


class InvitationOver(CallerError):
    """A link that was used, replaced, changed on its way, or is older than `INVITATION_DAYS`. Exit code 2."""


def invite(actor: Actor, person: Person, *, now: datetime | None = None) -> str:
    """The text of a link that sets the person's password once.

    The old password, older links, open sessions and API tokens end: who takes an account back takes all of it back.
    """
    if actor.person is not None:
        need(actor.person, "person.invite", person)
    at = now or timezone.now()
    until = at + timedelta(days=INVITATION_DAYS)
    with transaction.atomic():
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if not row.is_active:
            raise WrongState(
                gettext("%(person)s is deactivated; let them in again first.") % {"person": row},
                where={"person": row.pk},
            )
        row.set_unusable_password()
        row.session_epoch += 1
        row.save(update_fields=["password", "session_epoch"])
        record(actor, "person.invited", row, after={"until": until.isoformat()} | revoke_all(row, at))
    said = {"person": row.pk, "until": int(until.timestamp()), "state": _state(row)}
    return signing.dumps(said, salt=_SALT)


def invited(link: str, *, now: datetime | None = None) -> Person:
    """The person whose password a link sets. InvitationOver for a link that is over."""
    over = InvitationOver(gettext("This link was used, replaced or is too old; ask an administrator for a new one."))
    try:
        said: dict[str, Any] = signing.loads(link, salt=_SALT)
    except signing.BadSignature as error:
        raise over from error
    person = Person.objects.filter(pk=said["person"], is_active=True).first()
    if person is None or (now or timezone.now()).timestamp() > said["until"]:
        raise over
    if not constant_time_compare(said["state"], _state(person)):
        raise over
    return person


def set_by_invitation(link: str, *, password: str, now: datetime | None = None) -> Person:
    """Sets the password that a link stands for; the link is over then. BadPassword, InvitationOver."""
    person = invited(link, now=now)
    check_password_is_good(password, person)
    with transaction.atomic():
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        invited(link, now=now)  # two who use the link at once: the second one finds it used
        _keep(row, password)
        record(Actor.of(row), "password.set", row)
    return row


def change_password(
    actor: Actor, person: Person, *, old: str, new: str, address: str = "", now: datetime | None = None
) -> Person:
    """Another password, by whoever knows the old one; every open session ends. BadPassword, Locked.

    Guessing the old one from a session that was left open counts as guessing at signing in.
    """
    if actor.person is not None:
        need(actor.person, "person.own", person)
    confirm(person, old, address=address, now=now)
    check_password_is_good(new, person)
    with transaction.atomic():
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        _keep(row, new)
        record(actor, "password.changed", row)
    return row


def confirm(person: Person, password: str, *, address: str = "", now: datetime | None = None) -> None:
    """Nothing, if this is the person's password: what outlives a session asks for it again. BadPassword, Locked."""
    attempt = throttle.begin(person.email, address, now or timezone.now())
    if attempt.locked_until is not None:
        error = Locked("There were too many attempts; wait until the lock ends.", allowed="a later attempt")
        error.until = attempt.locked_until
        raise error
    if not person.check_password(password):
        raise BadPassword("The password is not right.", sentences=(str(_("The password is not right.")),))
    throttle.right(attempt)


def check_password_is_good(password: str, person: Person) -> None:
    """BadPassword with one sentence for each rule that the password breaks."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise BadPassword(
            f"This password cannot be used: {' '.join(error.messages)}", sentences=tuple(error.messages)
        ) from error


def _keep(row: Person, password: str) -> None:
    row.set_password(password)
    row.session_epoch += 1
    row.save(update_fields=["password", "session_epoch"])


def _state(person: Person) -> str:
    """Changes with every password that is set or taken away, so that a link is good once."""
    return salted_hmac("assay.invitation.state", f"{person.pk} {person.password}", algorithm="sha256").hexdigest()
