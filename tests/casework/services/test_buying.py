"""A buyer's steps from task to sealed parcel: what each needs, who may, and what ends a buy early."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Document, DocumentKind, Role, TaskStage
from assay.casework.moves import WrongState
from assay.casework.queries.testbuys import TaskFilter, buyers_work, is_overdue, tasks_of
from assay.casework.services import buying, custody
from assay.casework.services.buying import Order, Parcel, Seal
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.market.errors import CallerError
from tests.casework.bought import a_picture, a_programme, a_task, ordered, received, sealed
from tests.casework.builders import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer():
    return a_person(Role.TEST_BUYER)


def a_pdf():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PDF")
    return file.getvalue()


def soon():
    return timezone.now() + timedelta(days=7)


def test_a_unit_goes_from_task_to_sealed_parcel_link_by_link(buyer):
    task = sealed(a_task(), buyer, seal_no="S 100")
    assert (task.stage, task.seal_no, task.said_brand, task.due_at) == (TaskStage.SEALED, "S 100", "Norvane", None)
    assert (task.cost_minor, task.parcel_weight_g) == (4_900, 260.0)
    chain = custody.chain(task)
    assert [entry.act for entry in chain.entries] == ["taken", "ordered", "received", "photographed", "sealed"]
    assert chain.holds
    actions = AuditEvent.objects.filter(action__startswith="task.").order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["task.taken", "task.ordered", "task.received", "task.photographed", "task.sealed"]


def test_a_task_is_taken_by_one(buyer):
    task = a_task()
    buying.take(Actor.of(buyer), task)
    buying.take(Actor.of(buyer), task)
    with pytest.raises(WrongState, match="taken by somebody else"):
        buying.take(Actor.of(a_person(Role.TEST_BUYER)), task)
    assert task.custody.count() == 1


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR, Role.AUTHENTICATOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_nobody_but_a_test_buyer_buys(role, buyer):
    person = a_person(role)
    with pytest.raises(Refused):
        buying.take(Actor.of(person), a_task())
    task = ordered(a_task(), buyer)
    with pytest.raises(Refused):
        buying.receive(Actor.of(person), task, Parcel("Post", "", 200.0, "Office"))


def test_another_buyer_does_not_touch_a_task(buyer):
    task = ordered(a_task(), buyer)
    other = Actor.of(a_person(Role.TEST_BUYER))
    with pytest.raises(Refused):
        buying.receive(other, task, Parcel("Post", "", 200.0, "Office"))
    with pytest.raises(Refused):
        buying.fail(other, task, "not_delivered", "Never came.")


def test_the_system_does_not_buy():
    with pytest.raises(CallerError, match="work of a person"):
        buying.take(COMMAND_LINE, a_task())


def test_a_senior_hands_a_task_on_and_the_chain_says_so(buyer):
    task = a_task()
    buying.take(Actor.of(buyer), task)
    other = a_person(Role.TEST_BUYER)
    moved = buying.assign(Actor.of(a_person(Role.SENIOR)), task, other)
    assert moved.assigned_to == other
    assert [entry.act for entry in custody.chain(moved).entries] == ["taken", "handed_on"]
    with pytest.raises(CallerError, match="no active test buyer"):
        buying.assign(Actor.of(a_person(Role.SENIOR)), task, a_person(Role.ANALYST))
    with pytest.raises(Refused):
        buying.assign(Actor.of(buyer), task, buyer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"order_no": " "}, "order number"),
        ({"order_no": "x" * 101}, "order number"),
        ({"cost_minor": -1}, "cannot be"),
        ({"cost_minor": 10**12}, "cannot be"),
        ({"due_at": timezone.now() - timedelta(days=3)}, "today on"),
        ({"due_at": timezone.now() + timedelta(days=800)}, "within a year"),
    ],
)
def test_an_order_needs_its_number_cost_and_day(buyer, change, words):
    task = a_task()
    buying.take(Actor.of(buyer), task)
    order = Order(**{"order_no": "O-1", "cost_minor": 4_900, "due_at": soon()} | change)
    with pytest.raises(CallerError, match=words):
        buying.order(Actor.of(buyer), task, order)


@pytest.mark.parametrize("weight_g", [0.0, -3.0, float("nan"), float("inf"), 900_000.0])
def test_a_parcel_has_a_weight(buyer, weight_g):
    task = ordered(a_task(), buyer)
    with pytest.raises(CallerError, match="weight in grams"):
        buying.receive(Actor.of(buyer), task, Parcel("Post", "", weight_g, "Office"))


def test_goods_are_photographed_before_they_are_sealed(buyer):
    task = received(a_task(), buyer)
    actor = Actor.of(buyer)
    buying.photograph(actor, task, a_picture(), "label.jpg", "parcel")
    with pytest.raises(CallerError, match="no photograph of the goods"):
        buying.seal(actor, task, Seal("S-1", "Office", "Norvane"))
    buying.photograph(actor, task, a_picture((1, 2, 3)), "goods.jpg", "goods")
    assert buying.seal(actor, task, Seal("S-1", "Office", "Norvane")).stage == TaskStage.SEALED


def test_a_label_is_kept_apart_from_the_goods(buyer):
    task = received(a_task(), buyer)
    label = buying.photograph(Actor.of(buyer), task, a_picture(), "label.jpg", "parcel")
    goods = buying.photograph(Actor.of(buyer), task, a_picture((1, 2, 3)), "goods.jpg", "goods")
    assert (label.kind, goods.kind) == (DocumentKind.OTHER, DocumentKind.PHOTOGRAPH)


def test_what_is_no_picture_is_refused_and_leaves_no_link(buyer):
    task = received(a_task(), buyer)
    with pytest.raises(CallerError):
        buying.photograph(Actor.of(buyer), task, b"MZ not a picture", "goods.jpg", "goods")
    with pytest.raises(CallerError, match="JPEG, PNG or WebP"):
        buying.photograph(Actor.of(buyer), task, a_pdf(), "goods.jpg", "goods")
    with pytest.raises(CallerError, match="nothing that is photographed"):
        buying.photograph(Actor.of(buyer), task, a_picture(), "goods.jpg", "the shop")
    assert not Document.objects.exists()
    assert task.custody.filter(act="photographed").count() == 0


def test_no_photograph_before_there_is_a_parcel(buyer):
    with pytest.raises(WrongState, match="no parcel"):
        buying.photograph(Actor.of(buyer), ordered(a_task(), buyer), a_picture(), "goods.jpg", "goods")


def test_every_seal_has_its_own_number(buyer):
    programme = a_programme()
    sealed(a_task(programme), buyer, seal_no="AB-12")
    with pytest.raises(CallerError, match="another unit"):
        sealed(a_task(programme), buyer, seal_no="ab 12")


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (lambda task, buyer: buying.take(Actor.of(buyer), task), "not_bought"),
        (ordered, "not_bought"),
        (ordered, "not_delivered"),
        (received, "swapped"),
    ],
)
def test_a_buy_that_fails_is_an_outcome_with_a_note(buyer, made, outcome):
    task = made(a_task(), buyer)
    ended = buying.fail(Actor.of(buyer), task, outcome, "The seller\nrefunded it.")
    assert (ended.stage, ended.outcome, ended.note) == (TaskStage.DONE, outcome, "The seller refunded it.")
    assert ended.finished_at and ended.due_at is None
    assert custody.chain(ended).entries[-1].act == "failed"


@pytest.mark.parametrize(
    ("made", "outcome"),
    [(ordered, "swapped"), (received, "not_delivered"), (received, "not_bought"), (sealed, "swapped")],
)
def test_a_buy_fails_only_as_far_as_it_came(buyer, made, outcome):
    with pytest.raises(WrongState, match="cannot end as"):
        buying.fail(Actor.of(buyer), made(a_task(), buyer), outcome, "Something else.")


def test_a_failure_needs_a_note_and_a_known_word(buyer):
    task = ordered(a_task(), buyer)
    with pytest.raises(CallerError, match="note"):
        buying.fail(Actor.of(buyer), task, "not_delivered", "  ")
    with pytest.raises(CallerError, match="no way for a buy to end"):
        buying.fail(Actor.of(buyer), task, "counterfeit", "I think so.")


def test_an_overdue_parcel_stays_open_until_a_person_ends_it(buyer):
    task = ordered(a_task(), buyer)
    type(task).objects.filter(pk=task.pk).update(due_at=timezone.now() - timedelta(days=1))
    task.refresh_from_db()
    assert is_overdue(task)
    assert buyers_work(buyer).n_overdue == 1
    assert task in tasks_of(buyer, TaskFilter("overdue"))
    senior = a_person(Role.SENIOR)
    assert buying.fail(Actor.of(senior), task, "not_delivered", "Buyer is away.").outcome == "not_delivered"
    assert not tasks_of(buyer, TaskFilter("overdue")).exists()


def test_a_buyer_sees_their_own_and_free_tasks(buyer):
    mine, free, other = a_task(assigned_to=buyer), a_task(), a_task(assigned_to=a_person(Role.TEST_BUYER))
    assert set(tasks_of(buyer, TaskFilter())) == {mine, free}
    assert set(tasks_of(buyer, TaskFilter("mine"))) == {mine}
    assert set(tasks_of(buyer, TaskFilter("free"))) == {free}
    assert set(tasks_of(a_person(Role.SENIOR), TaskFilter())) == {mine, free, other}
    assert set(tasks_of(buyer, TaskFilter(text=other.unit))) == set()
    assert set(tasks_of(buyer, TaskFilter(text=mine.unit))) == {mine}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "{{ 7*7 }}", "漢字 \u202e"])
def test_free_text_is_kept_as_text(buyer, text):
    task = ordered(a_task(), buyer)
    assert buying.fail(Actor.of(buyer), task, "not_delivered", text).note == " ".join(text.split())
