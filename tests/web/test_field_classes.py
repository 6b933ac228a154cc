"""Pages and the API show nobody a field whose class is not for their role.

Every text of every row in the full house becomes a word of its own; then every page of every role is walked, and each
word found there is asked of the field's class.
"""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.utils import timezone

from assay.casework.masking import field_classes, sees
from assay.casework.models import (
    Appeal,
    Decision,
    Effect,
    FieldClass,
    Gold,
    Item,
    Person,
    Role,
    Statement,
    TestBuyTask,
)
from assay.casework.services import tokens
from assay.casework.services.recording import Actor
from assay.web.api import shapes
from assay.web.permits import permits
from tests.casework.builders import a_person
from tests.web.addresses import addresses
from tests.web.full_house import a_full_house
from tests.web.reading import Walk

pytestmark = pytest.mark.django_db
WORD = re.compile(r"Zq[0-9]+x")
# Left as they are: keys that rows, files and addresses are found by, codes that pages look up, and the log, which is
# masked row by row and would not verify.
KEPT = {
    *("item.subject_id", "item.merchant_id", "decision.merchant_id", "decision.reference", "decision.batch"),
    *("decision.reason_code", "review.reason_code", "statement.merchant_id", "strike.merchant_id"),
    *("strikeproposal.merchant_id", "organisation.merchant_id", "testbuytask.merchant_id", "testbuytask.listing_id"),
    *("item.currency", "item.harm_currency", "item.claimed_for"),
    *("programme.currency", "programme.folder", "programme.plan_sha256"),
    *("testbuytask.pot", "testbuytask.known", "testbuytask.outcome", "testbuytask.second_outcome"),
    *("custodyentry.act", "custodyentry.sha256", "custodyentry.previous_sha256", "testbuytask.custody_head"),
    *("examination.outcome", "document.sha256", "document.media_type", "finding.content_sha256"),
    *("person.email", "person.password", "apitoken.prefix", "apitoken.secret_sha256", "endpoint.url"),
    *("analysisrun.run_key", "effect.kind", "effect.key", "workerbeat.job", "legalhold.subject_type"),
    *("endpoint.sealed_secret", "endpoint.sealed_old_secret", "loginthrottle.key", "idempotencykey.key"),
    *("automationpolicy.category", "item.category"),
}
TABLES_KEPT = {"auditevent", "audithead", "auditcheckpoint"}


def with_words():
    """Writes a word of its own into each text of each row; gives field and row by word."""
    found = {}
    for model in apps.get_app_config("casework").get_models():
        table = str(model._meta.model_name)
        names = [each.name for each in model._meta.concrete_fields if is_text(table, each)]
        for row in model._default_manager.all() if table not in TABLES_KEPT else ():
            given = {}
            for name in names:
                if getattr(row, name):
                    word = f"Zq{len(found) + 1}x"
                    given[name], found[word] = word, (table, row.pk, name)
            given |= {name: in_json(getattr(row, name), table, row.pk, name, found) for name in json_of(model)}
            model._default_manager.filter(pk=row.pk).update(**given)
    return found


def is_text(table, each):
    is_key = each.is_relation or each.choices or f"{table}.{each.name}" in KEPT
    return isinstance(each, models.CharField | models.TextField) and not is_key


def json_of(model):
    """The frozen texts: of what is counted, pages need the numbers."""
    return {"finding": ("content",), "statement": ("content",), "appealletter": ("content",)}.get(
        str(model._meta.model_name), ()
    )


def in_json(value, table, pk, name, found, key=""):
    """Texts of people and of the market in a JSON value become words; ids and codes stay."""
    if isinstance(value, dict):
        return {k: in_json(v, table, pk, name, found, k) for k, v in value.items()}
    if isinstance(value, list):
        return [in_json(each, table, pk, name, found, key) for each in value]
    if isinstance(value, str) and value and key in ("title", "description", "brand", "text", "paragraphs", "subject"):
        word = f"Zq{len(found) + 1}x"
        found[word] = (table, pk, name)
        return word
    return value


@pytest.fixture
def house():
    people = a_full_house("en")
    TestBuyTask.objects.update(record_problem="outcome is 'counterfeit' here")
    Effect.objects.update(created_at=timezone.now() - timedelta(hours=1))
    return people, with_words()


def shown_against_the_classes(person, texts, words):
    person = Person.objects.get(pk=person.pk)
    wrong, found = set(), set()
    for where, text in texts:
        for word in set(WORD.findall(text)):
            table, pk, name = words[word]
            row = apps.get_model("casework", table).objects.get(pk=pk)
            found.add(word)
            if not sees(person, row, name):
                wrong.add((f"{table}.{name}", where))
    return wrong, found


@pytest.mark.parametrize("role", Role.values)
def test_no_page_of_a_role_shows_a_field_that_is_not_for_it(role, house):
    people, words = house
    pages = [(page.path, page.html) for page in Walk(people[role]).pages()]
    wrong, found = shown_against_the_classes(people[role], pages, words)
    assert not wrong
    assert len(found) >= 10, "a walk that meets no words proves nothing"


@pytest.mark.parametrize("role", [Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_the_api_gives_no_field_that_is_not_for_the_role(role, house):
    people, words = house
    person = people[role]
    token = tokens.make_token(Actor.of(person), person, name="t", scopes=["cases:read", "effects:read"]).clear_text
    decision = Decision.objects.filter(statement__isnull=False).first()
    ids = {"item": decision.item_id, "decision": decision.reference, "statement": decision.reference}
    ids |= {"listing": decision.item.subject_id, "merchant": decision.merchant_id}
    texts = []
    for address in addresses():
        name = address.name.removeprefix("api:")
        permit = permits().get(address.name)
        if permit is None or not permit.scope.endswith(":read") or role not in permit.roles:
            continue
        path = re.sub(r"999999999|no-such-thing", str(ids.get(name, "")), address.path)
        answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, (path, answer.content)
        texts.append((path, answer.content.decode()))
    wrong, found = shown_against_the_classes(person, texts, words)
    assert texts and not wrong
    assert found


SHAPES = [
    (shapes.ItemOut, Item, ("api:items", "api:item")),
    (shapes.ItemWhole, Item, ("api:item",)),
    (shapes.DecisionOut, Decision, ("api:decisions", "api:decision", "api:listing", "api:merchant")),
    (shapes.StatementOut, Statement, ("api:statement",)),
    (shapes.EffectOut, Effect, ("api:effects",)),
    (shapes.AppealOut, Appeal, ("api:appeals",)),
]
# What a shape takes from elsewhere, and from which field.
FROM = {
    "item_id": "decision.item",
    "subject_type": "item.subject_type",
    "subject_id": "item.subject_id",
    "finding_sha256": "finding.content_sha256",
    "transparency": "statement.content",
    "decisions": "decision.reference",
    "merchant_id": "decision.merchant_id",
}


@pytest.mark.parametrize(("shape", "model", "views"), SHAPES, ids=lambda each: getattr(each, "__name__", ""))
def test_every_field_of_a_shape_is_for_each_role_that_gets_it(shape, model, views):
    for role in frozenset().union(*(permits()[view].roles for view in views)):
        person = a_person(role)
        for name in shape.model_fields:
            table, _dot, field = f"{model._meta.model_name}.{name}".partition(".")
            if f"{table}.{field}" not in field_classes():
                table, _dot, field = FROM[name].partition(".")
            row = apps.get_model("casework", table)()
            assert sees(person, row, field), (role, shape.__name__, name)


@pytest.mark.parametrize("role", Role.values)
def test_known_answers_are_for_who_keeps_them_and_who_checks(role):
    assert sees(a_person(role), Gold(), "answer") == (role in (Role.SENIOR, Role.AUDITOR))


@pytest.mark.parametrize("role", Role.values)
def test_what_was_found_is_for_who_answers_for_it_and_who_checks(role):
    person = a_person(role)
    for field in ("outcome", "second_outcome", "record_problem"):
        assert sees(person, TestBuyTask(), field) == (role in (Role.SENIOR, Role.AUDITOR))
    assert sees(person, TestBuyTask(), "title") == (
        role in (Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.TEST_BUYER)
    )


def test_nothing_sealed_has_a_reader():
    seen = []
    for role in Role.values:
        person = a_person(role)
        for name, kind in field_classes().items():
            table, _dot, field = name.partition(".")
            row = person if table == "person" else apps.get_model("casework", table)()
            if kind == FieldClass.SEALED and sees(person, row, field):
                seen.append((role, name))
    assert not seen
