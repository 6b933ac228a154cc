"""What must hold when things happen at once; on PostgreSQL, since SQLite in memory has one connection."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import Person, Role
from assay.casework.services import appeals, auditing, automation, factors, people, throttle
from assay.casework.services.factors import WrongCode
from assay.casework.services.passwords import InvitationOver, invite, set_by_invitation
from assay.casework.services.recording import COMMAND_LINE, Actor, Happening, record_all
from assay.market.errors import AssayError
from tests.casework.builders import NOW, a_person
from tests.casework.merchant_cases import a_case

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs several connections"),
]


def at_once(*calls):
    """What each call gave or raised; all begin together."""
    found, gate = [None] * len(calls), threading.Barrier(len(calls))

    def run(place, call):
        gate.wait()
        try:
            found[place] = call()
        except AssayError as error:
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_thirty_guesses_at_once_five_get_through():
    found = at_once(*[lambda: throttle.begin("a@example.org", "192.0.2.1", NOW)] * 30)
    assert sum(not attempt.is_locked for attempt in found) == throttle.FREE_FOR_ACCOUNT


def test_one_code_in_two_requests_is_good_in_one():
    person = a_person()
    device = TOTPDevice.objects.create(user=person, confirmed=True)
    totp = TOTP(device.bin_key)
    totp.time = time.time()
    code = f"{totp.token():06d}"
    found = at_once(*[lambda: factors.verify(COMMAND_LINE, person, code=code)] * 2)
    assert sum(isinstance(each, WrongCode) for each in found) == 1


def test_one_link_in_two_requests_sets_one_password():
    link = invite(COMMAND_LINE, a_person())
    calls = [lambda n=n: set_by_invitation(link, password=f"a longer phrase {n}") for n in range(2)]
    assert sum(isinstance(each, InvitationOver) for each in at_once(*calls)) == 1


def test_two_administrators_who_show_each_other_out_do_not_both_succeed():
    one, two = a_person(Role.ADMINISTRATOR), a_person(Role.ADMINISTRATOR)
    at_once(
        lambda: people.deactivate(Actor.of(one), two, reason="x"),
        lambda: people.deactivate(Actor.of(two), one, reason="x"),
    )
    assert Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 1


def test_a_log_that_grows_while_it_is_verified_is_sound():
    def write():
        for _ in range(30):
            with transaction.atomic():
                record_all(COMMAND_LINE, [Happening("audit.exported", "audit", "log")] * 5)

    write()
    reports = at_once(write, *[auditing.verify] * 4)[1:]
    assert all(report.sound for report in reports), [report.faults[:1] for report in reports]


def waits_for_a_row():
    """Returns once some other connection waits for a lock."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_an_appeal_that_waits_for_the_policy_does_not_hold_the_log_meanwhile():
    case = a_case(
        is_automatic=True, decided_by=None, action="demote", answer="inconclusive", in_force_at=timezone.now()
    )
    senior = Actor.of(a_person(Role.SENIOR))
    category = case.decision.item.category
    policy = automation.set_policy(senior, category=category, most_severe_action="demote", least_score=95.0)
    appeal = appeals.lodge(Actor.of(case.merchant), case.decision, text="The invoice names the brand's own dealer.")
    found, verdict = [], appeals.Verdict(True, "The invoice covers these goods.")

    def answer():
        try:
            found.append(appeals.answer(senior, appeal, verdict).state)
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=answer)
    with transaction.atomic():
        automation._locked(category)
        other.start()
        waits_for_a_row()
        record_all(COMMAND_LINE, [Happening("automation.set", "automationpolicy", str(policy.pk))])
    other.join()
    assert found == ["reversed"]
