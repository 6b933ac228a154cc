"""Everything a user can touch is documented, and the generated pages are current."""

from pathlib import Path

import pytest

from assay.cli.reference import pages
from assay.signals.families import SIGNALS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_current(name):
    page = ROOT / "docs" / "reference" / name
    assert page.read_text(encoding="utf-8").rstrip() == pages()[name].rstrip(), "run `make docs`"


def test_every_audit_event_is_documented():
    from assay.casework.services.recording import known_actions

    page = (ROOT / "docs" / "reference" / "audit-events.md").read_text(encoding="utf-8")
    assert not [action for action in known_actions() if f"`{action}`" not in page]


def test_every_setting_is_documented():
    import re

    source = (ROOT / "src" / "assay" / "web" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(\w+)\"", source)) | {"DATABASE_URL"}
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert not [name for name in sorted(read) if f"`{name}`" not in page]


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda s: s.id)
def test_every_signal_says_what_why_and_from_where(signal):
    assert signal.unit and signal.rationale and signal.source and signal.example
    assert len(signal.rationale) > 30
    assert signal.subject in ("listing", "merchant")


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda s: s.id)
def test_every_signal_is_explained_on_a_page_of_its_family(signal):
    texts = [page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "explanation").glob("*.md")]
    assert any(signal.id in text for text in texts)


def test_signal_ids_are_unique():
    assert len({s.id for s in SIGNALS}) == len(SIGNALS)


def test_every_link_in_the_docs_leads_somewhere():
    import re

    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken
