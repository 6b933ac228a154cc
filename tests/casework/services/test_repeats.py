"""The same call twice is answered once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.models import IdempotencyKey, Role
from assay.casework.services import repeats
from assay.casework.services.recording import Actor
from assay.casework.services.repeats import KeyUsedDifferently, forget_old, once
from assay.casework.services.tokens import make_token
from assay.market.errors import CallerError
from tests.casework.builders import a_person, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def token():
    person = a_person(Role.SENIOR)
    return make_token(Actor.of(person), person, name="shop", scopes=["cases:write"]).token


def _work(name="made by work"):
    def work():
        return 201, {"id": an_organisation("brand", name=name).pk}

    return work


def test_the_second_call_gets_the_first_answer_and_does_nothing(token):
    first, second = (once(token, "k1", b"body", _work()) for _ in range(2))
    assert (first.is_repeat, second.is_repeat) == (False, True)
    assert first.response == second.response and first.status == second.status == 201


def test_the_same_key_with_another_body_is_refused(token):
    once(token, "k1", b"body", _work())
    with pytest.raises(KeyUsedDifferently, match="k1"):
        once(token, "k1", b"other", _work())


def test_work_that_fails_leaves_the_key_free(token):
    def fails():
        an_organisation("brand")
        raise CallerError("no")

    with pytest.raises(CallerError):
        once(token, "k1", b"body", fails)
    assert not IdempotencyKey.objects.exists()
    assert not once(token, "k1", b"body", _work()).is_repeat


def test_keys_belong_to_their_token(token):
    person = a_person(Role.SENIOR)
    other = make_token(Actor.of(person), person, name="x", scopes=["cases:write"]).token
    assert not once(token, "k1", b"a", _work()).is_repeat
    assert not once(other, "k1", b"b", _work()).is_repeat


@pytest.mark.parametrize("key", ["", "x" * 101, "with space", "bad\n", "日本"])
def test_a_key_that_is_no_key_is_refused(token, key):
    with pytest.raises(CallerError, match="Idempotency-Key"):
        once(token, key, b"", _work())


def test_old_answers_are_forgotten_in_batches_and_never_more_than_a_turn_allows(
    token, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(repeats, "_BATCH", 2)
    monkeypatch.setattr(repeats, "MOST_FORGOTTEN", 4)
    for n in range(5):
        once(token, f"k{n}", b"body", _work(f"made by {n}"))
    tomorrow = timezone.now() + timedelta(hours=25)
    with django_assert_num_queries(4):
        assert forget_old(tomorrow) == 4
    assert IdempotencyKey.objects.get().key == "k4"
    assert (forget_old(tomorrow), forget_old(tomorrow)) == (1, 0)


def test_answers_older_than_a_day_are_forgotten(token):
    once(token, "k1", b"body", _work())
    assert forget_old() == 0
    assert forget_old(timezone.now() + timedelta(hours=25)) == 1
