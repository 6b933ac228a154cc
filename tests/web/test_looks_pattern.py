"""The sheet of every component renders, signed in and out, and keeps to the content security policy."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from tests.casework.builders import a_person
from tests.web.looking import pattern_page

pytestmark = pytest.mark.django_db


def test_the_sheet_renders_for_somebody_signed_in() -> None:
    html = pattern_page(a_person("analyst"))
    assert html.count("<h1") == 1
    assert 'href="#content"' in html and 'id="content"' in html
    assert "<main" in html and "<header" in html and "<footer" in html


def test_nothing_in_it_needs_an_inline_style_or_script() -> None:
    html = pattern_page(a_person("senior"))
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert "<style" not in html and "javascript:" not in html
    assert not re.search(r"<[^>]+\son[a-z]+=", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))


def test_every_label_leads_to_a_control_and_every_id_is_there_once() -> None:
    html = pattern_page(a_person("analyst"))
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:for|aria-labelledby)="([^"]+)"', html):
        assert target in ids


def test_a_fault_renders_without_a_person() -> None:
    request = RequestFactory().get("/nowhere")
    request.user = AnonymousUser()
    html = render_to_string("fault.html", {"status": 404, "title": "There is no such page", "text": "Gone."}, request)
    assert "There is no such page" in html and 'class="places"' not in html


def test_the_page_says_its_language() -> None:
    request = RequestFactory().get("/nowhere")
    request.user = AnonymousUser()
    with translation.override("zh-hans"):
        html = render_to_string("fault.html", {"status": 404, "title": "x", "text": "y"}, request)
    assert '<html lang="zh-hans">' in html
    assert 'value="en" lang="en">English<' in html
