"""Guessing passwords becomes slow, per account and per address, whatever the order of the attempts."""

from datetime import timedelta

import pytest

from assay.casework.models import LoginThrottle
from assay.casework.services.throttle import (
    FORGET_AFTER,
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    LONGEST_LOCK,
    address_key,
    begin,
    erase_over,
    right,
)
from tests.casework.builders import NOW

pytestmark = pytest.mark.django_db
HERE = "192.0.2.1"


def guesses(n, email="a@example.org", address=HERE, at=NOW):
    return [begin(email, address, at) for _ in range(n)]


def test_the_account_is_locked_after_five_failures():
    assert not any(attempt.is_locked for attempt in guesses(FREE_FOR_ACCOUNT))
    assert begin("a@example.org", HERE, NOW).locked_until == NOW + timedelta(minutes=1)


def test_the_lock_is_the_accounts_wherever_the_guesses_come_from():
    for n in range(FREE_FOR_ACCOUNT):
        assert not begin("a@example.org", f"192.0.2.{n}", NOW).is_locked
    assert begin("A@Example.org ", "198.51.100.1", NOW).is_locked
    assert not begin("b@example.org", "198.51.100.1", NOW).is_locked


def test_the_lock_grows_up_to_an_hour():
    guesses(FREE_FOR_ACCOUNT - 1)
    at, locks = NOW, []
    for n in range(10):
        assert not begin("a@example.org", f"192.0.2.{n}", at).is_locked
        until = begin("a@example.org", f"192.0.2.{n}", at).locked_until
        locks.append(until - at)
        at = until
    assert locks == [min(timedelta(minutes=2**n), LONGEST_LOCK) for n in range(10)]


def test_an_attempt_that_is_locked_out_does_not_make_the_lock_longer():
    guesses(FREE_FOR_ACCOUNT)
    assert {attempt.locked_until for attempt in guesses(20)} == {NOW + timedelta(minutes=1)}


def test_an_address_is_locked_after_guesses_at_many_accounts():
    for n in range(FREE_FOR_ADDRESS):
        assert not begin(f"p{n}@example.org", HERE, NOW).is_locked
    assert begin("other@example.org", HERE, NOW).is_locked
    assert not begin("other@example.org", "192.0.2.2", NOW).is_locked


def test_a_right_password_frees_the_account_and_not_the_address():
    for n in range(FREE_FOR_ADDRESS - 1):
        begin(f"p{n}@example.org", HERE, NOW)
    own = begin("own@example.org", HERE, NOW)
    right(own)
    assert not begin("p@example.org", HERE, NOW).is_locked, "the right one must not count"
    assert begin("q@example.org", HERE, NOW).is_locked, "nor take the others back"


def test_right_ones_from_a_busy_office_do_not_lock_it():
    for n in range(200):
        attempt = begin(f"p{n}@example.org", HERE, NOW)
        assert not attempt.is_locked
        right(attempt)


def test_an_office_above_its_limit_still_signs_in_when_the_lock_is_over():
    for n in range(FREE_FOR_ADDRESS):
        begin(f"p{n}@example.org", HERE, NOW)
    later = NOW + timedelta(minutes=2)
    for n in range(50):
        attempt = begin(f"o{n}@example.org", HERE, later)
        assert not attempt.is_locked
        right(attempt)


def test_failures_are_forgotten_after_a_day():
    guesses(FREE_FOR_ACCOUNT)
    tomorrow = NOW + FORGET_AFTER + timedelta(seconds=1)
    assert not any(attempt.is_locked for attempt in guesses(FREE_FOR_ACCOUNT, at=tomorrow))


def test_counting_beforehand_lets_no_more_through_when_attempts_overlap():
    open_attempts = [attempt for attempt in guesses(100) if not attempt.is_locked]
    assert len(open_attempts) == FREE_FOR_ACCOUNT


def test_the_table_holds_no_address_and_no_name():
    begin("secret.person@example.org", HERE, NOW)
    said = str(list(LoginThrottle.objects.values()))
    assert "secret" not in said and HERE not in said
    assert all(len(row.key) == 64 for row in LoginThrottle.objects.all())


def test_an_ipv6_customer_is_one_address():
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1")
    assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
    assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1")


def test_old_counts_are_erased_and_locks_are_not():
    guesses(FREE_FOR_ACCOUNT)
    assert erase_over(NOW + timedelta(hours=1)) == 0
    row = LoginThrottle.objects.order_by("-n_failures")[0]
    LoginThrottle.objects.filter(pk=row.pk).update(locked_until=NOW + timedelta(days=3))
    assert erase_over(NOW + timedelta(days=2)) == 1
    assert LoginThrottle.objects.get() == row
