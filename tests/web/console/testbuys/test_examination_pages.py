"""What an examiner's pages hold, value by value: nothing that could tell the goods' truth or the other examination."""

import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import AuditEvent, Examination, OrganisationKind, Role
from assay.casework.queries.testbuys import attention, blind
from assay.casework.queries.waiting import waits_for
from assay.casework.services import buying, examinations, parcels
from assay.casework.services.parcels import Arrival, Handover
from assay.casework.services.recording import Actor
from tests.casework.bought import a_brand, a_control, a_laboratory, a_picture, a_programme, a_task, found, sealed
from tests.casework.builders import a_person, an_organisation
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db

RESULT = {
    "seal_no_found": "S-1",
    "is_seal_intact": "yes",
    "outcome": "genuine",
    "findings": "All marks are as on the reference.",
    "resealed_no": "R-1",
    "place": "Bench 2",
    "cost": "15.00",
}


@pytest.fixture
def buyer():
    return a_person(Role.TEST_BUYER, name="Buyer-Who-Bought")


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


def a_secret_task(programme, **given):
    """A task whose every value is a word of its own, so that a page can be searched for it."""
    secrets = {
        "listing_id": "LISTING-SECRET",
        "merchant_id": "MERCHANT-SECRET",
        "merchant_name": "Shop Secret",
        "title": "Title Secret",
        "category": "Category Secret",
        "rights_holder": "Holder Secret",
        "price_minor": 987_651,
        "score": 87.6543,
        "inclusion_probability": 0.123456,
        "catalogue_weight_g": 7_654.3,
        "look": 7,
    }
    return a_task(programme, **secrets | given)


def give(task, senior, where, **given):
    return examinations.assign(Actor.of(senior), task, where, **given)


def forbidden(task, first):
    """Every value that must not be on an examiner's page of the second examination."""
    task.refresh_from_db()
    values = [
        task.listing_id, task.merchant_id, task.merchant_name, task.title, task.category, task.rights_holder,
        "987651", "9,876.51", "9876.51", "87.65", "87.6", "0.1234", "12.3", "7654", "7,654",
        task.programme.name, task.programme.folder, task.programme.plan_sha256, task.programme.key_fingerprint,
        task.order_no, task.tracking_no, task.carrier, str(task.parcel_weight_g), "49.00", task.custody_head,
        "Buyer-Who-Bought", task.assigned_to.email,
        first.organisation.name, first.examiner.name, first.examiner.email, first.findings, first.seal_no_expected,
    ]  # fmt: skip
    return [value for value in values if value]


def tells(text, value):
    """Whether a text holds a value; a number within a hash or a token is not that number."""
    if value[0].isdigit():
        return re.search(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![A-Za-z])", text) is not None
    return value in text


@pytest.fixture
def second(buyer, senior):
    """The second examination of a unit whose first one found a counterfeit, and both examiners."""
    (lab, chemist), (_other, examiner) = a_laboratory(name="First Lab"), a_laboratory(name="Second Lab")
    task = sealed(a_secret_task(a_programme()), buyer, seal_no="SEAL-FIRST")
    buying.photograph(Actor.of(buyer), task, a_picture((9, 9, 9)), "LISTING-SECRET.jpg", "seal")
    first = found(
        give(task, senior, lab), "counterfeit", chemist, findings="The first one says so.", resealed_no="SEAL-SECOND"
    )
    return Examination.objects.get(task=task, ordinal=2), first, chemist, examiner


def every_page(client, row):
    pages = [
        reverse("console:examinations"),
        reverse("console:examinations") + "?show=all",
        reverse("console:examination", args=[row.pk]),
    ]
    answers = [client.get(page) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    for name in ("arrive", "finish", "decline"):
        answers.append(client.post(reverse(f"console:examination-{name}", args=[row.pk]), {"outcome": "?"}))
    assert [answer.status_code for answer in answers[3:]] == [422, 422, 422]
    return [answer.content.decode() for answer in answers]


def main_of(html):
    """What a page says of its subject, without the person's own name and the way out."""
    return html.split('id="content"')[1]


def test_the_second_examiners_pages_hold_nothing_that_is_forbidden(second):
    row, first, _chemist, examiner = second
    values = forbidden(row.task, first)
    assert len(values) >= 28
    for html in every_page(signed_in(examiner), row):
        for value in (*values, "measure", "enforce", "look 7", "second", "ordinal"):
            assert not tells(main_of(html).replace("Second Lab", ""), value), value
    assert "SEAL-SECOND" in every_page(signed_in(examiner), row)[2]


def test_what_the_api_is_given_holds_nothing_that_is_forbidden(second):
    row, first, _chemist, _examiner = second
    said = json.dumps(blind(row).to_json(), default=str)
    assert not [value for value in forbidden(row.task, first) if tells(said, value)]


def test_headers_of_a_photograph_hold_nothing_that_is_forbidden(second):
    row, first, _chemist, examiner = second
    answer = signed_in(examiner).get(reverse("console:examination-picture", args=[row.pk, 1]))
    assert answer.status_code == 200
    assert not [value for value in forbidden(row.task, first) if tells(str(answer.headers), value)]


def upload():
    return SimpleUploadedFile("parcel.jpg", a_picture((8, 8, 8)), "image/jpeg")


def shape(html, row):
    """A page with what may differ between units taken out, and the moment of the result."""
    html = re.sub(r"<time.*?</time>", "*", html)
    unit = row.task
    for value in (unit.unit, row.seal_no_expected, f"examinations/{row.pk}/"):
        html = html.replace(value, "*")
    body = main_of(html)
    return "".join(line for line in body.splitlines() if "csrf" not in line)


def test_controls_and_counterfeits_and_genuine_goods_look_alike(buyer, senior):
    lab, chemist = a_laboratory()
    programme = a_programme()
    units = [
        sealed(a_secret_task(programme), buyer),
        sealed(a_control(programme, known="counterfeit"), buyer),
        sealed(a_control(programme, known="genuine"), buyer),
    ]
    rows = [give(task, senior, lab) for task in units]
    moment = rows[0].due_at
    Examination.objects.update(due_at=moment)
    client, pages = signed_in(chemist), []
    for row in rows:
        row.refresh_from_db()
        pages.append(shape(client.get(reverse("console:examination", args=[row.pk])).content.decode(), row))
    assert pages[0] == pages[1] == pages[2]
    assert "control" not in pages[1].lower()
    keys = [blind(row).to_json().keys() for row in rows]
    assert keys[0] == keys[1] == keys[2]


def test_first_and_second_examinations_look_alike(second):
    row, _first, _chemist, examiner = second
    client = signed_in(examiner)
    again = shape(client.get(reverse("console:examination", args=[row.pk])).content.decode(), row)
    task = sealed(a_secret_task(a_programme(), listing_id="L-other"), a_person(Role.TEST_BUYER))
    buying.photograph(Actor.of(task.assigned_to), task, a_picture((1, 9, 9)), "x.jpg", "seal")
    once = give(task, a_person(Role.SENIOR), row.organisation)
    Examination.objects.filter(pk=once.pk).update(due_at=row.due_at)
    once.refresh_from_db()
    assert shape(client.get(reverse("console:examination", args=[once.pk])).content.decode(), once) == again


def seen_on_the_way(row, person):
    """The shape of an examiner's page at each step from arrival to handing over; the seal fits."""
    client = signed_in(person)
    arrival = {"seal_no_found": row.seal_no_expected, "is_seal_intact": "yes", "place": "Goods in"}
    steps = (
        ("arrive", arrival),
        ("finish", {**RESULT, "resealed_no": "R-9"}),
        ("send", {"carrier": "C", "place": "B"}),
    )
    pages = []
    for name, data in steps:
        answer = client.post(reverse(f"console:examination-{name}", args=[row.pk]), data, follow=True)
        assert answer.status_code == 200, name
        pages.append(shape(answer.content.decode(), row))
    return pages


def test_first_and_second_examinations_look_alike_at_every_step(second):
    row, _first, _chemist, examiner = second
    task = sealed(a_secret_task(a_programme(), listing_id="L-other"), a_person(Role.TEST_BUYER))
    buying.photograph(Actor.of(task.assigned_to), task, a_picture((1, 9, 9)), "x.jpg", "seal")
    once = give(task, a_person(Role.SENIOR), row.organisation)
    Examination.objects.filter(pk=once.pk).update(due_at=row.due_at)
    once.refresh_from_db()
    assert seen_on_the_way(once, examiner) == seen_on_the_way(row, examiner)


def test_an_examiner_is_asked_for_the_seal_before_the_result_and_once(buyer, senior):
    lab, chemist = a_laboratory()
    row, client = give(sealed(a_task(), buyer, seal_no="S-1"), senior, lab), signed_in(chemist)
    shown = client.get(reverse("console:examination", args=[row.pk])).content.decode()
    assert "The parcel is here" in shown and "Record the result" not in shown
    arrival = {"seal_no_found": "S-2", "is_seal_intact": "no", "place": "Goods in", "picture": upload()}
    shown = client.post(reverse("console:examination-arrive", args=[row.pk]), arrival, follow=True).content.decode()
    assert "Record the result" in shown and "seal_no_found" not in shown
    assert "differs" in shown and "broken or opened" in shown
    result = {name: RESULT[name] for name in ("outcome", "findings", "resealed_no", "place")}
    assert client.post(reverse("console:examination-finish", args=[row.pk]), result).status_code == 302
    row.refresh_from_db()
    assert (row.seal_no_found, row.seal_fits, row.is_seal_intact, row.outcome) == ("S-2", False, False, "genuine")


def test_a_second_examiner_sees_nothing_of_the_first_ones_arrival(second):
    row, first, chemist, examiner = second
    task = sealed(a_secret_task(a_programme(), listing_id="L-third"), a_person(Role.TEST_BUYER))
    once = give(task, a_person(Role.SENIOR), first.organisation)
    parcels.arrive(Actor.of(chemist), once, Arrival("WRONG-SEAL", False, "First Dock"), a_picture((2, 2, 2)))
    found(once, "counterfeit", chemist, resealed_no="SEAL-THIRD")
    parcels.send_on(Actor.of(chemist), once, Handover("Courier Secret"))
    other = Examination.objects.get(task=task, ordinal=2)
    person = examiner if other.organisation == row.organisation else other.examiner
    shown = "".join(every_page(signed_in(person), other))
    for secret in ("WRONG-SEAL", "First Dock", "Courier Secret", "badge bad"):
        assert secret not in shown, secret
    assert signed_in(person).get(reverse("console:examination-picture", args=[other.pk, 2])).status_code == 404


def test_an_examiner_never_sees_a_label(buyer, senior):
    lab, chemist = a_laboratory()
    task = sealed(a_task(), buyer)
    buying.photograph(Actor.of(buyer), task, a_picture((3, 3, 3)), "label.jpg", "parcel")
    row, client = give(task, senior, lab), signed_in(chemist)
    assert client.get(reverse("console:examination-picture", args=[row.pk, 1])).status_code == 200
    assert client.get(reverse("console:examination-picture", args=[row.pk, 2])).status_code == 404


@pytest.mark.parametrize("path", ["tasks", "programmes"])
def test_examiners_do_not_reach_tasks_and_programmes(path):
    _, chemist = a_laboratory()
    task, client = a_task(), signed_in(chemist)
    assert client.get(reverse(f"console:{path}")).status_code == 403
    assert client.get(reverse("console:task", args=[task.pk])).status_code == 403
    assert client.get(reverse("console:programme", args=[task.programme_id])).status_code == 403
    assert client.get(reverse("console:task-picture", args=[task.pk, 1])).status_code == 403


def test_an_examination_of_another_organisation_is_not_there(second):
    row, first, chemist, examiner = second
    for person, other in ((chemist, row), (examiner, first)):
        client = signed_in(person)
        assert client.get(reverse("console:examination", args=[other.pk])).status_code == 404
        assert client.get(reverse("console:examination-picture", args=[other.pk, 1])).status_code == 404
        for name in ("take", "arrive", "finish", "send", "decline"):
            assert client.post(reverse(f"console:examination-{name}", args=[other.pk]), RESULT).status_code == 404


def test_a_colleague_of_a_second_examination_in_one_house_is_not_told(buyer, senior):
    where = an_organisation(OrganisationKind.LABORATORY)
    first_person, second_person = (a_person(Role.AUTHENTICATOR, where) for _ in range(2))
    task = sealed(a_task(), buyer)
    first = found(give(task, senior, where), "counterfeit", first_person)
    row = Examination.objects.get(task=task, ordinal=2)
    assert row.examiner == second_person
    assert signed_in(first_person).get(reverse("console:examination", args=[row.pk])).status_code == 404
    assert signed_in(second_person).get(reverse("console:examination", args=[first.pk])).status_code == 404
    listed = signed_in(first_person).get(reverse("console:examinations") + "?show=all").content.decode()
    assert listed.count(task.unit) == 1


def test_the_start_page_does_not_count_the_examination_of_a_colleague(buyer, senior):
    where = an_organisation(OrganisationKind.LABORATORY)
    first_person, second_person = (a_person(Role.AUTHENTICATOR, where) for _ in range(2))
    found(give(sealed(a_task(), buyer), senior, where), "counterfeit", first_person)
    assert [each.n for each in waits_for(first_person)] == [0, 0]
    assert [each.n for each in waits_for(second_person)] == [1, 0]


def test_an_examiner_takes_and_finishes_by_forms(buyer, senior):
    brand, expert = a_brand()
    row = give(sealed(a_task(), buyer, seal_no="S-1"), senior, brand)
    client = signed_in(expert)
    assert "yours now" in client.post(reverse("console:examination-take", args=[row.pk]), follow=True).content.decode()
    answer = client.post(reverse("console:examination-finish", args=[row.pk]), RESULT, follow=True).content.decode()
    assert "The result is recorded." in answer
    assert "All marks are as on the reference." in answer
    row.refresh_from_db()
    assert (row.outcome, row.cost_minor, row.seal_fits, row.resealed_no) == ("genuine", 1_500, True, "R-1")
    again = client.post(reverse("console:examination-finish", args=[row.pk]), RESULT)
    assert again.status_code == 409


def test_a_conflict_of_interest_is_declined_by_form(buyer, senior):
    lab, chemist = a_laboratory()
    row, client = give(sealed(a_task(), buyer), senior, lab), signed_in(chemist)
    reason = {"code": "conflict", "reason": "The seller is a relative."}
    answer = client.post(reverse("console:examination-decline", args=[row.pk]), reason, follow=True).content.decode()
    assert "A senior gives the unit to somebody else" in answer
    assert AuditEvent.objects.get(action="examination.declined").reason == "The seller is a relative."


@pytest.mark.parametrize("missing", ["seal_no_found", "is_seal_intact", "outcome", "findings", "resealed_no", "place"])
def test_a_result_without_a_part_keeps_the_form(buyer, senior, missing):
    lab, chemist = a_laboratory()
    row = give(sealed(a_task(), buyer), senior, lab)
    data = {name: value for name, value in RESULT.items() if name != missing}
    answer = signed_in(chemist).post(reverse("console:examination-finish", args=[row.pk]), data)
    assert answer.status_code == 422
    row.refresh_from_db()
    assert row.outcome == ""


@pytest.mark.parametrize("role", [Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_those_who_oversee_see_the_list_and_are_led_to_the_task(second, role):
    row, _first, _chemist, _examiner = second
    client = signed_in(a_person(role))
    listed = client.get(reverse("console:examinations") + "?show=all").content.decode()
    assert "First Lab" in listed and "Second Lab" in listed
    assert ("badge bad" in listed) == (role != Role.ADMINISTRATOR)
    answer = client.get(reverse("console:examination", args=[row.pk]))
    assert answer.url == reverse("console:task", args=[row.task_id])


@pytest.mark.parametrize("role", [Role.ANALYST, Role.TEST_BUYER, Role.MERCHANT])
def test_examinations_are_not_for_everybody(second, role):
    row, client = second[0], signed_in(a_person(role))
    assert client.get(reverse("console:examinations")).status_code == 403
    assert client.get(reverse("console:examination", args=[row.pk])).status_code == 403


def test_hostile_findings_are_shown_as_text(buyer, senior):
    hostile = "<script>alert(1)</script>\n<img src=x onerror=alert(2)>"
    lab, chemist = a_laboratory()
    task = sealed(a_task(), buyer)
    row = found(give(task, senior, lab), "genuine", chemist, findings=hostile, place=hostile)
    for person, name, pk in ((chemist, "examination", row.pk), (senior, "task", task.pk)):
        shown = signed_in(person).get(reverse(f"console:{name}", args=[pk])).content.decode()
        assert "<script>alert" not in shown and "<img src=x" not in shown
        assert "&lt;script&gt;alert(1)" in shown


@pytest.mark.parametrize("role", [Role.AUTHENTICATOR, Role.SENIOR])
def test_queries_do_not_grow_with_rows(buyer, senior, role):
    lab, chemist = a_laboratory()
    client, counts = signed_in(chemist if role == Role.AUTHENTICATOR else senior), []
    programme = a_programme()
    for n in (1, 10):
        for _ in range(n):
            give(sealed(a_task(programme), buyer), senior, lab)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("console:examinations")).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def overdue(row):
    Examination.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(days=1))
    row.refresh_from_db()


def test_an_overdue_examination_is_marked_for_all_who_see_it_and_for_seniors_wherever_they_begin(buyer, senior):
    lab, chemist = a_laboratory()
    task = sealed(a_task(), buyer)
    row, staff, examiner = give(task, senior, lab), signed_in(senior), signed_in(chemist)
    late = reverse("console:tasks") + "?whose=late"
    pages = {
        staff: [reverse("console:examinations"), reverse("console:task", args=[task.pk]), late],
        examiner: [reverse("console:examinations"), reverse("console:examination", args=[row.pk])],
    }
    words = "examinations that are overdue"
    programme = reverse("console:programme", args=[task.programme_id])
    assert task.unit not in main_of(staff.get(late).content.decode())
    assert words not in staff.get(programme).content.decode()
    overdue(row)
    for client, addresses in pages.items():
        for address in addresses:
            assert 'badge bad">overdue' in client.get(address).content.decode(), address
    assert f"{words}: 1" in staff.get(programme).content.decode()
    assert [each.n for each in waits_for(senior) if each.what == "examinations_late"] == [1]
    assert task.unit not in main_of(signed_in(buyer).get(late.replace("late", "overdue")).content.decode())
    assert "badge bad" not in signed_in(buyer).get(reverse("console:tasks")).content.decode()


@pytest.mark.parametrize("what", ["finished", "declined", "lost"])
def test_an_examination_that_waits_for_no_examiner_is_not_overdue(buyer, senior, what):
    lab, chemist = a_laboratory()
    task = sealed(a_task(), buyer)
    row = give(task, senior, lab)
    overdue(row)
    if what == "finished":
        found(row, "genuine", chemist)
    elif what == "declined":
        examinations.decline(Actor.of(chemist), row, code="conflict", reason="A relative.")
    else:
        parcels.lose(Actor.of(senior), task, "not_delivered", "Lost.")
    assert "late" not in attention(task.programme)
    for person in (senior, chemist):
        shown = signed_in(person).get(reverse("console:examinations") + "?show=all").content.decode()
        assert 'badge bad">overdue' not in shown
        assert ("ended" in main_of(shown)) == (what == "lost")
