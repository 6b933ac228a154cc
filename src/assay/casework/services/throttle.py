"""Slows down guessing of passwords: per account, so that one is not tried for long; per address, so that not many are.

An attempt is counted before the password is looked at, and taken back when it was right: of a hundred attempts that
arrive at once no more are let through than of a hundred that arrive one by one. Keys are keyed hashes: the table holds
no e-mail and no IP address, and does not tell whether an account exists.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from assay.casework.models import LoginThrottle

# Failures that are free. Five for an account is what a person with three passwords in mind needs. An address may be a
# whole office's, so more; that many accounts with one guess each (credential stuffing) are still noticed within it.
FREE_FOR_ACCOUNT, FREE_FOR_ADDRESS = 5, 20
# The first lock, doubled with every further failure, up to the longest. At an hour each, a year holds 8,760 guesses at
# one account. Longer would serve those who lock others out on purpose better than those who guard.
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
# Failures this long after the first one are the beginning of a new count, once no lock is on.
FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: let through, or locked until a time. The keys say what it was counted under."""

    account_key: str
    address_key: str
    locked_until: datetime | None
    n_failures: int
    address_lock: datetime | None = None

    @property
    def is_locked(self) -> bool:
        """Whether the password must not be looked at."""
        return self.locked_until is not None


def begin(email: str, address: str, now: datetime) -> Attempt:
    """Counts an attempt as failed beforehand, or refuses it; `right` takes it back."""
    account, place = account_key(email), address_key(address)
    with transaction.atomic():
        # Always in the order of the keys: two attempts that share both rows must not wait for each other in a circle.
        rows = {key: _locked_row(key, now) for key in sorted((account, place))}
        locks = [row.locked_until for row in rows.values() if row.locked_until is not None]
        until = max((lock for lock in locks if lock > now), default=None)
        if until is None:
            _count(rows[account], FREE_FOR_ACCOUNT, now)
            _count(rows[place], FREE_FOR_ADDRESS, now)
    return Attempt(account, place, until, rows[account].n_failures, rows[place].locked_until)


def right(attempt: Attempt) -> None:
    """Takes a counted attempt back: the account begins anew, the address is where it was.

    An address is not forgiven for one right password, or whoever owns an account could guess at all others.
    """
    with transaction.atomic():
        for key in sorted((attempt.account_key, attempt.address_key)):
            row = LoginThrottle.objects.select_for_update().filter(key=key).first()
            if row is None:
                continue
            is_account = key == attempt.account_key
            row.n_failures = 0 if is_account else max(row.n_failures - 1, 0)
            # Nobody else was let through since: while this attempt was looked at, its own lock was on.
            if is_account or row.locked_until == attempt.address_lock:
                row.locked_until = None
            row.save(update_fields=["n_failures", "locked_until"])


def account_key(email: str) -> str:
    """What an account's failures are counted under, whether or not there is such an account."""
    return salted_hmac("assay.throttle.account", email.strip().lower(), algorithm="sha256").hexdigest()


def address_key(address: str) -> str:
    """What an address' failures are counted under. Of IPv6 the first 64 bits: one customer has them all.

    >>> from assay.casework.services.throttle import _network
    >>> _network("2001:db8::1"), _network("192.0.2.7"), _network("?")
    ('2001:db8::', '192.0.2.7', '?')
    """
    return salted_hmac("assay.throttle.address", _network(address), algorithm="sha256").hexdigest()


def erase_over(now: datetime) -> int:
    """Deletes counts that no longer slow anybody down; how many."""
    old = LoginThrottle.objects.filter(first_failure_at__lt=now - FORGET_AFTER)
    n, _ = old.exclude(locked_until__gt=now).delete()
    return n


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


def _locked_row(key: str, now: datetime) -> LoginThrottle:
    row, is_new = LoginThrottle.objects.get_or_create(key=key, defaults={"first_failure_at": now})
    return row if is_new else LoginThrottle.objects.select_for_update().get(pk=row.pk)


def _count(row: LoginThrottle, n_free: int, now: datetime) -> None:
    if row.n_failures == 0 or now - row.first_failure_at > FORGET_AFTER:
        row.n_failures, row.first_failure_at = 0, now
    row.n_failures += 1
    row.locked_until = now + _lock(row.n_failures - n_free) if row.n_failures >= n_free else None
    row.save(update_fields=["n_failures", "first_failure_at", "locked_until"])


def _lock(n_beyond: int) -> timedelta:
    """One minute at the last free failure, doubled with each further one."""
    return min(FIRST_LOCK * int(2 ** min(n_beyond, 10)), LONGEST_LOCK)
