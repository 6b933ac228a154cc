"""A programme's pages: stages, money, what needs somebody, the interval as it develops, and the way to publication."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import Programme, Role, TaskStage, TestBuyTask
from assay.casework.services.programmes import load_programme, refresh
from assay.casework.services.recording import COMMAND_LINE
from assay.pipeline.prevalence import estimate_prevalence
from tests.casework.bought import a_laboratory, a_programme, a_task, drawn_folder, sealed
from tests.casework.builders import NOW, a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_folder(tmp_path_factory.mktemp("drawn") / "buys")


@pytest.fixture
def programme(drawn, tmp_path):
    folder = shutil.copytree(drawn, tmp_path / "buys")
    return load_programme(folder, actor=COMMAND_LINE, name="Spring <b>").programme


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


def finish_all(programme):
    for task in programme.tasks.all():
        outcome = "counterfeit" if task.known == "counterfeit" else "genuine"
        task.stage, task.outcome, task.finished_at, task.cost_minor = TaskStage.DONE, outcome, NOW, 700
        task.second_outcome = "counterfeit" if outcome == "counterfeit" else ""
        task.save()


def shown(client, programme, name="programme"):
    return client.get(reverse(f"console:{name}", args=[programme.pk])).content.decode()


def test_a_new_programme_shows_its_plan_and_no_estimate(programme, senior):
    html = shown(signed_in(senior), programme)
    assert "Spring &lt;b&gt;" in html
    assert programme.plan_sha256 in html and programme.key_fingerprint in html
    assert "No look is complete" in html
    assert f"0 / {programme.tasks.count()}" in html
    assert "not for publication" in html


def test_a_complete_look_shows_the_estimate_of_the_command_line(programme, senior):
    finish_all(programme)
    refresh()
    html = shown(signed_in(senior), programme)
    estimate = estimate_prevalence(Path(programme.folder)).estimate()
    assert f"{100 * estimate.share:.2f} %" in html
    assert f"{100 * estimate.low:.2f} % – {100 * estimate.high:.2f} %" in html
    assert f"assay prevalence estimate {programme.folder} --look 1 --publish" in html
    assert "How the interval of listings developed" in html
    assert "Close the programme" in html


def test_the_button_brings_it_up_to_date(programme, senior):
    finish_all(programme)
    answer = signed_in(senior).post(reverse("console:programme-refresh", args=[programme.pk]), follow=True)
    assert f"{programme.tasks.count()} outcomes moved" in answer.content.decode()


def test_a_folder_that_is_gone_is_said(programme, senior):
    shutil.rmtree(programme.folder)
    answer = signed_in(senior).post(reverse("console:programme-refresh", args=[programme.pk]), follow=True)
    html = answer.content.decode()
    assert "The folder could not be read or written" in html and "holds no plan" in html
    assert "folder unreadable" in signed_in(senior).get(reverse("console:programmes")).content.decode()


def test_what_needs_somebody_leads_to_the_tasks(senior):
    programme, buyer = a_programme(), a_person(Role.TEST_BUYER)
    late = a_task(programme, due_at=timezone.now() - timedelta(days=1))
    waiting = sealed(a_task(programme), buyer)
    a_task(programme, stage=TaskStage.DONE, outcome="genuine", record_problem="otherwise <i>")
    client = signed_in(senior)
    html = shown(client, programme)
    assert "overdue: 1" in html and "wait to be given to an examiner: 1" in html and "otherwise &lt;i&gt;" in html
    for name, task in (("overdue", late), ("give_out", waiting)):
        listed = client.get(reverse("console:tasks") + f"?programme={programme.pk}&whose={name}").content.decode()
        assert task.unit in listed


def test_units_are_given_out_by_one_button(senior):
    programme, buyer = a_programme(), a_person(Role.TEST_BUYER)
    sealed(a_task(programme), buyer)
    client, url = signed_in(senior), reverse("console:programme-give-out", args=[programme.pk])
    assert "can go to nobody yet" in client.post(url, follow=True).content.decode()
    a_laboratory()
    assert "Given to examiners: 1." in client.post(url, follow=True).content.decode()


def test_replacing_needs_a_reason_and_a_senior(programme, senior):
    TestBuyTask.objects.filter(pk=programme.tasks.first().pk).update(record_problem="otherwise")
    url = reverse("console:programme-replace", args=[programme.pk])
    assert signed_in(senior).post(url, {"reason": " "}).status_code == 422
    assert signed_in(senior).post(url, {"reason": "labels were switched"}).status_code == 302
    assert signed_in(a_person(Role.ADMINISTRATOR)).post(url, {"reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ANALYST, 200),
        (Role.SENIOR, 200),
        (Role.AUDITOR, 200),
        (Role.ADMINISTRATOR, 200),
        (Role.TEST_BUYER, 403),
        (Role.AUTHENTICATOR, 403),
        (Role.MERCHANT, 403),
    ],
)
def test_who_reads_a_programme(role, status):
    programme, client = a_programme(), signed_in(a_person(role))
    assert client.get(reverse("console:programme", args=[programme.pk])).status_code == status
    may_change = role in (Role.SENIOR, Role.ADMINISTRATOR)
    for name in ("refresh", "give-out"):
        answer = client.post(reverse(f"console:programme-{name}", args=[programme.pk]))
        assert (answer.status_code == 302) == may_change


def test_an_analyst_reads_figures_and_reaches_no_task():
    programme = a_programme()
    task = a_task(programme, stage=TaskStage.DONE, outcome="genuine", record_problem="otherwise")
    html = shown(signed_in(a_person(Role.ANALYST)), programme)
    assert "otherwise" in html
    assert reverse("console:tasks") not in html and reverse("console:task", args=[task.pk]) not in html
    assert "csrfmiddlewaretoken" not in html.split('id="content"')[1].split("<footer")[0]


def test_money_counts_buys_and_examinations_and_what_is_to_come(senior):
    programme = a_programme(handling_minor=500, budget_minor=100_000)
    a_task(programme, stage=TaskStage.DONE, outcome="genuine", cost_minor=5_000)
    a_task(programme, price_minor=4_000, cost_minor=0)
    a_task(programme, stage=TaskStage.ORDERED, price_minor=4_000, cost_minor=4_200)
    html = shown(signed_in(senior), programme)
    assert "92.00 EUR" in html  # 50 + 42 spent
    assert "140.00 EUR" in html  # and 45 + 3 to come


def test_another_number_is_not_there(senior):
    assert signed_in(senior).get(reverse("console:programme", args=[99_999])).status_code == 404


def test_queries_do_not_grow_with_rows(senior):
    client, counts = signed_in(senior), []
    for n in (1, 15):
        for _ in range(n):
            a_task(a_programme())
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("console:programmes"))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    programme, counts = Programme.objects.first(), []
    for n in (1, 30):
        for _ in range(n):
            a_task(programme, stage=TaskStage.DONE, record_problem="x")
        with CaptureQueriesContext(connection) as seen:
            shown(client, programme)
        counts.append(len(seen))
    assert counts[0] == counts[1]
