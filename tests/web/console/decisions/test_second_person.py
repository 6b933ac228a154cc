"""A second person agrees to a proposal or refuses it; the one who proposed never does."""

from __future__ import annotations

import pytest

from assay.casework.choices import Choice
from assay.casework.models import Role
from assay.casework.services.decisions import decide
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def _proposed(by):
    return decide(Actor.of(by), an_item(harm_minor=5_000_000), Choice("counterfeit", "remove", "facts-do-not-fit"))


def test_a_senior_finds_the_proposal_and_agrees():
    made = _proposed(a_person())
    client = signed_in(a_person(Role.SENIOR))
    assert made.reference in client.get("/console/decisions/?state=proposed").content.decode()
    assert "Agree: it takes effect" in client.get(f"/console/decisions/{made.reference}/").content.decode()
    said = client.post(f"/console/decisions/{made.reference}/approve/", follow=True).content.decode()
    made.refresh_from_db()
    assert made.state == "in_force" and "the decision is in force" in said


def test_a_senior_refuses_with_a_reason():
    made = _proposed(a_person())
    client = signed_in(a_person(Role.SENIOR))
    address = f"/console/decisions/{made.reference}/"
    without = client.post(f"{address}refuse/", {"back": address}, follow=True)
    assert "A reason in words is needed" in without.content.decode() and without.redirect_chain[-1][0] == address
    client.post(f"{address}refuse/", {"reason": "one price is old"})
    made.refresh_from_db()
    assert made.state == "refused" and made.item.__class__.objects.get(pk=made.item_id).state == "open"


def test_the_one_who_proposed_has_no_button_and_is_refused():
    senior = a_person(Role.SENIOR)
    made = _proposed(senior)
    client = signed_in(senior)
    html = client.get(f"/console/decisions/{made.reference}/").content.decode()
    assert "Agree: it takes effect" not in html and "Waits for a second person" in html
    assert client.post(f"/console/decisions/{made.reference}/approve/").status_code == 403


def test_an_analyst_cannot_agree():
    made = _proposed(a_person())
    assert signed_in(a_person()).post(f"/console/decisions/{made.reference}/approve/").status_code == 403
