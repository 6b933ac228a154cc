"""The buyer's pages: every step by form post without a script, from the list of tasks to the sealed parcel."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from assay.casework.models import AuditEvent, Document, Role, TaskStage
from assay.casework.services import buying, examinations, parcels
from assay.casework.services.parcels import Arrival, Handover
from assay.casework.services.recording import Actor
from tests.casework.bought import (
    a_control,
    a_laboratory,
    a_picture,
    a_programme,
    a_task,
    found,
    ordered,
    received,
    sealed,
)
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'>{{ 7*7 }}"


@pytest.fixture
def buyer():
    return a_person(Role.TEST_BUYER)


def post(client, name, pk, data=None, *, follow=True):
    return client.post(reverse(f"console:{name}", args=[pk]), data or {}, follow=follow)


def page(client, name, *args, query=""):
    return client.get(reverse(f"console:{name}", args=args) + query)


def text(response):
    return response.content.decode()


def upload(content=None, name="goods.jpg"):
    return SimpleUploadedFile(name, content or a_picture(), "image/jpeg")


def test_a_buyer_goes_the_whole_way_by_forms(buyer):
    task, client = a_task(), signed_in(buyer)
    assert "Take this test buy" in text(page(client, "task", task.pk))
    assert "yours now" in text(post(client, "task-take", task.pk))
    due = (timezone.now() + timedelta(days=7)).date().isoformat()
    answer = post(client, "task-order", task.pk, {"order_no": "O-77", "cost": "48.90", "due_on": due})
    assert "Come back when the parcel is there" in text(answer)
    parcel = {"carrier": "Post", "tracking_no": "RR1", "weight_g": "199.5", "place": "Office"}
    answer = text(post(client, "task-receive", task.pk, parcel))
    assert "lighter than the catalogue" in answer
    answer = post(client, "task-photograph", task.pk, {"picture": upload(), "shows": "goods"})
    assert "The photograph is kept" in text(answer)
    seal = {"seal_no": "S-1", "place": "Office", "said_brand": "Norvane", "said_model": "TR-200"}
    assert "waits for its examiner" in text(post(client, "task-seal", task.pk, seal))
    task.refresh_from_db()
    assert (task.stage, task.cost_minor, task.parcel_weight_g, task.said_model) == ("sealed", 4_890, 199.5, "TR-200")
    assert task.due_at is None


@pytest.mark.parametrize("cost", ["", "much", "-3", "1.499", "48.90 USD", "1e9"])
def test_an_amount_that_cannot_be_read_keeps_the_form(buyer, cost):
    task = a_task(assigned_to=buyer)
    due = timezone.now().date().isoformat()
    answer = post(signed_in(buyer), "task-order", task.pk, {"order_no": "O-1", "cost": cost, "due_on": due})
    assert answer.status_code == 422
    assert 'value="O-1"' in text(answer)
    task.refresh_from_db()
    assert task.stage == TaskStage.TO_BUY


def test_what_a_service_refuses_stands_in_the_form(buyer):
    task = received(a_task(), buyer)
    seal = {"seal_no": "S-1", "place": "Office", "said_brand": "Norvane"}
    answer = post(signed_in(buyer), "task-seal", task.pk, seal)
    assert answer.status_code == 422
    assert "no photograph of the goods" in text(answer)


def test_a_step_that_was_done_meanwhile_is_said(buyer):
    task = ordered(a_task(), buyer)
    due = timezone.now().date().isoformat()
    answer = post(signed_in(buyer), "task-order", task.pk, {"order_no": "O-1", "cost": "1.00", "due_on": due})
    assert answer.status_code == 409


@pytest.mark.parametrize("made", [lambda t, b: buying.take(Actor.of(b), t), ordered, received])
def test_a_buy_ends_early_with_a_note(buyer, made):
    task = made(a_task(), buyer)
    client = signed_in(buyer)
    task.refresh_from_db()
    outcome = next(name for name, stages in buying.FAILURES.items() if task.stage in stages)
    answer = text(post(client, "task-fail", task.pk, {"outcome": outcome, "note": "Seller wrote back."}))
    assert "this buy has ended" in answer
    assert "Seller wrote back." in answer


def test_only_outcomes_that_fit_are_offered(buyer):
    client = signed_in(buyer)
    offered = text(page(client, "task", ordered(a_task(), buyer).pk))
    assert "was not delivered" in offered and "another article came" not in offered
    wrong = post(client, "task-fail", ordered(a_task(), buyer).pk, {"outcome": "swapped", "note": "x"})
    assert wrong.status_code == 422


def test_a_buyer_does_not_find_the_tasks_of_others(buyer):
    other = a_task(assigned_to=a_person(Role.TEST_BUYER))
    client = signed_in(buyer)
    assert page(client, "task", other.pk).status_code == 404
    assert post(client, "task-take", other.pk).status_code == 404
    assert other.unit not in text(page(client, "tasks"))


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUTHENTICATOR, Role.MERCHANT])
def test_tasks_are_not_for_everybody(role):
    client, task = signed_in(a_person(role)), a_task()
    assert page(client, "tasks").status_code == 403
    assert page(client, "task", task.pk).status_code == 403


def test_an_auditor_reads_a_task_and_changes_nothing(buyer):
    task, client = sealed(a_task(), buyer), signed_in(a_person(Role.AUDITOR))
    answer = text(page(client, "task", task.pk))
    assert "Chain of custody" in answer and "<form" not in answer.split('id="content"')[1].split("<footer")[0]
    assert post(client, "task-take", task.pk).status_code == 403


def test_the_place_in_the_navigation_leads_a_buyer_to_tasks(buyer):
    answer = signed_in(buyer).get(reverse("console:programmes"), follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("console:tasks"))
    assert "Test buys: tasks" in text(answer)


def test_lists_are_narrowed(buyer):
    mine, free = a_task(assigned_to=buyer), a_task()
    late = a_task(assigned_to=buyer, due_at=timezone.now() - timedelta(days=2))
    client = signed_in(buyer)
    for query, seen, unseen in (
        ("?whose=mine", (mine, late), (free,)),
        ("?whose=free", (free,), (mine, late)),
        ("?whose=overdue", (late,), (mine, free)),
        (f"?q={free.unit}", (free,), (mine, late)),
        (f"?programme={late.programme_id}", (late,), (mine, free)),
        ("?stage=ordered", (), (mine, free, late)),
        ("?whose=nonsense&stage=x&programme=abc&page=zz", (mine, free, late), ()),
    ):
        shown = text(page(client, "tasks", query=query))
        assert all(task.unit in shown for task in seen), query
        assert not any(f">{task.unit}<" in shown for task in unseen), query


def test_an_overdue_task_says_so_and_nothing_moves_by_itself(buyer):
    task = ordered(a_task(), buyer)
    type(task).objects.update(due_at=timezone.now() - timedelta(days=1))
    assert 'badge bad">overdue' in text(page(signed_in(buyer), "task", task.pk))
    task.refresh_from_db()
    assert task.stage == TaskStage.ORDERED


def test_a_control_says_what_to_get_and_nothing_of_an_offer(buyer):
    shown = text(page(signed_in(buyer), "task", a_control(assigned_to=buyer).pk))
    assert "Control: known counterfeit" in shown
    assert "Take it from the brand or from seized goods" in shown


def test_a_buyer_learns_nothing_of_findings(buyer):
    (lab, chemist), _ = a_laboratory(), a_laboratory()
    task = sealed(a_task(), buyer)
    senior = Actor.of(a_person(Role.SENIOR))
    row = found(
        examinations.assign(senior, task, lab),
        "counterfeit",
        chemist,
        findings="Hologram differs at two edges.",
        resealed_no="RESEALED",
    )
    client = signed_in(buyer)
    shown = text(page(client, "task", task.pk)) + text(page(client, "tasks"))
    for secret in ("Hologram differs", lab.name, chemist.name, "badge bad", "examined", row.resealed_no):
        assert secret not in shown, secret
    filtered = text(page(client, "tasks", query="?stage=sealed"))
    assert task.unit in filtered
    assert 'value="examined"' not in filtered


def test_a_buyer_hands_the_sealed_unit_over_by_form_once(buyer):
    task, client = sealed(a_task(), buyer), signed_in(buyer)
    assert "The sealed unit leaves" in text(page(client, "task", task.pk))
    shown = text(post(client, "task-send", task.pk, {"carrier": "Courier", "tracking_no": "CC-9", "place": "Office"}))
    assert "the unit is on its way" in shown and "Courier CC-9" in shown
    assert "The sealed unit leaves" not in shown
    assert post(client, "task-send", task.pk, {"carrier": "Courier", "place": "Office"}).status_code == 409


def test_a_buyers_page_is_the_same_before_and_after_the_first_examination_and_its_way(buyer):
    (lab, chemist), _ = a_laboratory(), a_laboratory()
    task, client, senior = sealed(a_task(), buyer), signed_in(buyer), Actor.of(a_person(Role.SENIOR))

    def shown():
        body = text(page(client, "task", task.pk)).split('id="content"')[1]
        return "".join(line for line in body.splitlines() if "csrf" not in line)

    before = shown()
    row = examinations.assign(senior, task, lab)
    parcels.send(senior, task, Handover("Second Courier"))
    parcels.arrive(Actor.of(chemist), row, Arrival("S-other", False, "Goods in"), a_picture((5, 5, 5)))
    found(row, "counterfeit", chemist)
    parcels.send_on(Actor.of(chemist), row, Handover("Third Courier"))
    assert shown() == before
    assert page(client, "task-picture", task.pk, 2).status_code == 404


def test_a_lost_second_examination_tells_a_buyer_nothing_but_the_end(buyer):
    (lab, chemist), _ = a_laboratory(), a_laboratory()
    task, senior = sealed(a_task(), buyer), a_person(Role.SENIOR)
    found(examinations.assign(Actor.of(senior), task, lab), "counterfeit", chemist)
    said = {"outcome": "not_delivered", "reason": "The second laboratory got nothing."}
    answer = text(post(signed_in(senior), "task-lose", task.pk, said))
    assert "this buy has ended" in answer and "The second laboratory got nothing." in answer
    shown = text(page(signed_in(buyer), "task", task.pk))
    for secret in ("second laboratory", "lost or exchanged", "was not delivered", "counterfeit"):
        assert secret not in shown, secret


@pytest.mark.parametrize("outcome", ["not_delivered", "swapped"])
def test_a_senior_ends_a_sealed_unit_by_form_and_nobody_else_is_offered_it(buyer, outcome):
    task, words = sealed(a_task(), buyer), "It was lost or exchanged after it was sealed"
    assert words not in text(page(signed_in(buyer), "task", task.pk))
    client = signed_in(a_person(Role.SENIOR))
    assert words in text(page(client, "task", task.pk))
    assert post(client, "task-lose", task.pk, {"outcome": outcome, "reason": ""}).status_code == 422
    assert "this buy has ended" in text(post(client, "task-lose", task.pk, {"outcome": outcome, "reason": "Lost."}))
    task.refresh_from_db()
    assert (task.stage, task.outcome) == (TaskStage.DONE, outcome)


def test_a_senior_reads_why_a_unit_was_not_examined(buyer):
    lab, chemist = a_laboratory()
    task, senior = sealed(a_task(), buyer), a_person(Role.SENIOR)
    row = examinations.assign(Actor.of(senior), task, lab)
    examinations.decline(Actor.of(chemist), row, code="opened", reason="The lid was cut.")
    client = signed_in(senior)
    shown = text(page(client, "task", task.pk))
    assert "the parcel was opened on its way" in shown and "The lid was cut." in shown
    assert task.unit in text(page(client, "tasks", query="?whose=reported"))


def test_a_senior_sees_findings_and_seals_that_differ(buyer):
    lab, chemist = a_laboratory()
    task = sealed(a_task(), buyer, seal_no="S-500")
    senior = a_person(Role.SENIOR)
    row = examinations.assign(Actor.of(senior), task, lab)
    found(row, "genuine", chemist, seal_no_found="S-501", findings="All marks as on the reference.")
    shown = text(page(signed_in(senior), "task", task.pk))
    for word in ("All marks as on the reference.", "S-501", "instead of", lab.name, "differs"):
        assert word in shown
    listed = text(page(signed_in(senior), "tasks", query="?whose=seals"))
    assert task.unit in listed


def test_an_administrator_gives_out_and_reads_no_finding(buyer):
    (lab, chemist), (other, _) = a_laboratory(), a_laboratory()
    task, admin = sealed(a_task(), buyer), a_person(Role.ADMINISTRATOR)
    client = signed_in(admin)
    assert "given to the examiner" in text(post(client, "task-examine", task.pk, {"to": f"{lab.pk}"}))
    found(task.examinations.get(), "counterfeit", chemist, findings="Hologram differs at two edges.")
    shown = text(page(client, "task", task.pk))
    assert "Hologram differs" not in shown
    moved = post(client, "task-examine", task.pk, {"to": f"{other.pk}", "reason": "lab is on holiday"})
    assert moved.status_code == 200
    assert AuditEvent.objects.filter(action="examination.reassigned").count() == 1


def test_nobody_is_offered_who_may_not_examine(buyer):
    task = sealed(a_task(), buyer)
    client = signed_in(a_person(Role.SENIOR))
    assert "Nobody may examine this unit yet" in text(page(client, "task", task.pk))
    lab, _ = a_laboratory()
    assert lab.name in text(page(client, "task", task.pk))
    assert post(client, "task-examine", task.pk, {"to": "999999"}).status_code == 422


def test_a_senior_gives_a_task_to_a_buyer(buyer):
    task, client = a_task(), signed_in(a_person(Role.SENIOR))
    assert "given to the buyer" in text(post(client, "task-assign", task.pk, {"buyer": buyer.pk}))
    task.refresh_from_db()
    assert task.assigned_to == buyer
    assert post(client, "task-assign", task.pk, {"buyer": a_person(Role.ANALYST).pk}).status_code == 422


def test_a_broken_chain_is_shown(buyer):
    task = sealed(a_task(), buyer)
    client = signed_in(a_person(Role.AUDITOR))
    assert "does not hold" not in text(page(client, "task", task.pk))
    task.custody.filter(seq=2).update(note="changed by hand")
    shown = text(page(client, "task", task.pk))
    assert "The chain of custody does not hold" in shown
    assert "entry 2 was changed after it was written" in shown


def test_hostile_text_is_shown_as_text(buyer):
    task = a_task(title=HOSTILE, merchant_name=HOSTILE, brand=HOSTILE)
    ordered(task, buyer)
    client = signed_in(buyer)
    parcel = {"carrier": HOSTILE[:90], "tracking_no": HOSTILE[:90], "weight_g": "250", "place": HOSTILE}
    post(client, "task-receive", task.pk, parcel)
    post(client, "task-photograph", task.pk, {"picture": upload(name=f"{HOSTILE}.jpg"), "shows": "goods"})
    seal = {"seal_no": "S-1", "place": HOSTILE, "said_brand": HOSTILE, "said_model": HOSTILE}
    post(client, "task-seal", task.pk, seal)
    for person in (buyer, a_person(Role.SENIOR)):
        shown = text(page(signed_in(person), "task", task.pk)) + text(page(signed_in(person), "tasks"))
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)" in shown
        assert ">49<" not in shown


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"GIF89a", b"PK\x03\x04zip", b"%PDF-1.4"],
)
def test_what_is_no_photograph_is_refused_in_the_form(buyer, content):
    task = received(a_task(), buyer)
    file = SimpleUploadedFile("x.jpg", content, "image/jpeg")
    answer = post(signed_in(buyer), "task-photograph", task.pk, {"picture": file, "shows": "goods"})
    assert answer.status_code == 422
    assert not Document.objects.exists()


def test_photographs_lose_what_the_camera_wrote(buyer):
    task = received(a_task(), buyer)
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x010F], exif[0x0112] = "SECRETCAMERA", 6
    Image.new("RGB", (3_000, 60), "red").save(file, "JPEG", exif=exif)
    buying.photograph(Actor.of(buyer), task, file.getvalue(), "L000123.jpg", "goods")
    answer = page(signed_in(buyer), "task-picture", task.pk, 1)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "L000123" not in answer.headers["Content-Disposition"]
    assert b"SECRETCAMERA" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size[1] == 1_600  # turned upright and made small
    assert page(signed_in(buyer), "task-picture", task.pk, 2).status_code == 404
    assert page(signed_in(a_person(Role.TEST_BUYER)), "task-picture", task.pk, 1).status_code == 404


def test_queries_do_not_grow_with_rows(buyer):
    client, programme = signed_in(a_person(Role.SENIOR)), a_programme()
    counts = []
    for n in (1, 12):
        for _ in range(n):
            sealed(a_task(programme), buyer)
        with CaptureQueriesContext(connection) as seen:
            assert page(client, "tasks").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_queries_of_a_task_do_not_grow_with_its_photographs(buyer):
    client, task, counts = signed_in(a_person(Role.SENIOR)), received(a_task(), buyer), []
    for n in (1, 6):
        for each in range(n):
            buying.photograph(Actor.of(buyer), task, a_picture((each * 9, n, 1)), "x.jpg", "goods")
        with CaptureQueriesContext(connection) as seen:
            page(client, "task", task.pk)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR, Role.AUDITOR, Role.TEST_BUYER])
def test_the_file_as_it_came_is_given_to_nobody(buyer, role):
    task = sealed(a_task(), buyer)
    photograph = task.documents.first()
    person = buyer if role == Role.TEST_BUYER else a_person(role)
    answer = page(signed_in(person), "case-document", photograph.pk)
    assert answer.status_code == (403 if role == Role.TEST_BUYER else 404), "it says where a covert buyer was"
