"""API tokens: shown once, ended at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import ApiToken, AuditEvent, Role
from assay.casework.services import factors, passwords
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.tokens import make_token, revoke_token, the_token
from assay.market.errors import CallerError
from tests.casework.builders import a_person

pytestmark = pytest.mark.django_db


def _made(person=None, **given):
    owner = person or a_person(Role.SENIOR)
    return make_token(Actor.of(owner), owner, **{"name": "shop", "scopes": ["cases:read"]} | given)


def test_a_token_is_found_by_its_clear_text_only():
    made = _made()
    assert the_token(made.clear_text) == made.token
    assert the_token(made.clear_text + "x") is None
    assert the_token(f"assay_{made.token.prefix}_wrong") is None
    assert the_token("") is None


def test_the_clear_text_is_kept_nowhere():
    made = _made()
    secret = made.clear_text.rsplit("_", 1)[1]
    row = ApiToken.objects.values().get(pk=made.token.pk)
    assert secret not in str(row)
    assert secret not in str(list(AuditEvent.objects.values()))


def test_a_revoked_token_ends_at_once_and_is_revoked_once():
    made = _made()
    for _ in range(2):
        revoke_token(Actor.of(made.token.person), made.token, reason="no longer used")
    assert the_token(made.clear_text) is None
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1


def test_a_token_ends_on_its_day():
    made = _made(days=30)
    assert the_token(made.clear_text, timezone.now() + timedelta(days=29)) is not None
    assert the_token(made.clear_text, timezone.now() + timedelta(days=31)) is None


def test_the_token_of_somebody_who_left_is_none():
    made = _made()
    made.token.person.is_active = False
    made.token.person.save()
    assert the_token(made.clear_text) is None


@pytest.mark.parametrize("how", ["invitation", "second factor"])
def test_whoever_takes_an_account_back_takes_its_tokens_back(how):
    person = a_person(Role.SENIOR)
    made = _made(person)
    if how == "invitation":
        passwords.invite(COMMAND_LINE, person)
    else:
        factors.reset(COMMAND_LINE, person, reason="A lost phone.")
    assert the_token(made.clear_text) is None
    assert AuditEvent.objects.order_by("seq").last().after["tokens_revoked"] == ["shop"]


def test_a_key_in_somebody_elses_name_is_refused():
    with pytest.raises(Refused):
        make_token(Actor.of(a_person(Role.SENIOR)), a_person(Role.SENIOR), name="x", scopes=["cases:read"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scopes": ["cases:all"]}, "cases:all"),
        ({"scopes": []}, "no scope"),
        ({"name": " "}, "needs a name"),
        ({"days": 0}, "0 days"),
        ({"days": 4000}, "4000 days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(given, said):
    with pytest.raises(CallerError, match=said):
        _made(**given)


def test_the_last_use_is_written_now_and_then_only():
    made = _made()
    now = timezone.now()
    the_token(made.clear_text, now)
    the_token(made.clear_text, now + timedelta(minutes=1))
    made.token.refresh_from_db()
    assert made.token.last_used_at == now
