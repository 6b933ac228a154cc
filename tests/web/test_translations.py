"""The pages are whole in Simplified Chinese: every string in the catalogue, every catalogue string in Chinese.

A new string that fails here is added to the catalogue by `make messages` and then translated in the .po file; `make
messages` again compiles it. docs/explanation/chinese-glossary.md says which words are used.
"""

import re
from collections import Counter

import polib
import pytest
from django.urls import reverse

from assay.casework.models import Decision, Item, Role
from assay.casework.services.recording import forget_audit_key
from assay.web.messages import CATALOGUE, HEADER, Message, in_python, in_template, messages
from assay.web.permits import permits
from tests.web.full_house import a_full_house
from tests.web.reading import Walk, english_words
from tests.web.signing_in import signed_in

_PLACEHOLDER = re.compile(r"%\(\w+(?:\|[^)]*)?\)[-#0 +]*\d*(?:\.\d+)?[a-z]|%%|%[sd]|\{\w*\}|<[^>]+>")


@pytest.fixture(scope="module")
def catalogue():
    return polib.pofile(str(CATALOGUE))


@pytest.fixture(scope="module")
def used():
    return messages()


def _said(entry):
    return entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr


def _placeholders(text):
    return Counter(_PLACEHOLDER.findall(text))


def test_every_string_of_the_pages_is_in_the_catalogue(catalogue, used):
    known = {Message(entry.msgid, entry.msgid_plural) for entry in catalogue}
    missing = {message.text: files for message, files in used.items() if message not in known}
    assert not missing, f"run `make messages`, then translate what it lists: {missing}"


def test_every_string_of_the_catalogue_is_on_a_page(catalogue, used):
    left_over = [e.msgid for e in catalogue if Message(e.msgid, e.msgid_plural) not in used]
    assert not left_over, f"run `make messages`; nothing uses these any more: {left_over}"


def test_every_string_is_translated(catalogue):
    assert not [entry.msgid for entry in catalogue if not _said(entry).strip() or entry.fuzzy]


def test_every_placeholder_of_a_string_is_in_its_translation(catalogue):
    """Of a plural, those of its plural form: Chinese has one form, which stands for any number."""
    differ = [
        (entry.msgid, _said(entry))
        for entry in catalogue
        if _placeholders(entry.msgid_plural or entry.msgid) != _placeholders(_said(entry))
    ]
    assert not differ


def test_translations_are_written_in_chinese_signs(catalogue):
    """Half-width commas, stops and brackets beside Chinese are slips of the keyboard."""
    slips = [_said(e) for e in catalogue if re.search(r"[\u4e00-\u9fff][,;!?()]|[,;!?()][\u4e00-\u9fff]", _said(e))]
    assert not slips


def test_translations_never_accuse(catalogue):
    accusing = ("造假", "骗", "欺诈", "罪", "奸商", "售假者", "违法者")
    assert not [_said(entry) for entry in catalogue if any(word in _said(entry) for word in accusing)]


def test_what_the_pages_read_is_what_was_translated(catalogue):
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {(entry.msgid, entry.msgid_plural): _said(entry) for entry in catalogue}
    assert {(entry.msgid, entry.msgid_plural): _said(entry) for entry in compiled} == said, "run `make messages`"


def test_the_catalogue_says_nothing_of_the_machine_that_wrote_it(catalogue):
    assert catalogue.metadata == HEADER
    assert not [place for entry in catalogue for place in entry.occurrences if place[1] or place[0].startswith("/")]


def test_a_string_that_is_put_together_is_refused():
    source = 'from django.utils.translation import gettext as _\nx = _(f"Queue {n}")'
    with pytest.raises(ValueError, match="line 2"):
        list(in_python(source, "x.py"))


def test_strings_are_found_whatever_the_file_calls_the_function():
    source = "from django.utils.translation import ngettext_lazy as many\nx = many('%(n)d day', '%(n)d days', 'n')"
    assert list(in_python(source, "x.py")) == [Message("%(n)d day", "%(n)d days")]


def test_strings_of_templates_are_found_in_every_tag():
    source = """{% load i18n %}{% translate "A" as a %}{% include "x" with b=_("B") %}{{ c|default:_("C") }}
    {% blocktranslate trimmed count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"""
    found = list(in_template(source, "x.html"))
    assert found == [Message("A"), Message("B"), Message("C"), Message("%(n)s day", "%(n)s days")]


# the pages themselves


@pytest.fixture
def own_key():
    """The key of this home: a test before may have signed with one of a home that is gone."""
    forget_audit_key()


@pytest.mark.django_db
def test_no_page_shows_english_to_who_reads_chinese(own_key):
    seen, found = set(), {}
    for role, person in a_full_house().items():
        walk = Walk(person)
        for page in walk.pages():
            words = english_words(page.html)
            if words:
                found.setdefault(f"{role} {page.path}", sorted(words))
        seen |= walk.names
    assert not found, "\n".join(f"{path}: {', '.join(words)}" for path, words in found.items())
    wanted = {
        name
        for name, permit in permits().items()
        if "GET" in permit.methods and not permit.is_anonymous and not permit.scope
    }
    assert not wanted - seen - _NOT_WALKED, sorted(wanted - seen - _NOT_WALKED)


# The first leads on to another, the second is shown while signing in, the others are pictures.
_NOT_WALKED = frozenset(
    ("home", "accounts:second-factor", "console:item-picture", "console:item-picture-other", "console:task-picture")
)


@pytest.mark.django_db
def test_what_a_form_answers_is_in_chinese(own_key):
    """Pages that only a post leads to: previews, forms that were not accepted, what could not be done."""
    people = a_full_house()
    item = Item.objects.filter(claimed_by=people[Role.ANALYST]).get()
    decision = Decision.objects.filter(state="in_force").last()
    course = {"course": "counterfeit/remove/facts-do-not-fit", "note": ""}
    wrong = {
        (Role.ANALYST, f"/console/queue/{item.pk}/preview/"): course,
        (Role.ANALYST, f"/console/queue/{item.pk}/answer/"): {"course": "guessed"},
        (Role.ANALYST, "/console/queue/together/"): {"item": list(Item.objects.values_list("pk", flat=True)), **course},
        (Role.ANALYST, "/console/queue/999999/take/"): {},
        (Role.ANALYST, "/no/such/place/"): {},
        (Role.SENIOR, f"/console/decisions/{decision.reference}/undo/"): {"reason": ""},
        (Role.SENIOR, "/console/audit/holds/place/"): {"subject_type": "person", "subject_id": "x", "reason": "法院"},
        (Role.SENIOR, "/console/appeals/strikes/draft/"): {"window_days": "-1"},
        (Role.ADMINISTRATOR, "/people/organisations/add/"): {"kind": "merchant", "name": "商店"},
        (Role.ADMINISTRATOR, reverse("console:endpoint-add")): {"url": "ftp://x"},
        (Role.MERCHANT, "/me/password/"): {"old": "x", "new": "12345678", "again": "y"},
    }
    found = {}
    for (role, path), form in wrong.items():
        response = signed_in(people[role]).post(path, form, follow=True)
        words = english_words(response.content.decode())
        if words or response.status_code == 500:
            found[path] = (response.status_code, words)
    assert not found
