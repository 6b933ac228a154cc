"""The person who asks."""

from __future__ import annotations

from django.http import HttpRequest

from assay.casework.access import NotThere
from assay.casework.models import Person


def the_person(request: HttpRequest) -> Person:
    """Who is signed in; behind the gate there always is somebody."""
    if not isinstance(request.user, Person):
        raise NotThere("Nobody is signed in.")
    return request.user
