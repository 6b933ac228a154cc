"""The queue filtered, page after page, in a number of queries that does not grow."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assay.casework.models import QueueCensus
from assay.casework.queries import queue
from tests.casework.builders import NOW, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(a_person())


def _ids(page):
    return re.findall(r'<span class="nowrap">\w+ (\S+)</span>', page.content.decode())


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("stream=random", {"stream": "random"}),
        ("category=shoes", {"category": "shoes"}),
        ("brand=Other", {"brand": "Other"}),
        ("merchant=M-77", {"merchant_id": "M-77"}),
        ("text=M-78", {"merchant_id": "M-78"}),
        ("text=%20L-9%20", {"subject_id": "L-9"}),
        ("band=low", {"score": 12.0}),
        ("band=some", {"score": 79.9}),
        ("subject=merchant", {"subject_type": "merchant"}),
        ("state=closed", {"state": "closed"}),
        ("brand=Other&band=some", {"brand": "Other", "score": 50.0}),
    ],
)
def test_each_filter_finds_what_it_says(client, query, given):
    an_item()
    wanted = an_item(**given)
    assert _ids(client.get(f"/console/queue/?{query}")) == [wanted.subject_id]


def test_what_is_held_is_found_by_its_holder(client):
    an_item(rank=1.0)
    client.post("/console/queue/next/")
    an_item(rank=9.0)
    assert len(_ids(client.get("/console/queue/?claimed=mine"))) == 1
    assert len(_ids(client.get("/console/queue/?claimed=free"))) == 1


@pytest.mark.parametrize(
    "query", ["state=nonsense", "band=%3Cscript%3E", "after=x_y", "after=nan_1", "after=0x1p+1_-4"]
)
def test_a_filter_that_cannot_be_read_is_said(client, query):
    assert client.get(f"/console/queue/?{query}").status_code == 400


def test_a_zero_byte_is_no_fault_of_ours(client):
    assert client.get("/console/queue/?text=%00&brand=a%00").status_code == 400


def test_pages_follow_one_another_without_gap_or_repetition(client, monkeypatch):
    monkeypatch.setattr(queue, "PAGE_ROWS", 3)
    monkeypatch.setitem(queue.page_of.__kwdefaults__, "size", 3)
    items = [an_item(rank=rank) for rank in (5.0, 5.0, 5.0, 5.0, 4.0, 4.0, 1.0)]
    found, address = [], "/console/queue/"
    while address:
        page = client.get(address)
        found += _ids(page)
        following = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = following[1].replace("&amp;", "&") if following else None
    assert found == [each.subject_id for each in items]


def test_counts_come_from_the_census_and_are_left_out_without_one(client):
    an_item()
    assert 'class="count"' not in client.get("/console/queue/").content.decode()
    QueueCensus.objects.create(taken_at=NOW, counts={"states": {"open": 1_234_567}, "categories": {"watches": 3}})
    html = client.get("/console/queue/").content.decode()
    assert "1,234,567" in html and '<option value="watches">' in html


def test_the_number_of_queries_does_not_grow_with_rows(client):
    an_item()
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/console/queue/")
    holder = a_person()
    for n in range(40):
        an_item(merchant_id="M-1", claimed_by=holder if n % 2 else None, claimed_until=NOW)
    with CaptureQueriesContext(connection) as many:
        client.get("/console/queue/")
    assert len(many) == len(few)
