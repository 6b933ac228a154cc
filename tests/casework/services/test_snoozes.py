"""An item is put aside for a while and comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, ItemState, Role
from assay.casework.moves import WrongState
from assay.casework.services import claims, snoozes
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_decision, a_person, an_item

pytestmark = pytest.mark.django_db


def _in(days):
    return timezone.now() + timedelta(days=days)


def test_an_item_put_aside_is_held_by_nobody_and_comes_back_when_its_time_has_come():
    actor = Actor.of(a_person())
    item = claims.take(actor, an_item())
    item = snoozes.snooze(actor, item, until=_in(3), reason="the brand answers on Thursday")
    assert item.state == ItemState.SNOOZED and item.claimed_by is None
    assert AuditEvent.objects.last().reason == "the brand answers on Thursday"
    assert snoozes.wake_due() == 0
    assert snoozes.wake_due(now=_in(3)) == 1
    item.refresh_from_db()
    assert item.state == ItemState.OPEN and item.snoozed_until is None


def test_somebody_brings_it_back_before_its_time():
    actor = Actor.of(a_person())
    item = snoozes.snooze(actor, an_item(), until=_in(3), reason="later")
    assert snoozes.wake(Actor.of(a_person()), item).state == ItemState.OPEN
    with pytest.raises(WrongState):
        snoozes.wake(actor, item)


@pytest.mark.parametrize("days", [-1, 0, 91, 9_000])
def test_an_end_outside_ninety_days_is_refused(days):
    with pytest.raises(CallerError, match="within 90 days"):
        snoozes.snooze(Actor.of(a_person()), an_item(), until=_in(days), reason="later")


def test_a_reason_is_needed_and_an_open_item_and_a_reviewer():
    actor = Actor.of(a_person())
    with pytest.raises(CallerError, match="reason"):
        snoozes.snooze(actor, an_item(), until=_in(1), reason=" ")
    with pytest.raises(WrongState):
        snoozes.snooze(actor, a_decision().item, until=_in(1), reason="later")
    with pytest.raises(Refused):
        snoozes.snooze(Actor.of(a_person(Role.AUDITOR)), an_item(), until=_in(1), reason="later")


def test_what_somebody_else_holds_is_not_put_aside():
    item = claims.take(Actor.of(a_person()), an_item())
    with pytest.raises(WrongState):
        snoozes.snooze(Actor.of(a_person()), item, until=_in(1), reason="later")


def test_what_somebody_was_asked_about_blindly_is_put_aside_without_a_word_of_its_state():
    item = a_decision(an_item(state="decided", needs_blind_review=True)).item
    actor = Actor.of(a_person())
    claims.take(actor, item)
    put = snoozes.snooze(actor, item, until=_in(3), reason="later")
    assert (put.state, put.claimed_by) == (ItemState.DECIDED, None)
    assert AuditEvent.objects.last().action == "item.released"
