"""The automation does little, what seniors allow, and less after every error."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, AutomationPolicy, Decision, Item, Role
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR
from assay.casework.services import automation, decisions
from assay.casework.services.recording import WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_person, an_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def senior():
    return Actor.of(a_person(Role.SENIOR))


def _set(senior, category="watches", action="demote", score=90.0):
    return automation.set_policy(senior, category=category, most_severe_action=action, least_score=score)


def test_without_a_policy_nothing_is_decided_alone():
    assert not automation.may_alone("watches", "warn", 100.0)
    assert automation.decide_automatically(an_item(score=99.9)) is None


def test_an_item_above_the_score_is_demoted_and_nobody_has_said_it_is_counterfeit(senior):
    _set(senior)
    made = automation.decide_automatically(an_item(score=95.0))
    assert made.is_automatic and made.action == "demote" and made.answer == "inconclusive"
    assert made.decided_by is None and made.review is None and made.state == "in_force"
    assert automation.decide_automatically(an_item(score=89.9)) is None


def test_the_policy_of_every_other_category_holds_where_there_is_none(senior):
    _set(senior, category="", action="warn", score=95.0)
    _set(senior, category="shoes", action="none")
    assert automation.may_alone("watches", "warn", 96.0) and not automation.may_alone("watches", "demote", 96.0)
    assert not automation.may_alone("shoes", "warn", 99.0)


@pytest.mark.parametrize("action", ["remove", "suspend", "close", "none"])
def test_nothing_severe_is_ever_decided_alone(action):
    AutomationPolicy.objects.create(
        category="", most_severe_action=action, least_score=1.0, updated_at=timezone.now()
    )  # as if somebody had written it past the service
    assert not automation.may_alone("watches", action, 100.0)
    assert automation.decide_automatically(an_item(score=100.0)) is None


def test_what_somebody_holds_or_has_decided_is_left_to_them(senior):
    _set(senior)
    held = an_item(score=95.0, claimed_by=a_person(), claimed_until=timezone.now() + timedelta(minutes=5))
    assert automation.decide_automatically(held) is None
    assert automation.decide_automatically(an_item(score=95.0, state="decided")) is None
    assert not Decision.objects.exists()


def test_the_worker_decides_what_the_policies_allow_and_leaves_the_rest_to_people(senior):
    _set(senior)
    _set(senior, category="", action="warn", score=95.0)
    demoted, warned = an_item(score=91.0), an_item(score=96.0, category="shoes")
    left = [
        an_item(score=94.0, category="shoes"),
        an_item(score=99.0, stream="random", inclusion_probability=0.01),
        an_item(score=99.0, inclusion_probability=0.01),
        an_item(score=99.0, harm_minor=HIGH_IMPACT_HARM_MINOR),
        an_item(score=99.0, content={"facts": [{"id": "authentication", "label": "x", "value": "y"}]}),
    ]
    assert automation.decide_due() == 2 and automation.decide_due() == 0
    assert dict(Decision.objects.values_list("item_id", "action")) == {demoted.pk: "demote", warned.pk: "warn"}
    assert all(automation.decide_automatically(item) is None for item in left)


def test_what_ended_comes_to_a_person(senior):
    _set(senior)
    item = an_item(score=95.0)
    made = automation.decide_automatically(item)
    decisions.expire(WORKER, made.ends_at)
    item.refresh_from_db()
    assert item.state == "open" and automation.decide_due() == 0


def test_an_error_takes_one_step_in_its_category_only(senior):
    _set(senior, category="", action="demote")
    row = automation.lower("watches", "appeal 7 against decision D-1")
    assert row.most_severe_action == "ask_invoice" and row.lowered_because.startswith("appeal 7")
    assert automation.may_alone("shoes", "demote", 95.0) and not automation.may_alone("watches", "demote", 95.0)
    assert automation.lower("watches", "again").most_severe_action == "warn"
    assert automation.lower("watches", "again").most_severe_action == "none"
    assert automation.lower("watches", "again") is None
    assert AuditEvent.objects.last().reason == "again"


@pytest.mark.parametrize(("action", "score"), [("remove", 95.0), ("nonsense", 95.0), ("warn", 79.9), ("warn", 101.0)])
def test_a_policy_beyond_what_automation_may_is_refused(senior, action, score):
    with pytest.raises(CallerError):
        _set(senior, action=action, score=score)


def test_analysts_set_no_policy():
    with pytest.raises(Refused):
        _set(Actor.of(a_person()))


def test_the_worker_decides_what_the_policy_allows_once_and_never_again_after_a_person():
    _set(Actor.of(a_person(Role.SENIOR)))
    allowed, low, other = an_item(score=95.0), an_item(score=89.0), an_item(score=95.0, category="shoes")
    held = an_item(score=95.0, claimed_by=a_person(), claimed_until=timezone.now() + timedelta(minutes=5))
    assert automation.decide_due() == 1
    (decision,) = Decision.objects.all()
    assert (decision.item, decision.action, decision.is_automatic) == (allowed, "demote", True)
    decisions.undo(Actor.of(a_person(Role.SENIOR)), decision, reason="the facts are explained")
    assert automation.decide_due() == 0
    assert {each.pk for each in Item.objects.filter(state="open")} == {allowed.pk, low.pk, other.pk, held.pk}


def test_without_a_policy_a_person_looks_at_everything():
    an_item(score=100.0)
    assert automation.decide_due() == 0


def test_what_changed_since_the_automation_looked_is_left_alone(senior):
    _set(senior)
    seen = an_item(score=95.0)
    for changed in ({"state": "closed"}, {"state": "open", "score": 20.0}, {"score": 95.0, "stream": "test_buy"}):
        Item.objects.filter(pk=seen.pk).update(**changed)
        assert automation.decide_automatically(seen) is None
    Item.objects.filter(pk=seen.pk).update(stream="flagged")
    assert automation.decide_automatically(seen) is not None
