"""Organisations and people: who may be added, changed, given a role, shown out."""

import pytest

from assay.casework.access import Refused
from assay.casework.access.roles import ROLES_OF
from assay.casework.models import AuditEvent, Organisation, OrganisationKind, Person, Role
from assay.casework.moves import WrongState
from assay.casework.services import people
from assay.casework.services.people import PersonDetails
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.tokens import make_token, the_token
from assay.market.errors import CallerError
from tests.casework.builders import PASSWORD, a_person, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    return a_person(Role.ADMINISTRATOR)


def details(person, **given):
    values = {"email": person.email, "name": person.name, "role": person.role, "language": person.language}
    return PersonDetails(**values | {"needs_second_factor": person.needs_second_factor} | given)


def add(actor, organisation=None, password=None, **given):
    values = {"email": "New@Example.org ", "name": "New", "role": Role.ANALYST}
    return people.add_person(
        actor, organisation or an_organisation(), PersonDetails(**values | given), password=password
    )


def test_an_address_is_kept_in_lower_case_and_belongs_to_one_person():
    assert add(COMMAND_LINE).email == "new@example.org"
    with pytest.raises(CallerError, match="already"):
        add(COMMAND_LINE, email="NEW@example.org")


def test_an_address_longer_than_its_column_is_none():
    assert add(COMMAND_LINE, email="a" * 242 + "@example.org").email == "a" * 242 + "@example.org"
    with pytest.raises(CallerError, match="no e-mail address"):
        add(COMMAND_LINE, email="a" * 243 + "@example.org")


def test_nobody_signs_in_as_a_new_person_before_the_invitation():
    assert not add(COMMAND_LINE).has_usable_password()
    assert add(COMMAND_LINE, email="b@example.org", password=PASSWORD).check_password(PASSWORD)


@pytest.mark.parametrize("kind", OrganisationKind.values)
def test_an_organisation_gives_only_the_roles_of_its_kind(kind):
    organisation = an_organisation(kind)
    for n, role in enumerate(Role.values):
        given = {"email": f"p{n}@example.org", "role": role}
        if role in ROLES_OF[kind]:
            assert add(COMMAND_LINE, organisation, **given).role == role
        else:
            with pytest.raises(CallerError, match="does not give the role"):
                add(COMMAND_LINE, organisation, **given)


def test_staff_need_a_second_factor_and_merchants_do_not():
    assert add(COMMAND_LINE).needs_second_factor
    merchant = an_organisation(OrganisationKind.MERCHANT)
    assert not add(COMMAND_LINE, merchant, email="m@example.org", role=Role.MERCHANT).needs_second_factor


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_only_administrators_add_and_change(role):
    person, other = a_person(role), a_person()
    with pytest.raises(Refused):
        add(Actor.of(person))
    with pytest.raises(Refused):
        people.change_person(Actor.of(person), other, details(other, name="x"))
    with pytest.raises(Refused):
        people.change_person(Actor.of(person), person, details(person, name="x"))
    with pytest.raises(Refused):
        people.add_organisation(Actor.of(person), OrganisationKind.BRAND, name="x")
    with pytest.raises(Refused):
        people.deactivate(Actor.of(person), other, reason="because")


def test_the_log_names_fields_and_never_the_address():
    person = add(COMMAND_LINE, email="secret@example.org", name="Secret Name")
    people.change_person(COMMAND_LINE, person, details(person, email="hidden@example.org", name="Hidden"))
    said = str(list(AuditEvent.objects.values()))
    assert not [word for word in ("secret@", "Secret Name", "hidden@", "Hidden") if word in said]
    assert sorted(AuditEvent.objects.get(action="person.changed").after["fields"]) == ["email", "name"]


def test_a_changed_role_ends_open_sessions(administrator):
    person = a_person(Role.ANALYST)
    changed = people.change_person(Actor.of(administrator), person, details(person, role=Role.SENIOR))
    assert (changed.role, changed.session_epoch) == (Role.SENIOR, person.session_epoch + 1)
    assert AuditEvent.objects.get(action="person.role_changed").before["role"] == Role.ANALYST


def test_a_change_that_changes_nothing_is_not_recorded(administrator):
    person = a_person()
    people.change_person(Actor.of(administrator), person, details(person))
    assert not AuditEvent.objects.exists()


def test_nobody_changes_their_own_role_or_lifts_their_own_second_factor(administrator):
    a_person(Role.ADMINISTRATOR)
    with pytest.raises(Refused):
        people.change_person(Actor.of(administrator), administrator, details(administrator, role=Role.SENIOR))
    Person.objects.filter(pk=administrator.pk).update(needs_second_factor=True)
    with pytest.raises(Refused):
        people.change_person(Actor.of(administrator), administrator, details(administrator, needs_second_factor=False))
    with pytest.raises(Refused):
        people.deactivate(Actor.of(administrator), administrator, reason="tired")


def test_the_last_administrator_stays(administrator):
    with pytest.raises(CallerError, match="no administrator"):
        people.deactivate(COMMAND_LINE, administrator, reason="left")
    with pytest.raises(CallerError, match="no administrator"):
        people.change_person(COMMAND_LINE, administrator, details(administrator, role=Role.SENIOR))
    with pytest.raises(CallerError, match="no administrator"):
        people.close_organisation(COMMAND_LINE, administrator.organisation, reason="over")
    administrator.refresh_from_db()
    assert administrator.is_active and administrator.role == Role.ADMINISTRATOR


def test_an_administrator_may_go_while_another_stays(administrator):
    other = a_person(Role.ADMINISTRATOR)
    assert not people.deactivate(Actor.of(administrator), other, reason="left").is_active


def test_who_is_shown_out_loses_sessions_and_tokens(administrator):
    person = a_person()
    made = make_token(COMMAND_LINE, person, name="x", scopes=["cases:read"])
    gone = people.deactivate(Actor.of(administrator), person, reason="left")
    assert not gone.is_active and gone.deactivated_at and gone.session_epoch == 1
    back = people.reactivate(Actor.of(administrator), gone, reason="came back")
    assert back.is_active and back.deactivated_at is None
    assert the_token(made.clear_text) is None


def test_a_reason_is_needed_to_show_somebody_out(administrator):
    with pytest.raises(CallerError, match="reason"):
        people.deactivate(Actor.of(administrator), a_person(), reason=" ")


def test_a_closed_organisation_takes_its_people_along_and_takes_nobody_new(administrator):
    brand = an_organisation(OrganisationKind.BRAND)
    person = a_person(Role.AUTHENTICATOR, brand)
    people.close_organisation(Actor.of(administrator), brand, reason="contract ended")
    person.refresh_from_db()
    brand.refresh_from_db()
    assert not person.is_active
    with pytest.raises(CallerError, match="closed"):
        add(COMMAND_LINE, brand, role=Role.AUTHENTICATOR)
    with pytest.raises(WrongState):
        people.reactivate(COMMAND_LINE, person, reason="please")
    with pytest.raises(WrongState):
        people.close_organisation(COMMAND_LINE, brand, reason="again")


def test_an_administrator_does_not_close_the_own_organisation(administrator):
    a_person(Role.ADMINISTRATOR, an_organisation())
    with pytest.raises(WrongState):
        people.close_organisation(Actor.of(administrator), administrator.organisation, reason="over")


def test_a_merchant_has_one_organisation_and_its_id():
    add_one = people.add_organisation
    assert add_one(COMMAND_LINE, OrganisationKind.MERCHANT, name="Shop", merchant_id="M1").merchant_id == "M1"
    with pytest.raises(CallerError, match="already"):
        add_one(COMMAND_LINE, OrganisationKind.MERCHANT, name="Shop", merchant_id="M1")
    with pytest.raises(CallerError, match="needs the market's id"):
        add_one(COMMAND_LINE, OrganisationKind.MERCHANT, name="Shop")
    with pytest.raises(CallerError, match="only a merchant"):
        add_one(COMMAND_LINE, OrganisationKind.BRAND, name="Brand", merchant_id="M2")


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(CallerError) as found:
        people.add_organisation(COMMAND_LINE, "club", name=" ", language="xx", contact_email="nowhere")
    assert all(word in found.value.message for word in ("'club'", "no name", "'xx'", "'nowhere'"))
    assert not Organisation.objects.exists()


def test_an_organisation_changes_its_name(administrator):
    brand = an_organisation(OrganisationKind.BRAND)
    changed = people.change_organisation(
        Actor.of(administrator), brand, name="Other", language="zh-hans", contact_email="A@example.org"
    )
    assert (changed.name, changed.language, changed.contact_email) == ("Other", "zh-hans", "a@example.org")


def test_a_person_chooses_a_language_for_themselves_only():
    person = a_person()
    assert people.choose_language(Actor.of(person), person, language="zh-hans").language == "zh-hans"
    with pytest.raises(CallerError, match="no language"):
        people.choose_language(Actor.of(person), person, language="xx")
    with pytest.raises(Refused):
        people.choose_language(Actor.of(person), a_person(), language="en")
