"""Whatever somebody writes into an address or a form, the answer is a page: never an error of ours.

The addresses come from the URL table, the forms from the pages of a full house, so a new one is tried by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from assay.casework.models import Person
from assay.web.permits import permits
from tests.web.full_house import a_full_house
from tests.web.reading import Walk
from tests.web.signing_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

NUL = "a\0b"
ELSEWHERE = "evil.example"
# Beyond a bigint, beyond what Python reads as a number, below zero, no number at all, other digits.
NUMBERS = ("0", str(2**63 - 1), str(2**63), "9" * 30, "9" * 5_000)
WORDS = (NUL, "x" * 3_000, "\u202e", "a/../b")
TEXTS = (NUL, "\x1b\u202e=1+1\r\nX: y", "x" * 9_000, f"//{ELSEWHERE}/", "9" * 30, "9999-12-31")
# What every field is tried with on its own: with the others as they stand, a form comes further.
ALONE = ("9" * 30, "9999-12-31")
# What addresses are paged and narrowed by, beside the fields of the forms that send their words in the address.
QUERIES = ("page", "after", "before", "organisation", "endpoint", "state", "next")
_SEGMENT = re.compile(r"<(?:(\w+):)?\w+>")


@dataclass(frozen=True, slots=True)
class Route:
    """One pattern of the URL table."""

    name: str
    pattern: str

    def filled(self, number: str, text: str) -> str:
        """An address of it with a value of ours in every place."""
        return _SEGMENT.sub(lambda found: number if found[1] == "int" else quote(text, safe=""), self.pattern)


def routes() -> list[Route]:
    """All of them."""
    return list(_walk(get_resolver().url_patterns, "/", ()))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, spaces: tuple[str, ...]) -> Iterator[Route]:
    for each in patterns:
        route = prefix + str(each.pattern).lstrip("^").rstrip("$")
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route, (*spaces, each.namespace) if each.namespace else spaces)
        else:
            yield Route(":".join((*spaces, each.name or "")), route)


PAGES = [each for each in routes() if not each.pattern.startswith("/api/")]


def a_browser(person: Person | None) -> Client:
    client = signed_in(person) if person else Client()
    client.raise_request_exception = False
    return client


def status_of(client: Client, method: str, path: str, data: dict[str, str] | None = None) -> int:
    """The status of an answer, 599 for one that leads elsewhere; whatever it wrote is taken back."""
    with transaction.atomic():
        found = getattr(client, method.lower())(path, data or {})
        transaction.set_rollback(True)
    return 599 if ELSEWHERE in found.headers.get("Location", "").partition("?")[0] else found.status_code


def whoever(people: dict[str, Person], name: str) -> Iterator[Person]:
    return (people[role] for role in sorted(permits()[name].roles) if role in people)


def test_no_number_and_no_word_in_an_address_breaks_a_page():
    people = {role: person for role, person in a_full_house("en").items()}
    clients = {person.pk: a_browser(person) for person in people.values()}
    wrong = []
    for route in PAGES:
        if not _SEGMENT.search(route.pattern):
            continue
        person = next(whoever(people, route.name))
        for path in {route.filled(n, "x") for n in NUMBERS} | {
            route.filled("1", t) for t in (NUL, "x" * 3_000, "\u202e", "a/../b")
        }:
            for method in permits()[route.name].methods:
                status = status_of(clients[person.pk], method, path)
                if status >= 500 or ("%00" in path and status < 400):
                    wrong.append((method, path[:90], status))
    assert not wrong


def test_no_question_and_no_form_breaks_a_page():
    people = a_full_house("en")
    wrong, tried = [], set()
    for role in sorted(people):
        client = a_browser(people[role])
        for page in Walk(people[role]).pages():
            path = page.path.partition("?")[0]
            asking = Form("GET", path, dict.fromkeys(QUERIES, ""))
            for form in (asking, *forms_of(page.html, page.path)):
                key = (resolve(form.action).view_name, form.method, tuple(form.fields))
                if key not in tried and key[0] != "accounts:sign-out":
                    tried.add(key)
                    wrong += list(broken(client, form))
    assert not wrong
    assert len(tried) > 80


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page with what stands in its fields."""

    method: str
    action: str
    fields: dict[str, str]


def broken(client: Client, form: Form) -> Iterator[tuple[str, str, str, str, int]]:
    """The form with every hostile text in all of its fields, and with a few in each field on its own."""
    given = [("", text, dict.fromkeys(form.fields, text)) for text in TEXTS]
    alone = ALONE if form.method == "POST" else ALONE[:1]
    given += [(name, text, form.fields | {name: text}) for name in form.fields for text in alone]
    for name, text, fields in given:
        if form.method == "POST":
            status = status_of(client, "post", form.action, fields)
        else:
            status = status_of(client, "get", f"{form.action}?{urlencode(fields)}")
        if status >= 500 or (text == NUL and fields and status < 400):
            yield form.method, form.action, name, text[:20], status


class _Forms(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.found, self._select = base, list[Form](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = (given.get("action") or self.base).partition("?")[0]
            self.found.append(Form(given.get("method", "get").upper(), action, {}))
        elif tag in ("input", "textarea", "select", "button") and given.get("name") and self.found:
            fields, name = self.found[-1].fields, given["name"]
            self._select = name if tag == "select" else ""
            if given.get("type") not in ("radio", "checkbox") or "checked" in given or name not in fields:
                fields[name] = given.get("value", "" if tag != "textarea" else "Because of the facts.")
        elif tag == "option" and self._select and self.found:
            fields = self.found[-1].fields
            if "selected" in given or not fields[self._select]:
                fields[self._select] = given.get("value", "")


def forms_of(html: str, path: str) -> list[Form]:
    """The forms of a page, but for their tokens."""
    parser = _Forms(path)
    parser.feed(html)
    for form in parser.found:
        form.fields.pop("csrfmiddlewaretoken", None)
    return parser.found
