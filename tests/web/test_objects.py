"""Every address of one object, asked for real objects by every role and by strangers of other organisations.

Whether somebody may is what the table of permissions says (`tests/casework/access/test_object_table.py`); here each
address is held to it: whoever may not is refused or finds nothing there, and nothing is written.
"""

import re

import pytest
from django.db import transaction

from assay.casework.access import may
from assay.casework.models import (
    ApiToken,
    Appeal,
    AuditEvent,
    Decision,
    Document,
    Effect,
    Endpoint,
    Examination,
    Gold,
    Item,
    LegalHold,
    Organisation,
    OrganisationKind,
    Person,
    Programme,
    Review,
    Role,
    SavedView,
    StrikePolicy,
    TestBuyTask,
)
from assay.casework.queries.queue import Wanted
from assay.casework.services import endpoints, views
from assay.casework.services.recording import Actor
from assay.web.permits import permits
from tests.casework.bought import a_laboratory
from tests.casework.builders import a_person, an_organisation
from tests.web.addresses import addresses
from tests.web.full_house import a_full_house
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
_MOST = 4  # objects of one kind
_ID = re.compile(r"999999999|no-such-thing")
_HAS_STATEMENT = Decision.objects.filter(statement__isnull=False)
_OF_CASES = Document.objects.exclude(decision=None)


def _statement(decision):
    return decision.statement


def _nothing(_found):
    return None


# By view: the permission, the objects, and what of an object the permission is asked about where that is not itself.
TABLE = {
    "accounts:person": ("person.change", Person.objects),
    "accounts:person-invite": ("person.invite", Person.objects),
    "accounts:person-deactivate": ("person.deactivate", Person.objects),
    "accounts:person-reactivate": ("person.deactivate", Person.objects),
    "accounts:person-reset-factor": ("factor.reset", Person.objects),
    "accounts:person-token-revoke": ("token.make", ApiToken.objects, lambda token: token.person),
    "accounts:organisation": ("organisation.change", Organisation.objects),
    "accounts:organisation-close": ("organisation.change", Organisation.objects),
    "accounts:person-add": ("person.add", Organisation.objects),
    "console:view-share": ("view.change", SavedView.objects),
    "console:view-delete": ("view.change", SavedView.objects),
    "console:gold-retire": ("gold.manage", Gold.objects),
    "console:gold-add": ("gold.manage", Item.objects),
    "console:item": ("item.read", Item.objects),
    "console:item-picture": ("item.read", Item.objects),
    "console:item-picture-other": ("item.read", Item.objects),
    "console:item-take": ("item.claim", Item.objects),
    "console:item-keep": ("item.claim", Item.objects),
    "console:item-release": ("item.release", Item.objects),
    "console:item-preview": ("item.decide", Item.objects),
    "console:item-answer": ("item.decide", Item.objects),
    "console:item-snooze": ("item.snooze", Item.objects),
    "console:item-wake": ("item.snooze", Item.objects),
    "console:disagreement-settle": ("review.settle", Review.objects),
    "console:decision": ("decision.read", Decision.objects),
    "console:decision-approve": ("decision.approve", Decision.objects),
    "console:decision-refuse": ("decision.approve", Decision.objects),
    "console:decision-undo": ("decision.undo", Decision.objects),
    "console:appeal": ("appeal.read", Appeal.objects),
    "console:appeal-claim": ("appeal.answer", Appeal.objects),
    "console:appeal-release": ("appeal.answer", Appeal.objects),
    "console:appeal-answer": ("appeal.answer", Appeal.objects),
    "console:case-document": ("document.open", _OF_CASES),
    "console:strike-policy": ("appeal.read", StrikePolicy.objects, _nothing),
    "console:strike-switch-on": ("strike.policy", StrikePolicy.objects),
    "console:programme": ("programme.read", Programme.objects),
    "console:programme-refresh": ("programme.refresh", Programme.objects),
    "console:programme-replace": ("programme.replace", Programme.objects),
    "console:programme-give-out": ("examination.assign", Programme.objects),
    "console:programme-close": ("programme.refresh", Programme.objects),
    "console:task": ("task.read", TestBuyTask.objects),
    "console:task-take": ("task.take", TestBuyTask.objects),
    "console:task-assign": ("task.assign", TestBuyTask.objects),
    "console:task-order": ("task.buy", TestBuyTask.objects),
    "console:task-receive": ("task.buy", TestBuyTask.objects),
    "console:task-photograph": ("task.buy", TestBuyTask.objects),
    "console:task-seal": ("task.buy", TestBuyTask.objects),
    "console:task-fail": ("task.fail", TestBuyTask.objects),
    "console:task-send": ("task.send", TestBuyTask.objects),
    "console:task-lose": ("task.lose", TestBuyTask.objects),
    "console:task-examine": ("examination.assign", TestBuyTask.objects),
    "console:task-picture": ("task.read", TestBuyTask.objects),
    "console:examination": ("examination.read", Examination.objects),
    "console:examination-take": ("task.examine", Examination.objects),
    "console:examination-finish": ("task.examine", Examination.objects),
    "console:examination-decline": ("task.examine", Examination.objects),
    "console:examination-picture": ("examination.read", Examination.objects),
    "console:examination-arrive": ("task.examine", Examination.objects),
    "console:examination-send": ("task.examine", Examination.objects),
    "console:hold-lift": ("hold.lift", LegalHold.objects),
    **{f"console:endpoint-{each}": ("endpoint.keep", Endpoint.objects) for each in ("pause", "resume", "retire")},
    **{f"console:endpoint-{each}": ("endpoint.keep", Endpoint.objects) for each in ("secret", "trial", "retry")},
    **{f"console:endpoint-{each}": ("endpoint.keep", Endpoint.objects) for each in ("move", "send-on")},
    "console:effect": ("effect.read", Effect.objects),
    "console:effect-retry": ("effect.retry", Effect.objects),
    "console:effect-waive": ("effect.waive", Effect.objects),
    **{f"portal:{each}": ("statement.read", _HAS_STATEMENT, _statement) for each in ("statement", "letter")},
    "portal:upload": ("document.upload", _HAS_STATEMENT),
    "portal:lodge": ("appeal.lodge", _HAS_STATEMENT),
    "portal:document": ("document.open", _OF_CASES),
    "portal:appeal": ("appeal.read", Appeal.objects),
    "portal:withdraw": ("appeal.lodge", Appeal.objects),
}
# Not about one object that a permission is asked of: signed links, one's own tokens, batches, subjects of the log,
# endpoints (their page is for auditors and whoever keeps them: see test_effects.py), and the API, which takes tokens.
ELSEWHERE = {"accounts:invitation", "accounts:token-revoke", "console:batch", "console:batch-undo"}
ELSEWHERE |= {"console:audit-subject", "console:endpoint"}


@pytest.fixture
def house():
    people = {str(role): person for role, person in a_full_house("en").items()}
    there = people[Role.ADMINISTRATOR].organisation
    other = an_organisation(OrganisationKind.MARKETPLACE)
    people["analyst who decided nothing"] = a_person(Role.ANALYST, there)
    people["buyer who bought nothing"] = a_person(Role.TEST_BUYER, there)
    people["administrator elsewhere"] = a_person(Role.ADMINISTRATOR, other)
    people["merchant elsewhere"] = a_person(Role.MERCHANT)
    people["examiner elsewhere"] = a_laboratory()[1]
    views.save(Actor.of(people["senior"]), name="s", wanted=Wanted(), is_shared=False)
    endpoints.add_endpoint(Actor.of(people["administrator elsewhere"]), url="https://other.example/effects")
    return people


def test_every_address_of_an_object_is_in_the_table():
    of_objects = {each.name for each in addresses() if each.takes_id and not each.name.startswith("api:")}
    assert of_objects == TABLE.keys() | ELSEWHERE


def test_every_address_holds_to_the_table_for_every_object_and_everybody(house):
    by_name = {each.name: each for each in addresses()}
    wrong, n_let_in, kept_out = set(), 0, set()
    for who, person in house.items():
        client = signed_in(person)
        for name, (permission, objects, *about) in TABLE.items():
            has_role = person.role in permits()[name].roles
            for found in list(objects.order_by("pk")[: _MOST if has_role else 1]):
                is_in = has_role and may(person, permission, about[0](found) if about else found)
                n_let_in += is_in
                if not is_in:
                    kept_out.add((who, name))
                for method in {"GET", "POST"} & set(permits()[name].methods):
                    status, n_events = asked(client, method, path_of(by_name[name].path, found))
                    if is_bad(method, status, n_events, is_in=is_in):
                        wrong.add((who, name, method, is_in, status, n_events))
    assert not sorted(wrong)
    assert n_let_in > 200 and len(kept_out) > 300


def is_bad(method, status, n_events, *, is_in):
    """Let in: not refused. Kept out: refused or not there; an empty form may be refused first, and nothing is done."""
    if is_in:
        return status == 403 or status >= 500
    refused = (403, 404) if method == "GET" else (302, 400, 403, 404, 422)
    return status not in refused or bool(n_events)


def path_of(path, found):
    key = found.reference if isinstance(found, Decision) else found.pk
    first = _ID.sub(str(key), path, count=1)
    return _ID.sub("1", first)


def asked(client, method, path):
    """The status, and how many events were written; what was done is taken back."""
    with transaction.atomic():
        before = AuditEvent.objects.count()
        status = getattr(client, method.lower())(path).status_code
        n_events = AuditEvent.objects.count() - before
        transaction.set_rollback(True)
    return status, n_events
