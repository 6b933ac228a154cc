"""Every field has a class, and nobody is shown a field that is not for them."""

import csv
import io

import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.masking import MASK, field_classes, safe_cell, sees, unclassed, visible
from assay.casework.models import AuditEvent, FieldClass, OrganisationKind, Role, Statement
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation

CASE_READERS = {Role.ANALYST, Role.SENIOR, Role.AUDITOR}


def test_every_field_of_casework_has_a_class():
    assert not unclassed(), "name these in casework/masking.py: whom are they for?"


def test_a_new_field_without_a_class_is_an_error():
    class Organisation(models.Model):
        name = models.CharField(max_length=1)
        secret_note = models.TextField()

        class Meta:
            app_label = "made_up"

    class Unheard(models.Model):
        class Meta:
            app_label = "made_up"

    found = unclassed([Organisation, Unheard])
    assert "organisation.secret_note" in found and "unheard" in found
    assert "organisation.contact_email (no such field)" in found


def test_what_opens_doors_is_sealed():
    sealed = {name for name, kind in field_classes().items() if kind == FieldClass.SEALED}
    secrets = {
        "person.password",
        "apitoken.secret_sha256",
        "endpoint.sealed_secret",
        "loginthrottle.key",
    }
    assert secrets <= sealed


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_nobody_sees_a_sealed_field(role):
    person = a_person(role)
    assert visible(person, person)["password"] == MASK


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_only_who_works_on_cases_or_checks_them_sees_what_is_of_a_case(role):
    person, decision = a_person(role), a_decision(note="between us")
    shown = visible(person, decision)
    assert (shown["note"] == "between us") == (role in CASE_READERS)
    assert (shown["merchant_id"] == decision.merchant_id) == (role in CASE_READERS)


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_what_is_of_the_platform_is_for_the_marketplace_and_auditors(role):
    person, other = a_person(role), an_organisation(OrganisationKind.BRAND, contact_email="x@example.org")
    inside = person.organisation.kind == OrganisationKind.MARKETPLACE or role == Role.AUDITOR
    assert (visible(person, other)["contact_email"] == "x@example.org") == inside


@pytest.mark.django_db
def test_a_merchant_sees_of_its_own_decision_what_is_meant_for_it():
    shop = an_organisation(OrganisationKind.MERCHANT)
    person = a_person(Role.MERCHANT, shop)
    mine = a_decision(
        an_item(state="decided", merchant_id=shop.merchant_id), merchant_id=shop.merchant_id, note="inside"
    )
    shown = visible(person, mine)
    assert (shown["reference"], shown["action"], shown["note"]) == (mine.reference, mine.action, MASK)
    assert shown["decided_by"] == MASK
    assert visible(person, a_decision())["reference"] == MASK


@pytest.mark.django_db
def test_a_merchant_reads_its_own_statement_and_no_other():
    shop = an_organisation(OrganisationKind.MERCHANT)
    person, decision = a_person(Role.MERCHANT, shop), a_decision()
    given = {"decision": decision, "language": "en", "subject": "s", "text": "t", "issued_at": NOW, "appeal_by": NOW}
    row = Statement.objects.create(merchant_id=shop.merchant_id, **given)
    assert visible(person, row)["text"] == "t"
    assert visible(a_person(Role.MERCHANT), row)["text"] == MASK


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_an_event_shows_its_states_to_whom_its_subject_is_shown(role):
    person = a_person(role, an_organisation() if role != Role.MERCHANT else None)
    about_case = AuditEvent(seq=1, at=NOW, actor="person:1", subject_type="decision", after={"x": 1}, reason="r")
    about_people = AuditEvent(seq=2, at=NOW, actor="person:1", subject_type="person", after={"role": "x"}, reason="r")
    assert (visible(person, about_case)["after"] == {"x": 1}) == (role in CASE_READERS)
    assert (visible(person, about_case)["reason"] == "r") == (role in CASE_READERS)
    assert (visible(person, about_people)["after"] == {"role": "x"}) == (role != Role.MERCHANT)


@pytest.mark.django_db
def test_what_is_empty_stays_empty_and_secrets_in_states_are_not_shown():
    auditor = a_person(Role.AUDITOR)
    event = AuditEvent(seq=1, at=NOW, subject_type="endpoint", after={"secret": "s", "deep": [{"token": "t", "n": 1}]})
    shown = visible(auditor, event)
    assert shown["before"] is None
    assert shown["after"] == {"secret": MASK, "deep": [{"token": MASK, "n": 1}]}


@pytest.mark.django_db
def test_a_field_without_a_class_is_an_error_and_not_shown():
    person = a_person()
    with pytest.raises(KeyError):
        sees(person, models.Model.__new__(type("Nothing", (models.Model,), {"__module__": "x", "Meta": _Meta})), "x")


class _Meta:
    app_label = "made_up"


STARTS = "=+-@\t\r\n＝＋－＠"


@given(st.text(), st.sampled_from(STARTS), st.integers(0, 3))
def test_no_text_begins_a_formula(text, start, n_spaces):
    cell = safe_cell(" " * n_spaces + start + text)
    assert cell[0] == "'"
    file = io.StringIO()
    csv.writer(file).writerow([cell])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline="")))[0].startswith("'")


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.none(), st.text("abc123 äé仿", max_size=9)))
def test_what_runs_nothing_stays_as_it_is(value):
    assert safe_cell(value) == value
