"""Who stands behind an action: a person whose permissions are asked, or a part of the system that needs none."""

from __future__ import annotations

import secrets
from typing import Any

from django.utils.translation import gettext

from assay.casework.access import Refused, need
from assay.casework.models import Person
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError


def the_person(actor: Actor, permission: str, subject: Any = None) -> Person:  # noqa: ANN401 - any object of casework
    """The person, who must have the permission. Refused for a part of the system: this is for people only."""
    if actor.person is None:
        raise Refused(f"{actor.name} may not do {permission}: only a person may.", where={"permission": permission})
    need(actor.person, permission, subject)
    return actor.person


def a_person(actor: Actor) -> Person:
    """The person who acts. CallerError for a part of the system: what goes from hand to hand is the work of people."""
    if actor.person is None:
        raise CallerError(f"{actor.name} cannot do this; it is the work of a person.", value=actor.name)
    return actor.person


def need_of(actor: Actor, permission: str, subject: Any = None) -> None:  # noqa: ANN401
    """Asks the permission of a person; the system's own parts do what the code calls them for."""
    if actor.person is not None:
        need(actor.person, permission, subject)


def need_reason(reason: str) -> None:
    """Refuses when nothing is said."""
    if not reason.strip():
        said = gettext("This needs a reason; none was given.")
        raise CallerError(said, where={"field": "reason"}, allowed="a few words")


def drawn(one_in: int) -> bool:
    """True once in so many times, so that nobody can foresee it; never for 0."""
    return one_in > 0 and secrets.randbelow(one_in) == 0
