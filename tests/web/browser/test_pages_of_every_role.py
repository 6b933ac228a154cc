"""Every page that a role may read: at desk and on a phone, in both languages, light and dark.

ASSAY_SCREENSHOTS names a folder that gets a picture of each. A page is opened once per language; its width and colours
are changed while it is open.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from assay.casework.models import Role
from assay.web.permits import permits
from tests.web.addresses import addresses
from tests.web.browser.walking import Site

WIDTHS = (1440, 360)
LANGUAGES = ("en", "zh-hans")
# axe takes most of the time: every page is asked about once per width and once per scheme, in one of the languages.
AXE_IN = {(1440, "light", "en"), (360, "dark", "en")}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Not pages: files, pictures, and addresses that lead on or answer machines.
FILES = (
    frozenset(("home", "health", "portal:document", "portal:letter", "console:audit-export"))
    | frozenset(f"console:{each}" for each in ("case-document", "examination", "task-picture", "examination-picture"))
    | frozenset(("console:item-picture", "console:item-picture-other"))
)
# Pages that nobody has open: each says so with a status of its own, and has its own test.
NOT_WALKED = frozenset(("accounts:sign-in", "accounts:invitation", "accounts:second-factor", "accounts:recovery-codes"))


@dataclass(frozen=True, slots=True)
class Sought:
    """Where the id of a page comes from: one query of the server's database, some of them with the role's person."""

    query: str
    arguments: tuple[str, ...] = ("pk",)


IDS: dict[str, Sought] = {
    "console:item": Sought(
        "SELECT id FROM casework_item WHERE stream = 'flagged' AND subject_type = 'listing' AND state = 'open' "
        "ORDER BY score DESC"
    ),
    "console:decision": Sought(
        "SELECT reference FROM casework_decision WHERE action = 'remove' ORDER BY id", ("reference",)
    ),
    "console:batch": Sought("SELECT batch FROM casework_decision WHERE batch <> ''", ("batch",)),
    "console:appeal": Sought("SELECT id FROM casework_appeal ORDER BY state = 'open' DESC"),
    "console:strike-policy": Sought("SELECT id FROM casework_strikepolicy"),
    "console:programme": Sought("SELECT id FROM casework_programme ORDER BY id"),
    "console:task": Sought(
        "SELECT t.id FROM casework_testbuytask t LEFT JOIN casework_person p ON p.id = t.assigned_to_id "
        "WHERE t.stage = 'received' AND (p.role = 'test_buyer') ORDER BY t.id"
    ),
    "console:endpoint": Sought("SELECT id FROM casework_endpoint"),
    "console:effect": Sought("SELECT id FROM casework_effect ORDER BY id"),
    "console:audit-subject": Sought(
        "SELECT subject_type, subject_id FROM casework_auditevent WHERE subject_type = 'decision' ORDER BY seq DESC",
        ("subject_type", "subject_id"),
    ),
    "accounts:person": Sought("SELECT id FROM casework_person WHERE role = 'analyst'"),
    "accounts:organisation": Sought("SELECT id FROM casework_organisation WHERE kind = 'laboratory'"),
    "accounts:person-add": Sought("SELECT id FROM casework_organisation WHERE kind = 'laboratory'"),
    "portal:statement": Sought(
        "SELECT d.reference FROM casework_decision d JOIN casework_organisation o ON o.merchant_id = d.merchant_id "
        "JOIN casework_statement s ON s.decision_id = d.id WHERE o.kind = 'merchant' ORDER BY d.id",
        ("reference",),
    ),
    "portal:appeal": Sought("SELECT id FROM casework_appeal ORDER BY state = 'open'"),
}


def pages_of(role: str) -> list[str]:
    """Names of the pages that the table of permits opens to a role."""
    table = permits()
    found = []
    for each in addresses():
        permit = table.get(each.name)
        if permit is None or each.name.startswith(("api", "set-")) or "/api/" in each.path:
            continue
        if role in permit.roles and "GET" in permit.methods and each.name not in FILES | NOT_WALKED:
            found.append(each.name)
    return sorted(set(found))


def path_of(walk: Site, name: str) -> str | None:
    """The page's address with a real id; None where the home holds nothing of the kind."""
    sought = IDS.get(name)
    if sought is None:
        return reverse(name)
    rows = walk.rows(sought.query)
    return reverse(name, kwargs=dict(zip(sought.arguments, rows[0], strict=True))) if rows else None


def picture(page: Any, *names: str) -> None:
    """A picture of the whole page, where somebody wants to look at it."""
    if folder := os.environ.get("ASSAY_SCREENSHOTS"):
        to = Path(folder)
        to.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", "-".join(names))
        page.screenshot(path=to / f"{name}.png", full_page=True)


def faults_of(page: Any, axe: str, name: str, where: tuple[int, str, str]) -> list[str]:
    """What is wrong with the open page at one width, in one scheme: it scrolls sideways, or axe finds something."""
    width, scheme, _language = where
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    said = []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        said.append(f"{name} {where}: {wide} pixels too wide")
    if where in AXE_IN:
        page.evaluate(f"window.axe || (() => {{ {axe} }})()")
        found = page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", TAGS)["violations"]
        said += [
            f"{name} {where}: {each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
    return said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", Role.values)
def test_every_page_of_a_role(walk: Site, axe_source: str, role: str, language: str) -> None:
    page = walk.signed_in(role, bypass_csp=False, reduced_motion="reduce")
    speak(page, language)
    faults = []
    for name in pages_of(role):
        path = path_of(walk, name)
        if path is None:
            continue
        answer = page.goto(path)
        if answer.status != 200:
            faults.append(f"{name} {path}: {answer.status}")
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                faults += faults_of(page, axe_source, name, (width, scheme, language))
                picture(page, name, role, str(width), scheme, language)
    speak(page, "en")
    assert faults == []


def speak(page: Any, language: str) -> None:
    """The person's language, as the button in the head of every page sets it."""
    page.goto("/me/")
    if page.get_attribute("html", "lang") != language:
        with page.expect_navigation():
            page.click(f".who button[name=language][value={language}]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_before_signing_in(walk: Site, axe_source: str, language: str) -> None:
    page = walk.visitor(locale="zh-CN" if language == "zh-hans" else "en-GB", reduced_motion="reduce")
    faults = []
    for name, path, status in (("sign-in", "/sign-in/", 200), ("lost", "/nowhere/", 404)):
        assert page.goto(path).status == status
        assert page.get_attribute("html", "lang") == language
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                faults += faults_of(page, axe_source, name, (width, scheme, language))
                picture(page, name, "nobody", str(width), scheme, language)
    page.complaints[:] = [said for said in page.complaints if "404" not in said]
    assert faults == []


def test_every_page_with_an_id_says_where_it_comes_from() -> None:
    named = {each.name for each in addresses() if each.takes_id}
    walked = {name for role in Role.values for name in pages_of(role)}
    assert walked & named == set(IDS) & walked
