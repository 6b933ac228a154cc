"""A client that is signed in as somebody, past the second factor, without filling the form."""

from __future__ import annotations

from django.test import Client

from assay.casework.models import Person
from assay.web.gate import EPOCH


def signed_in(person: Person) -> Client:
    """A browser of this person; their `needs_second_factor` should be False (as the builders make them)."""
    client = Client()
    client.force_login(person)
    session = client.session
    session[EPOCH] = person.session_epoch
    session.save()
    return client
