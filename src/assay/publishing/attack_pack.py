"""The evidence pack of one group as files: page, paper, JSON, CSV, and a manifest with the hash of each."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assay.publishing import attack_charts
from assay.publishing.attack_content import (
    Account,
    AttackPack,
    Grid,
    Layer,
    Narrative,
    Recurrence,
    Sign,
    StyleRow,
    Target,
    Wording,
)
from assay.publishing.attack_page import MOST_SHOWN, attack_pack_html, chance, day, figure, minute
from assay.publishing.papers import Paper, Press
from assay.publishing.visible import visible

# On paper a list longer than this is looked up in the files, not read.
MOST_ACCOUNTS_ON_PAPER = 80
_MOST_TESTS = 24
# A spreadsheet takes a cell that begins with one of these for a formula (full-width forms in East Asian editions).
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")

Rows = Sequence[Mapping[str, Any]]

_README = """Evidence about a group of accounts: {name}

evidence.html   the whole pack as a page, to be opened in any browser; loads nothing from elsewhere
evidence.pdf    the same as a paper (PDF/A-2b)
evidence.json   every figure and every post, for programs; times are UTC
csv/            one table each, UTF-8 with a byte-order mark, for spreadsheets
manifest.json   the SHA-256 of every file, of the inputs, seed and versions
SHA256SUMS      the same hashes; `sha256sum -c SHA256SUMS` checks the files

In the CSV files a text that a spreadsheet would take for a formula begins with an apostrophe; evidence.json has it as
it was written. Making the pack again with the command in it gives the same bytes.

The pack says whether accounts act together. Whether what they say is true, and whether it is hostile, is a question
for a person; the fields for it are empty on purpose.
{redaction}{fonts}"""

# The person's field: empty in every pack that a program makes.
ASSESSMENT: dict[str, Any] = {
    "is_it_true": None,
    "is_it_hostile": None,
    "sources": [],
    "by": None,
    "at": None,
    "note": "For a person to fill in. No program writes here, and no figure in this pack answers it.",
}


@dataclass(frozen=True, slots=True)
class PackFiles:
    """The files of a pack by name, and what the paper could not draw on this machine."""

    files: dict[str, bytes]
    paper: Paper


def attack_pack_files(data: AttackPack, tables: Mapping[str, Rows], press: Press | None = None) -> PackFiles:
    """All files of a pack: page, paper, JSON, one CSV per table of `tables`, read-me, manifest and hashes.

    `tables` are the pack's rows by table name, already masked where `data` is; every table goes into the JSON and
    into a CSV file. The bytes depend on `data`, `tables` and, for the paper, on the fonts of this machine.
    """
    paper = attack_paper(data, press or Press())
    found = {
        "evidence.html": attack_pack_html(data).encode(),
        "evidence.pdf": paper.pdf,
        "evidence.json": _json(evidence(data, tables)),
        "README.txt": _readme(data, paper).encode(),
        **{f"csv/{name}.csv": csv_bytes(rows) for name, rows in sorted(tables.items()) if rows},
    }
    found["manifest.json"] = _json(_manifest(data, found, paper))
    sums = "".join(f"{_sha256(content)}  {name}\n" for name, content in sorted(found.items()))
    return PackFiles({**found, "SHA256SUMS": sums.encode()}, paper)


def evidence(data: AttackPack, tables: Mapping[str, Rows]) -> dict[str, Any]:
    """The pack as one JSON-able object: claim, the two questions apart, and every table."""
    return {
        "group": data.name,
        "status": data.status,
        "claim": data.claim,
        "limits": list(data.limits),
        "do_they_act_together": "answered by the tables below, with nulls and error rates",
        "is_it_true_is_it_hostile": ASSESSMENT,
        "as_of": data.as_of,
        "snapshot_id": data.snapshot_id,
        "redaction": data.redaction or None,
        "commands": dict(data.provenance.commands),
        "inputs": dict(data.provenance.inputs),
        "settings": dict(data.provenance.settings),
        "seed": data.provenance.seed,
        "versions": dict(data.provenance.versions),
        "not_computed": dict(data.not_computed),
        "tables": {name: [dict(row) for row in rows] for name, rows in sorted(tables.items())},
    }


def csv_bytes(rows: Rows) -> bytes:
    """Rows as CSV for spreadsheets: byte-order mark, a head, texts that would act as formulas begin with an apostrophe.

    >>> csv_bytes([{"text": "=1+1", "n": -3}]).decode("utf-8-sig")
    "text,n\\r\\n'=1+1,-3\\r\\n"
    """
    text = io.StringIO()
    writer = csv.writer(text)
    head = list(rows[0]) if rows else []
    writer.writerow(head)
    writer.writerows([_cell(row.get(name)) for name in head] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if isinstance(value, str):
        # A spreadsheet strips blanks before it looks for a formula.
        return f"'{value}" if value.lstrip(" \u00a0\u3000").startswith(_FORMULA_STARTS) else value.replace("\x00", "")
    return value


def attack_paper(data: AttackPack, press: Press) -> Paper:
    """The pack as a PDF/A paper dated `data.as_of`, with what this machine's fonts could not draw."""
    return press.paper("attack_pack.typ", _paper_data(data), data.as_of)


def _paper_data(data: AttackPack) -> dict[str, Any]:
    font = attack_charts.PAPER_FONT
    shown = data.accounts[:MOST_ACCOUNTS_ON_PAPER]
    more = f"{len(shown)} of {len(data.accounts):,} accounts, core first; csv/accounts.csv holds all."
    return {
        **_paper_head(data),
        "narratives": [_paper_narrative(each) for each in data.narratives],
        "accounts": [_paper_account(each) for each in shown],
        "accounts_more": more if len(shown) < len(data.accounts) else "",
        "timeline": attack_charts.timeline(data.timeline, font=font),
        "timeline_about": f"Posts per {data.timeline.bin_words}, times in UTC. Shaded: events of the calendar.",
        "events": [
            {"letter": e.letter, "name": visible(e.name), "span": _span(e.starts_at, e.ends_at)}
            for e in data.timeline.events
        ],
        "layers": [_paper_layer(each, font) for each in data.layers],
        "signs": [_paper_sign(each) for each in data.signs],
        "targets": [_paper_target(each) for each in data.targets],
        "recurrences": [_paper_recurrence(each) for each in data.recurrences],
        "grids": [_paper_grid(each) for each in data.grids],
        "style": [_paper_style(each) for each in data.style],
        "inputs": [*map(list, data.provenance.inputs), ["seed", data.provenance.seed]],
        "commands": [list(each) for each in data.provenance.commands],
        "not_computed": [list(each) for each in data.not_computed],
        "versions": ", ".join(f"{name} {version}" for name, version in data.provenance.versions),
    }


def _paper_head(data: AttackPack) -> dict[str, Any]:
    explanations = [{"label": e.label, "result": e.result, "figure": visible(e.figure)} for e in data.explanations]
    return {
        "name": visible(data.name),
        "status": data.status_words,
        "stamp": day(data.as_of),
        "date": [data.as_of.year, data.as_of.month, data.as_of.day],
        "snapshot_id": data.snapshot_id,
        "redaction": data.redaction,
        "claim": visible(data.claim, 900),
        "limits": list(data.limits),
        "tiles": [{"figure": t.figure, "label": t.label} for t in data.tiles],
        "explanations": explanations,
    }


def _paper_target(found: Target) -> dict[str, str]:
    counts = {"posts": found.n_posts, "accounts": found.n_accounts, "all": found.n_posts_of_all}
    return {"id": visible(found.id), **{name: f"{n:,}" for name, n in counts.items()}}


def _paper_recurrence(found: Recurrence) -> dict[str, str]:
    return {
        "name": visible(f"{found.left}; {found.right}"),
        "shared": figure(found.n_shared),
        "expected": figure(found.expected),
        "q": chance(found.q),
    }


def _paper_narrative(found: Narrative) -> dict[str, Any]:
    wordings = "wording" if found.n_wordings == 1 else "wordings"
    terms = f" · its own words: {', '.join(map(visible, found.terms))}" if found.terms else ""
    n, shown = found.n_wordings, len(found.wordings)
    return {
        "label": found.label,
        "counts": f"{found.n_posts:,} posts by {found.n_accounts:,} accounts, {found.n_core:,} of them core",
        "central": visible(found.central_text, MOST_SHOWN),
        "about": f"{_span(found.first_at, found.last_at)} · {n:,} {wordings} · language {found.language}{terms}",
        "wordings": [_paper_wording(each) for each in found.wordings],
        "more": f"{shown} of {n:,} wordings: those of most posts, then evenly from the most to the least alike."
        if shown < n
        else "",
    }


def _paper_wording(found: Wording) -> dict[str, Any]:
    return {
        "pieces": [{"mark": p.mark.value, "text": p.text} for p in found.pieces],
        "posts": f"{found.n_posts:,}",
        "accounts": f"{found.n_accounts:,}",
        "first": minute(found.first_at),
        "account": visible(found.first_account),
        "alike": _alike(found),
    }


def _alike(found: Wording) -> str:
    similarity = "–" if found.similarity is None else f"{found.similarity:.2f}"
    return f"{similarity} {found.how}"


def _paper_account(found: Account) -> dict[str, str]:
    return {
        "id": visible(found.id),
        "role": found.role,
        "posts": f"{found.n_posts:,}",
        "other": "–" if found.n_other_posts is None else f"{found.n_other_posts:,}",
        "narratives": found.narrative_ranges,
        "span": _span(found.first_at, found.last_at),
        "days": str(found.active_days),
    }


def _paper_layer(found: Layer, font: str) -> dict[str, Any]:
    shown = found.tests[:_MOST_TESTS]
    return {
        "title": found.title,
        "question": found.question,
        "null": found.null,
        "missing": found.missing,
        "svg": attack_charts.against_null(found, font=font),
        "command": found.command,
        "more": f"{len(shown)} of {found.n_tests:,} tests, the strongest first." if len(shown) < found.n_tests else "",
        "tests": [
            {
                "label": test.label,
                "what": visible("; ".join(filter(None, (test.what, test.note)))),
                "observed": figure(test.observed),
                "expected": figure(test.expected)
                + ("" if test.low is None else f" ({figure(test.low)} to {figure(test.high)})"),
                "p": chance(test.p),
                "q": chance(test.q),
            }
            for test in shown
        ],
    }


def _paper_grid(found: Grid) -> dict[str, Any]:
    return {
        "title": f"{found.title} (of {found.n_core:,} core accounts; sample of {found.n_sample:,} accounts)",
        "rows_are": found.rows_are,
        "columns": [f"{found.columns_are} {column}" for column in found.columns],
        "rows": [
            [name, *({"text": f"{cell.n_core:,} + {cell.n_sample:,}", "used": cell.is_used} for cell in cells)]
            for name, cells in found.rows
        ],
    }


def _paper_style(found: StyleRow) -> dict[str, str]:
    spread = "" if found.null_sd is None else f" (SD {figure(found.null_sd)})"
    return {
        "statistic": found.statistic,
        "observed": figure(found.observed),
        "null": figure(found.null_mean) + spread,
        "p": chance(found.p),
        "accounts": "–" if found.n_accounts is None else str(found.n_accounts),
        "refused": visible(found.refused or ""),
    }


def _paper_sign(found: Sign) -> dict[str, str]:
    usual = "–" if found.middle is None else f"{figure(found.middle)} ({figure(found.low)} to {figure(found.high)})"
    outside = f"{found.n_unusual:,} of {found.n_known:,}" if found.n_known else "–"
    return {"label": found.label, "core": figure(found.core), "usual": usual, "outside": outside}


def _span(first: datetime, last: datetime) -> str:
    return day(first) if day(first) == day(last) else f"{day(first)} to {day(last)}"


def _readme(data: AttackPack, paper: Paper) -> str:
    fonts = "".join(f"\nIn evidence.pdf, {each.sentence}\n" for each in paper.missing)
    redaction = f"\n{data.redaction}\n" if data.redaction else ""
    return _README.format(name=visible(data.name), redaction=redaction, fonts=fonts)


def _manifest(data: AttackPack, found: Mapping[str, bytes], paper: Paper) -> dict[str, Any]:
    return {
        "group": data.name,
        "is_public": bool(data.redaction),
        "as_of": data.as_of,
        "snapshot_id": data.snapshot_id,
        "files": {name: {"sha256": _sha256(content), "bytes": len(content)} for name, content in sorted(found.items())},
        "inputs": dict(data.provenance.inputs),
        "seed": data.provenance.seed,
        "versions": dict(data.provenance.versions),
        "commands": dict(data.provenance.commands),
        "not_drawn_in_the_paper": [each.sentence for each in paper.missing],
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=_plain) + "\n").encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
