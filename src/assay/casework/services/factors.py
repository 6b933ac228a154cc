"""The second factor: an authenticator app (TOTP), and recovery codes for the day it is lost."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.access import need
from assay.casework.models import Person
from assay.casework.moves import WrongState
from assay.casework.services.acting import need_reason
from assay.casework.services.recording import Actor, record
from assay.casework.services.tokens import revoke_all
from assay.market.errors import CallerError

EVENTS = {
    "factor.enrolled": _("enrolled an authenticator app"),
    "factor.recovery_codes_made": _("made new recovery codes"),
    "factor.recovery_code_used": _("used a recovery code"),
    "factor.reset": _("removed a person's second factor"),
}
N_CODES = 10
# 12 of 31 letters and digits: 59 bits. Kept as 16 hex digits of their hash, all that the column holds.
_LETTERS, _CODE_LETTERS, _KEPT_DIGITS = "abcdefghjkmnpqrstuvwxyz23456789", 12, 16
_TOTP_CODE = re.compile(r"[0-9]{6}")


class WrongCode(CallerError):
    """A code does not fit, was used before, or comes too soon after wrong ones (`wait_until`). Exit code 2."""

    wait_until: datetime | None = None


def has_factor(person: Person) -> bool:
    """Whether an authenticator app is enrolled."""
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).exists())


def draft_device(person: Person) -> TOTPDevice:
    """The app that is being enrolled, made on first sight; WrongState when one is enrolled already.

    A second one is for an administrator to allow by a reset: whoever has an open session must not add their own app.
    """
    with transaction.atomic():
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if has_factor(person):
            raise WrongState(gettext("An authenticator app is enrolled already; an administrator can reset it."))
        device, _is_new = TOTPDevice.objects.get_or_create(user=person, confirmed=False, defaults={"name": "app"})
    return device


def enrol(actor: Actor, person: Person, *, code: str) -> tuple[TOTPDevice, list[str]]:
    """Confirms the drafted app with a code from it: the device and the recovery codes, in the only sight of them."""
    if actor.person is not None:
        need(actor.person, "person.own", person)
    device = draft_device(person)
    codes: list[str] = []

    def keep() -> None:
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        # Who enrols of their own accord is asked from now on; a factor that is not asked for protects nothing.
        Person.objects.filter(pk=person.pk).update(needs_second_factor=True)
        codes.extend(_new_codes(person))
        record(actor, "factor.enrolled", person, after={"recovery_codes": len(codes)})

    _verify(person, device, code, then=keep)
    return device, codes


def verify(actor: Actor, person: Person, *, code: str) -> tuple[TOTPDevice | StaticDevice, str]:
    """The device that a code belongs to, and its kind (`code` or `recovery code`). WrongCode otherwise.

    A code is good once: the app's until the next one begins, a recovery code for ever.
    """
    plain = re.sub(r"[\s-]", "", code).lower()
    is_totp = _TOTP_CODE.fullmatch(plain) is not None
    kind: Any = TOTPDevice if is_totp else StaticDevice
    device = kind.objects.filter(user=person, confirmed=True).order_by("pk").first()
    if device is None:
        raise WrongCode("This code does not fit.")

    def say() -> None:
        if not is_totp:
            record(actor, "factor.recovery_code_used", person, after={"left": n_recovery_codes(person)})

    _verify(person, device, plain if is_totp else _kept(plain), then=say)
    return device, "code" if is_totp else "recovery code"


def new_recovery_codes(actor: Actor, person: Person) -> list[str]:
    """New recovery codes in place of all older ones. WrongState without an enrolled app."""
    if actor.person is not None:
        need(actor.person, "person.own", person)
    with transaction.atomic():
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if not has_factor(person):
            raise WrongState(gettext("Recovery codes stand in for an authenticator app; there is none yet."))
        codes = _new_codes(person)
        record(actor, "factor.recovery_codes_made", person, after={"recovery_codes": len(codes)})
    return codes


def n_recovery_codes(person: Person) -> int:
    """How many recovery codes are left."""
    return int(StaticToken.objects.filter(device__user=person).count())


def reset(actor: Actor, person: Person, *, reason: str) -> None:
    """Removes the app and the codes of somebody else, who enrols anew at the next signing in.

    Open sessions and API tokens end: a lost phone may have been a found one.
    """
    if actor.person is not None:
        need(actor.person, "factor.reset", person)
    need_reason(reason)
    with transaction.atomic():
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        n = TOTPDevice.objects.filter(user=row).delete()[0] + StaticDevice.objects.filter(user=row).delete()[0]
        row.session_epoch += 1
        row.save(update_fields=["session_epoch"])
        after = revoke_all(row, timezone.now())
        record(actor, "factor.reset", row, before={"had_one": n > 0}, after=after, reason=reason)


def _verify(person: Person, device: Any, code: str, *, then: Callable[[], None]) -> None:  # noqa: ANN401 - not typed
    """Verifies under a lock, so that a code in two requests at once is good in one of them, and does what follows.

    A wrong code is counted: the transaction that counts it must be kept, so the error is raised after it.
    """
    with transaction.atomic():
        # The person first, as a reset does: enrolling changes both.
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        row = type(device).objects.select_for_update().get(pk=device.pk, user=person)
        is_allowed, said = row.verify_is_allowed()
        if is_allowed and row.verify_token(code):
            then()
            return
    error = WrongCode("This code does not fit, was used before, or comes too soon after wrong ones.")
    error.wait_until = None if is_allowed else (said or {}).get("locked_until")
    raise error


def _new_codes(person: Person) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery", confirmed=True)
    codes = ["".join(secrets.choice(_LETTERS) for _n in range(_CODE_LETTERS)) for _n in range(N_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_kept(code)) for code in codes)
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _kept(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:_KEPT_DIGITS]
