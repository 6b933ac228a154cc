"""The repository keeps its own rules."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
NO_SUBJECT = {"utils", "util", "helpers", "common", "core", "base", "misc"}


def test_no_source_file_is_longer_than_400_lines():
    written = [path for path in SOURCES if path.parent.name != "migrations"]  # those are generated
    long = {p.name: n for p in written if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long


def test_no_room_is_without_a_subject():
    assert not [p for p in SOURCES if NO_SUBJECT & {*p.relative_to(ROOT).parts, p.stem}]


def test_every_benchmark_has_a_readme():
    folders = [p.parent for p in (ROOT / "benchmarks").glob("*/run.py")]
    assert folders
    assert not [f.name for f in folders if not (f / "README.md").exists()]


def test_decision_records_have_all_their_parts():
    for record in (ROOT / "docs" / "decisions").glob("*.md"):
        text = record.read_text(encoding="utf-8")
        for part in ("Context", "Options", "Decision", "What it costs", "When to look again"):
            assert part in text, f"{record.name} lacks {part!r}"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_file_names_a_place_on_somebodys_machine():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    places = ("/" + "work/", "/" + "root/", "/home" + "/", "/tmp" + "/assay")
    found = []
    for name in files:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".txt", ".html", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += [f"{name}: {place}" for place in places if place in text]
    assert not found
