"""The demonstration leaves a casework that every role can look around in, made by the services that people use."""

import shutil

import pytest
from django.db import transaction
from django.utils import timezone

from assay.casework.demonstration import SimulatedFolder, make
from assay.casework.findings import Content
from assay.casework.models import (
    Appeal,
    AuditEvent,
    CustodyEntry,
    Decision,
    Examination,
    Item,
    Organisation,
    OrganisationKind,
    Person,
    QueueCensus,
    Review,
    Role,
    Statement,
    Strike,
    TestBuyTask,
)
from assay.casework.queries.pictures import pictures_of
from assay.casework.services.auditing import verify
from assay.engine import EngineSettings
from assay.market.errors import CallerError
from tests.runs import tiny_run

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    to = tmp_path_factory.mktemp("demo")
    for name in ("run", "truth"):
        shutil.copytree(tiny_run() / name, to / name)
    return SimulatedFolder(to)


@pytest.fixture(scope="module")
def made(folder, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield make(folder, settings=EngineSettings(memory_gib=1.0, workers=1))
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def test_every_role_has_one_login_whose_password_works_without_a_second_factor(made):
    assert {each.role for each in made.logins} == set(Role.values)
    for each in made.logins:
        person = Person.objects.get(email=each.email)
        assert person.check_password(each.password)
        assert not person.needs_second_factor
        assert each.email.endswith("@example.org")
    others = Person.objects.exclude(email__in=[each.email for each in made.logins])
    assert others
    assert not any(person.has_usable_password() for person in others)


def test_every_picture_on_an_items_page_is_there(made):
    shown = [
        each
        for item in Item.objects.select_related("finding__run").filter(finding__isnull=False)
        for each in pictures_of(item, Content.read(item.finding.content))
    ]
    assert len(shown) > 50 and all(each.is_here for each in shown)
    assert all(each.other_is_here for each in shown if each.other)


def test_there_is_an_organisation_of_every_kind(made):
    assert set(Organisation.objects.values_list("kind", flat=True)) == set(OrganisationKind.values)


def test_every_page_has_something_to_show(made):
    for model in (Decision, Review, Statement, Strike, Appeal, TestBuyTask, CustodyEntry, Examination, QueueCensus):
        assert model.objects.exists(), model.__name__
    assert set(Appeal.objects.values_list("state", flat=True)) == {"open", "reversed"}
    assert {"open", "decided", "snoozed"} <= set(Item.objects.values_list("state", flat=True))
    assert Decision.objects.values("decided_by").distinct().count() >= 3
    assert {"to_buy", "ordered", "received"} <= set(TestBuyTask.objects.values_list("stage", flat=True))
    assert made.n_open > 0
    assert made.n_decisions == Decision.objects.count()


def test_work_lies_in_the_past_weeks_and_never_ahead(made):
    now = timezone.now()
    moments = list(Decision.objects.values_list("decided_at", flat=True))
    assert max(moments) <= now
    assert (max(moments) - min(moments)).days >= 14


def test_the_audit_log_verifies_and_tells_of_every_decision(made):
    assert verify().sound
    told = AuditEvent.objects.filter(action__in=("decision.made", "decision.proposed")).count()
    assert told == Decision.objects.count()


def test_the_merchants_own_goods_are_what_it_objects_to(made):
    shop = Person.objects.get(role=Role.MERCHANT).organisation
    assert set(Appeal.objects.values_list("decision__merchant_id", flat=True)) == {shop.merchant_id}


def test_a_casework_in_which_somebody_has_worked_is_left_alone(made, folder):
    with pytest.raises(CallerError, match="holds work already"):
        make(folder)
