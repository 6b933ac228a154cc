"""Who may do what: effects, the endpoints they go to, and the worker that sends them."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_administrator, is_auditor
from assay.casework.models import OrganisationKind, Person


def reads_effects(person: Person, effect: Any = None) -> bool:  # noqa: ANN401 - predicates take any object
    """Administrators keep their own way out open; auditors check that what was decided was also told."""
    return is_auditor(person) or keeps_effects(person, effect)


def keeps_effects(person: Person, effect: Any = None) -> bool:  # noqa: ANN401
    """Retrying or waiving decides nothing about goods: it is the administrators' part, with a reason in the log."""
    endpoint = None if effect is None else effect.endpoint
    return is_administrator(person) and (endpoint is None or endpoint.organisation_id == person.organisation_id)


def keeps_endpoint(person: Person, endpoint: Any = None) -> bool:  # noqa: ANN401
    """Effects carry every decision, so only a marketplace's administrators say where they go: to their own systems."""
    if not is_administrator(person) or person.organisation.kind != OrganisationKind.MARKETPLACE:
        return False
    return endpoint is None or endpoint.organisation_id == person.organisation_id


PERMISSIONS: dict[str, Predicate] = {
    "effect.read": reads_effects,
    "effect.retry": keeps_effects,
    "effect.waive": keeps_effects,
    "endpoint.read_all": is_auditor,
    "endpoint.keep": keeps_endpoint,
    "worker.read": reads_effects,
}
