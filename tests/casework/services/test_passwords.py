"""Passwords: set once by a link, changed by their owner."""

from datetime import timedelta

import pytest

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Role
from assay.casework.moves import WrongState
from assay.casework.services import passwords
from assay.casework.services.passwords import BadPassword, InvitationOver
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.sessions import Locked
from tests.casework.builders import NOW, PASSWORD, a_person

pytestmark = pytest.mark.django_db
NEW = "another longer phrase"


def test_a_link_sets_a_password_once():
    person = a_person()
    link = passwords.invite(COMMAND_LINE, person)
    row = passwords.set_by_invitation(link, password=NEW)
    assert row.check_password(NEW)
    with pytest.raises(InvitationOver):
        passwords.set_by_invitation(link, password=NEW)
    assert [e.action for e in AuditEvent.objects.order_by("seq")] == ["person.invited", "password.set"]


def test_a_link_takes_the_old_password_and_open_sessions_away():
    person = a_person()
    passwords.invite(COMMAND_LINE, person)
    person.refresh_from_db()
    assert not person.check_password(PASSWORD) and person.session_epoch == 1


def test_a_link_is_over_after_seven_days():
    link = passwords.invite(COMMAND_LINE, a_person(), now=NOW)
    passwords.invited(link, now=NOW + timedelta(days=7))
    with pytest.raises(InvitationOver):
        passwords.invited(link, now=NOW + timedelta(days=7, seconds=1))


def test_a_newer_link_ends_the_older_one():
    person = a_person()
    older = passwords.invite(COMMAND_LINE, person)
    passwords.invite(COMMAND_LINE, person)
    with pytest.raises(InvitationOver):
        passwords.invited(older)


def test_a_changed_link_is_none():
    link = passwords.invite(COMMAND_LINE, a_person())
    for wrong in (link[:-1] + ("A" if link[-1] != "A" else "B"), "x" + link, "", "a:b:c"):
        with pytest.raises(InvitationOver):
            passwords.invited(wrong)


def test_the_link_of_somebody_who_left_is_over():
    person = a_person()
    link = passwords.invite(COMMAND_LINE, person)
    person.refresh_from_db()
    person.is_active = False
    person.save()
    with pytest.raises(InvitationOver):
        passwords.invited(link)
    with pytest.raises(WrongState):
        passwords.invite(COMMAND_LINE, person)


def test_only_an_administrator_invites_and_not_themselves():
    administrator = a_person(Role.ADMINISTRATOR)
    with pytest.raises(Refused):
        passwords.invite(Actor.of(a_person(Role.SENIOR)), a_person())
    with pytest.raises(Refused):
        passwords.invite(Actor.of(administrator), administrator)
    assert passwords.invite(Actor.of(administrator), a_person())


@pytest.mark.parametrize("bad", ["short", "password1234", "analyst-only-analyst"])
def test_a_password_that_is_easy_to_guess_is_refused_and_the_link_stays(bad):
    person = a_person(email="analyst-only@example.org", name="analyst only analyst")
    link = passwords.invite(COMMAND_LINE, person)
    with pytest.raises(BadPassword) as error:
        passwords.set_by_invitation(link, password=bad)
    assert error.value.sentences
    assert passwords.invited(link) == person


def test_a_changed_password_ends_open_sessions():
    person = a_person()
    row = passwords.change_password(Actor.of(person), person, old=PASSWORD, new=NEW)
    assert row.check_password(NEW) and row.session_epoch == 1


def test_the_old_password_is_needed_and_cannot_be_guessed_for_long():
    person = a_person()
    for _ in range(5):
        with pytest.raises(BadPassword):
            passwords.change_password(Actor.of(person), person, old="wrong", new=NEW, now=NOW)
    with pytest.raises(Locked):
        passwords.change_password(Actor.of(person), person, old=PASSWORD, new=NEW, now=NOW)


def test_nobody_changes_somebody_elses_password():
    with pytest.raises(Refused):
        passwords.change_password(Actor.of(a_person(Role.ADMINISTRATOR)), a_person(), old=PASSWORD, new=NEW)


def test_no_password_and_no_link_stands_in_the_log():
    person = a_person()
    link = passwords.invite(COMMAND_LINE, person)
    passwords.set_by_invitation(link, password=NEW)
    said = str(list(AuditEvent.objects.values()))
    assert NEW not in said and link not in said
