"""The log's pages: found, turned, masked, and one subject's history."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from assay.casework.models import AuditEvent, Role
from assay.casework.services.recording import COMMAND_LINE, WORKER, Actor, Happening, record_all
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def write(*happenings, actor=COMMAND_LINE):
    with transaction.atomic():
        return record_all(actor, [Happening(*each) for each in happenings])


@pytest.fixture
def auditor():
    return signed_in(a_person(Role.AUDITOR))


def seqs(response):
    return [event.seq for event in response.context["page"].events]


def test_the_newest_stands_first_with_words_and_what_changed(auditor):
    person = a_person(Role.ADMINISTRATOR, name="Ada")
    write(
        ("person.role_changed", "person", "7", {"role": "analyst"}, {"role": "senior"}, "asked for"),
        actor=Actor.of(person),
    )
    page = auditor.get("/console/audit/").content.decode()
    assert "gave a person another role" in page and "Ada" in page and "asked for" in page
    assert "<del>analyst</del>" in page and "<ins>senior</ins>" in page


def test_it_is_narrowed_by_who_what_about_what_and_when(auditor):
    ada = a_person(Role.ADMINISTRATOR, name="Ada", email="ada@example.org")
    write(("hold.placed", "merchant", "M1"), actor=Actor.of(ada))
    write(("hold.lifted", "merchant", "M2"), ("token.made", "apitoken", "1"), actor=WORKER)
    day = f"{AuditEvent.objects.first().at:%Y-%m-%d}"
    found = {
        "actor=ada": [1],
        "actor=ADA@example.org": [1],
        f"actor=person:{ada.pk}": [1],
        "actor=worker": [3, 2],
        "actor=nobody": [],
        "action=hold.": [2, 1],
        "action=hold.lifted": [2],
        "action=made.up": [3, 2, 1],
        "subject_type=merchant&subject_id=M2": [2],
        f"since={day}&until={day}": [3, 2, 1],
        "until=2020-01-01": [],
        "since=2099-01-01": [],
        "since=nonsense": [3, 2, 1],
    }
    for query, expected in found.items():
        assert seqs(auditor.get(f"/console/audit/?{query}")) == expected, query


def test_pages_are_turned_both_ways_and_stay_the_same_while_the_log_grows(auditor):
    write(*[("token.made", "apitoken", str(n)) for n in range(120)])
    first = auditor.get("/console/audit/?action=token.made")
    older = first.context["page"].older
    assert seqs(first) == list(range(120, 70, -1)) and not first.context["page"].newer
    write(("token.made", "apitoken", "x"))
    second = auditor.get("/console/audit/" + older)
    assert seqs(second) == list(range(70, 20, -1))
    third = auditor.get("/console/audit/" + second.context["page"].older)
    assert seqs(third) == list(range(20, 0, -1)) and not third.context["page"].older
    back = auditor.get("/console/audit/" + third.context["page"].newer)
    assert seqs(back) == seqs(second)
    start = auditor.get("/console/audit/" + second.context["page"].newer)
    assert seqs(start) == list(range(120, 70, -1)) and start.context["page"].newer
    assert "action=token.made" in older


def test_a_page_asks_as_often_for_many_events_as_for_few(auditor):
    def n_queries():
        with CaptureQueriesContext(connection) as found:
            auditor.get("/console/audit/")
        return len(found)

    write(("token.made", "apitoken", "1"), actor=Actor.of(a_person()))
    few = n_queries()
    for _ in range(20):
        write(("token.made", "apitoken", "1"), actor=Actor.of(a_person()))
    assert n_queries() == few


def test_an_administrator_does_not_read_what_is_of_a_case():
    write(("hold.placed", "decision", "D-1", None, {"note": "inside"}, "because of the buyer"))
    write(("person.changed", "person", "9", None, {"fields": ["name"]}, "asked for"))
    pages = {
        r: signed_in(a_person(r)).get("/console/audit/").content.decode() for r in (Role.ADMINISTRATOR, Role.SENIOR)
    }
    assert "inside" not in pages[Role.ADMINISTRATOR] and "because of the buyer" not in pages[Role.ADMINISTRATOR]
    assert "masked for your role" in pages[Role.ADMINISTRATOR] and "asked for" in pages[Role.ADMINISTRATOR]
    assert "inside" in pages[Role.SENIOR] and "masked for your role" not in pages[Role.SENIOR]


def test_one_subject_has_its_history_and_an_unknown_one_has_none(auditor):
    write(("hold.placed", "merchant", "M/1 仿"), ("hold.placed", "merchant", "M2"))
    from django.urls import reverse

    assert seqs(auditor.get(reverse("console:audit-subject", args=["merchant", "M/1 仿"]))) == [1]
    assert auditor.get(reverse("console:audit-subject", args=["merchant", "M3"])).status_code == 404


def test_what_is_written_is_shown_and_not_run(auditor):
    write(("hold.placed", "merchant", "<script>alert(1)</script>", None, {"<b>": "<i>"}, "<img src=x>"))
    page = auditor.get("/console/audit/").content.decode()
    assert "<script>alert" not in page and "<img src=x>" not in page and "&lt;img" in page


@pytest.mark.parametrize("role", [Role.ANALYST, Role.TEST_BUYER, Role.AUTHENTICATOR, Role.MERCHANT])
def test_nobody_else_reads_the_log(role):
    client = signed_in(a_person(role))
    for path in ("", "checkpoint/", "export.csv", "holds/", "subject/person/1/"):
        assert client.get(f"/console/audit/{path}").status_code == 403


def test_the_last_day_of_all_is_a_day(auditor):
    write(("token.made", "apitoken", "1"))
    assert seqs(auditor.get("/console/audit/?until=9999-12-31")) == [1]
