"""Who may do what to which object: one table over every permission, each row against everybody.

The files beside this one hold what a table cannot say: blindness, parts in a decision, closed organisations.
"""

from uuid import uuid4

import pytest
from django.utils import timezone

from assay.casework.access import may, permissions
from assay.casework.models import Effect, Endpoint, Examination, LegalHold, OrganisationKind, Role, SavedView
from assay.casework.services import appeals, documents, examinations
from assay.casework.services.recording import Actor
from tests.casework.bought import a_laboratory, a_task, found, sealed
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_case, a_merchant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings, tmp_path):
    """One of each object, with whoever it belongs to and with strangers of every role."""
    settings.HOME = tmp_path
    (lab, first), (_other_lab, second) = a_laboratory(), a_laboratory()
    people = {
        "analyst": a_person(Role.ANALYST),
        "other analyst": a_person(Role.ANALYST),
        "senior": a_person(Role.SENIOR),
        "other senior": a_person(Role.SENIOR),
        "auditor": a_person(Role.AUDITOR),
        "auditor of an authority": a_person(Role.AUDITOR, an_organisation(OrganisationKind.AUTHORITY)),
        "administrator": a_person(Role.ADMINISTRATOR),
        "administrator elsewhere": a_person(Role.ADMINISTRATOR, an_organisation()),
        "buyer": a_person(Role.TEST_BUYER),
        "other buyer": a_person(Role.TEST_BUYER),
        "first": first,
        "colleague of first": a_person(Role.AUTHENTICATOR, lab),
        "second": second,
        "examiner elsewhere": a_laboratory()[1],
        "other merchant": a_merchant()[1],
    }
    case = a_case(decided_by=people["analyst"], in_force_at=timezone.now())
    people["merchant"] = case.merchant
    return people, _queue(people) | _merchant(case) | _test_buys(people, lab) | _house(people)


def _queue(people):
    item = an_item(claimed_by=people["analyst"], claimed_until=timezone.now())
    view = {"person": people["analyst"], "created_at": NOW}
    return {
        "nothing": None,
        "item": item,
        "decision": a_decision(decided_by=people["analyst"]),
        "proposal of the senior": a_decision(decided_by=people["senior"], state="proposed"),
        "shared view": SavedView.objects.create(name="x", is_shared=True, **view),
        "own view": SavedView.objects.create(name="y", is_shared=False, **view),
    }


def _merchant(case):
    actor = Actor.of(case.merchant)
    return {
        "statement": case.statement,
        "merchant's decision": case.decision,
        "appeal": appeals.lodge(actor, case.decision, text="These facts are not right."),
        "invoice": documents.upload(actor, a_pdf(), "a.pdf", "invoice", decision=case.decision),
    }


def _test_buys(people, lab):
    task = sealed(a_task(), people["buyer"])
    found(examinations.assign(Actor.of(people["senior"]), task, lab), "counterfeit", people["first"])
    task.refresh_from_db()
    buyer = Actor.of(people["buyer"])
    return {
        "programme": task.programme,
        "task": task,
        "free task": a_task(),
        "first examination": Examination.objects.get(task=task, ordinal=1),
        "second examination": Examination.objects.get(task=task, ordinal=2),
        "photograph": task.documents.first(),
        "report": documents.upload(buyer, a_pdf(), "r.pdf", "report", task=task),
    }


def _house(people):
    home, elsewhere = (people[name].organisation for name in ("administrator", "administrator elsewhere"))
    given = {"url": "https://shop.example/effects", "sealed_secret": "x", "created_at": NOW}
    endpoint, other = (Endpoint.objects.create(organisation=each, **given) for each in (home, elsewhere))
    sent = {"kind": "trial", "payload": {}, "next_attempt_at": NOW, "subject": "listing:L1", "created_at": NOW}
    placed = {"reason": "court", "placed_by": people["senior"], "placed_at": NOW}
    return {
        "endpoint": endpoint,
        "endpoint elsewhere": other,
        "effect": Effect.objects.create(endpoint=endpoint, key=uuid4(), **sent),
        "effect elsewhere": Effect.objects.create(endpoint=other, key=uuid4(), **sent),
        "hold": LegalHold.objects.create(subject_type="merchant", subject_id="M1", **placed),
        "analyst": people["analyst"],
        "administrator": people["administrator"],
        "merchant": people["merchant"],
        "organisation": people["merchant"].organisation,
    }


ANALYSTS, SENIORS = {"analyst", "other analyst"}, {"senior", "other senior"}
AUDITORS = {"auditor", "auditor of an authority"}
ADMINISTRATORS = {"administrator", "administrator elsewhere"}
BUYERS, MERCHANTS = {"buyer", "other buyer"}, {"merchant", "other merchant"}
REVIEWERS = ANALYSTS | SENIORS
READERS = REVIEWERS | AUDITORS
OVERSEERS = SENIORS | AUDITORS
RUNNERS = SENIORS | ADMINISTRATORS
AT_HOME = {"analyst", "other analyst", "senior", "other senior", "auditor", "buyer", "other buyer"} | {"administrator"}
TABLE = [
    ("item.read", "item", READERS),
    ("item.claim", "item", REVIEWERS),
    ("item.release", "item", {"analyst"} | SENIORS),
    ("item.decide", "item", REVIEWERS),
    ("item.snooze", "item", REVIEWERS),
    ("item.bulk", "nothing", REVIEWERS),
    ("review.measured", "item", OVERSEERS),
    ("review.settle", "nothing", SENIORS),
    ("gold.manage", "item", SENIORS),
    ("view.use", "shared view", AT_HOME & READERS),
    ("view.use", "own view", {"analyst"}),
    ("view.change", "shared view", {"analyst"}),
    ("automation.read", "nothing", OVERSEERS),
    ("automation.set", "nothing", SENIORS),
    ("run.load", "nothing", SENIORS),
    ("verdicts.export", "nothing", SENIORS),
    ("decision.read", "decision", READERS),
    ("decision.approve", "decision", SENIORS),
    ("decision.approve", "proposal of the senior", {"other senior"}),
    ("decision.undo", "decision", {"analyst"} | SENIORS),
    ("statement.read", "statement", READERS | {"merchant"}),
    ("strike.read", "statement", READERS | {"merchant"}),
    ("strike.policy", "nothing", SENIORS),
    ("appeal.read", "appeal", READERS | {"merchant"}),
    ("appeal.lodge", "merchant's decision", {"merchant"}),
    ("appeal.lodge", "appeal", {"merchant"}),
    ("appeal.answer", "appeal", REVIEWERS - {"analyst"}),
    ("document.upload", "merchant's decision", {"merchant"}),
    ("document.upload", "task", BUYERS | {"first", "colleague of first", "second"}),
    ("document.open", "invoice", READERS | {"merchant"}),
    ("document.open", "photograph", OVERSEERS | ADMINISTRATORS | {"buyer", "first", "colleague of first", "second"}),
    ("document.open", "report", OVERSEERS | ADMINISTRATORS | {"buyer"}),
    ("programme.read", "programme", READERS | ADMINISTRATORS),
    ("programme.load", "nothing", RUNNERS),
    ("programme.refresh", "programme", RUNNERS),
    ("programme.replace", "programme", SENIORS),
    ("task.read", "task", OVERSEERS | ADMINISTRATORS | {"buyer"}),
    ("task.read", "free task", OVERSEERS | ADMINISTRATORS | BUYERS),
    ("task.take", "task", set()),
    ("task.take", "free task", BUYERS),
    ("task.assign", "free task", RUNNERS),
    ("task.buy", "task", {"buyer"}),
    ("task.buy", "free task", set()),
    ("task.fail", "task", {"buyer"} | SENIORS),
    ("task.send", "task", RUNNERS | {"buyer"}),
    ("task.lose", "task", SENIORS),
    ("task.photograph", "photograph", OVERSEERS | ADMINISTRATORS | {"buyer"}),
    ("task.examine", "first examination", {"first"}),
    ("task.examine", "second examination", {"second"}),
    ("examination.read", "first examination", OVERSEERS | ADMINISTRATORS | {"first"}),
    ("examination.read", "second examination", OVERSEERS | ADMINISTRATORS | {"second"}),
    ("examination.assign", "task", RUNNERS),
    ("examination.results", "task", OVERSEERS),
    ("person.read", "analyst", ADMINISTRATORS | AT_HOME),
    ("person.read", "merchant", ADMINISTRATORS | {"merchant"}),
    ("person.add", "organisation", ADMINISTRATORS),
    ("person.change", "analyst", ADMINISTRATORS),
    ("person.role", "analyst", ADMINISTRATORS),
    ("person.role", "administrator", {"administrator elsewhere"}),
    ("person.deactivate", "analyst", ADMINISTRATORS),
    ("person.deactivate", "administrator", {"administrator elsewhere"}),
    ("person.invite", "administrator", {"administrator elsewhere"}),
    ("person.own", "analyst", {"analyst"}),
    ("organisation.change", "organisation", ADMINISTRATORS),
    ("factor.reset", "analyst", ADMINISTRATORS),
    ("factor.reset", "administrator", {"administrator elsewhere"}),
    ("token.make", "analyst", ADMINISTRATORS | {"analyst"}),
    ("audit.read", "nothing", OVERSEERS | ADMINISTRATORS),
    ("audit.checkpoint", "nothing", OVERSEERS | ADMINISTRATORS),
    ("audit.export", "nothing", OVERSEERS | ADMINISTRATORS),
    ("hold.read", "hold", OVERSEERS | ADMINISTRATORS),
    ("hold.place", "nothing", RUNNERS),
    ("hold.lift", "hold", RUNNERS),
    ("effect.read", "effect", AUDITORS | {"administrator"}),
    ("effect.read", "effect elsewhere", AUDITORS | {"administrator elsewhere"}),
    ("effect.retry", "effect", {"administrator"}),
    ("effect.retry", "effect elsewhere", {"administrator elsewhere"}),
    ("effect.waive", "effect", {"administrator"}),
    ("effect.waive", "effect elsewhere", {"administrator elsewhere"}),
    ("endpoint.read_all", "nothing", AUDITORS),
    ("endpoint.keep", "endpoint", {"administrator"}),
    ("endpoint.keep", "endpoint elsewhere", {"administrator elsewhere"}),
    ("worker.read", "nothing", AUDITORS | ADMINISTRATORS),
]


def test_every_permission_has_a_row():
    assert {permission for permission, _on, _allowed in TABLE} == permissions().keys()


def test_exactly_these_may(world):
    people, objects = world
    wrong = []
    for permission, on, allowed in TABLE:
        may_it = {name for name, person in people.items() if may(person, permission, objects[on])}
        if may_it != allowed:
            wrong.append((permission, on, {"more": may_it - allowed, "less": allowed - may_it}))
    assert not wrong


def test_nobody_who_left_may_anything(world):
    people, objects = world
    for person in people.values():
        person.is_active = False
    assert not [each for each in TABLE for p in people.values() if may(p, each[0], objects[each[1]])]
