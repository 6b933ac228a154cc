"""Packs and the page of a run with planted truth: whole, right, masked, and the same bytes every time."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import pytest

from assay.market.errors import CallerError, DamagedSnapshot, OutsideError
from assay.pipeline.attacks.findings import group_rows, open_findings
from assay.pipeline.attacks.gathering import pack_data, provenance
from assay.pipeline.attacks.packs import pack_attack, report_attacks
from tests.attack_runs import CORE, PERIPHERY, SAID, a_run
from tests.publishing.test_report import tags_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return a_run(tmp_path_factory.mktemp("attacks") / "run")


@pytest.fixture(scope="module")
def pack(run):
    return pack_attack(run, "1", run.parent / "pack").folder


@pytest.fixture(scope="module")
def public(run):
    return pack_attack(run, "G-ABCDE", run.parent / "public", is_public=True).folder


@pytest.fixture(scope="module")
def data(run):
    found = open_findings(run)
    return pack_data(found, group_rows(found, "1"), (), is_public=False)


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "csv" / f"{name}.csv").read_text("utf-8-sig"), newline="")))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_claim_counts_what_was_planted(data):
    assert data.claim.startswith("12 accounts posted two or more of 4 texts in nearly the same words between 2026-11-")
    assert "error rate of this claim is 0.04\u00a0%" in data.claim
    assert {each.id for each in data.core} == set(CORE)
    assert {each.id for each in data.accounts} - set(CORE) == set(PERIPHERY)
    assert {each.central_text for each in data.narratives} == {text for _, text in SAID.values()}


def test_no_page_says_that_an_attack_is_proven(pack, run):
    report_attacks(run, run.parent / "page.html")
    texts = [
        (pack / "evidence.html").read_text(),
        (run.parent / "page.html").read_text(),
        (pack / "README.txt").read_text(),
    ]
    for text in texts:
        accusing = r"proven|\bproof\b|(group|they|accounts?) (is|are) hostile|attackers?\b"
        assert not re.search(accusing, text.split("</style>")[-1])


def test_truth_and_hostility_are_left_to_a_person(pack):
    found = json.loads((pack / "evidence.json").read_text())["is_it_true_is_it_hostile"]
    assert found["is_it_true"] is found["is_it_hostile"] is found["by"] is None
    assert "Is it true? Is it hostile?" in (pack / "evidence.html").read_text()


def test_every_post_of_the_group_is_in_the_files_once(pack):
    posts = rows_of(pack, "posts")
    assert len(posts) == len({row["post_id"] for row in posts}) == 12 + 12 + 12 + 7 + 5 + 4
    assert sum(int(row["n_posts"]) for row in rows_of(pack, "accounts")) == len(posts)
    bins = rows_of(pack, "timeline")
    assert sum(int(row["core_posts"]) + int(row["periphery_posts"]) for row in bins) == len(posts)


def test_the_same_run_gives_the_same_bytes(run, pack):
    again = pack_attack(run, "1", run.parent / "again").folder
    assert contents(again) == contents(pack)


def test_the_manifest_and_the_sums_hold_the_hash_of_every_file(pack):
    files = contents(pack)
    told = json.loads(files["manifest.json"])
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
    assert {name: each["sha256"] for name, each in told["files"].items()} == {
        name: digest for name, digest in sums.items() if name != "manifest.json"
    }
    assert told["inputs"] == {"market/posts.parquet": "ab" * 32}
    assert told["seed"] == "7"


def test_hostile_posts_stay_text(pack, run):
    report_attacks(run, run.parent / "page.html")
    for page in ((pack / "evidence.html").read_text(), (run.parent / "page.html").read_text()):
        found = tags_of(page)
        assert not [tag for tag, _ in found if tag in ("script", "img", "iframe", "object", "link", "form")]
        assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
        assert "&lt;script&gt;" in page
        assert "\u202e" not in page
        loads = [v for _, a in found for k, v in a.items() if k in ("src", "href", "xlink:href", "action")]
        assert all(value and value.startswith("#") for value in loads)


def test_formulas_are_made_harmless_in_csv_and_kept_in_json(pack):
    cells = [cell for name in ("posts", "accounts") for row in rows_of(pack, name) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)
    texts = {row["text"] for row in json.loads((pack / "evidence.json").read_text())["tables"]["posts"]}
    assert any(text.startswith("=HYPERLINK") for text in texts)


def test_the_paper_is_pdf_a_and_has_every_narrative(pack):
    pypdf = pytest.importorskip("pypdf")
    pdf = (pack / "evidence.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfaid:part" in pdf
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "They force every small shop" in text
    assert "Is it hostile?" in text


def test_the_public_version_names_nobody(public):
    handles = [name for name in (*CORE, *PERIPHERY) if len(name) > 4]
    for name, content in contents(public).items():
        if not name.endswith(".pdf"):
            text = content.decode("utf-8-sig")
            assert not [handle for handle in handles if handle in text], name
            assert "a@b.example" not in text
            assert "evil.example" not in text
            assert "P00001" not in text
    assert "cannot be computed without a secret" in (public / "evidence.html").read_text()


def test_the_public_version_holds_no_key_from_which_a_text_could_be_guessed(public, pack):
    keys = [{row["text_key"] for row in rows_of(folder, "posts")} for folder in (public, pack)]
    assert len(keys[0]) == len(keys[1])
    assert keys[0] == {str(n) for n in range(1, len(keys[0]) + 1)} or not keys[0] & keys[1]


def test_the_public_version_tells_the_command_without_paths_and_still_quoted(tmp_path):
    run = a_run(
        tmp_path / "a run", n_background=0, command="assay attacks find '/srv/their place/my posts.csv' --out /srv/x"
    )
    found = open_findings(run)
    told = [command for _, command in provenance(found, "G-ABCDE", is_public=True).commands]
    assert told[0] == "assay attacks find 'my posts.csv' --out x"
    assert told[1] == "assay attacks pack 'a run' G-ABCDE --out PACK --public"
    assert "/srv/their place" in provenance(found, "G-ABCDE", is_public=False).commands[0][1]


def test_pseudonyms_hold_over_packs_and_rest_on_a_secret_that_is_not_in_them(run, public):
    salt = run.with_name("run.salt")
    assert salt.stat().st_mode & 0o777 == 0o600
    again = pack_attack(run, "1", run.parent / "public2", is_public=True).folder
    assert contents(again) == contents(public)
    assert not [name for name, content in contents(public).items() if salt.read_bytes().strip() in content]
    salt_file = run.parent / "other.salt"
    other = pack_attack(run, "1", run.parent / "public3", is_public=True, salt_file=salt_file).folder
    ids = [{row["account_id"] for row in rows_of(folder, "accounts")} for folder in (public, other)]
    assert len(ids[0]) == len(ids[1]) == 17
    assert not ids[0] & ids[1]


def test_an_explained_group_says_so_in_its_claim(run):
    found = open_findings(run)
    data = pack_data(found, group_rows(found, "2"), (), is_public=False)
    assert data.claim.endswith("; a fan drive would explain it, innocently.")


def test_a_listed_group_names_nobody(run):
    found = open_findings(run)
    assert "nobody is named" in pack_data(found, group_rows(found, "3"), (), is_public=False).claim


def test_a_group_without_posts_makes_a_whole_pack(run):
    folder = pack_attack(run, "G-EMPTY", run.parent / "empty").folder
    page = (folder / "evidence.html").read_text()
    for words in (
        "No narrative.",
        "No account.",
        "None was tested.",
        "Not measured.",
        "No post of the group has a time",
    ):
        assert words in page


def test_other_settings_find_the_planted_core_and_leave_the_sample_out(pack):
    cells = rows_of(pack, "settings")
    used = next(c for c in cells if c["setting"] == "shingle 4 letters, 2 syllables" and c["least_similarity"] == "0.5")
    assert (used["n_core_found"], used["n_sample_in"]) == ("12", "0")
    assert int(used["n_sample"]) > 20


def test_what_is_not_there_is_said(run, tmp_path):
    with pytest.raises(CallerError, match="no group 'G-NONE'; it has: G-ABCDE, G-FANS2, G-EMPTY"):
        pack_attack(run, "G-NONE", tmp_path / "pack")
    with pytest.raises(CallerError, match="is not a result of `assay attacks find`"):
        pack_attack(tmp_path, "1", tmp_path / "pack")
    with pytest.raises(CallerError, match="is the run itself"):
        pack_attack(run, "1", run)
    (tmp_path / "short.salt").write_text("abc")
    with pytest.raises(CallerError, match="has 3 characters; at least 32"):
        pack_attack(run, "1", tmp_path / "pack", is_public=True, salt_file=tmp_path / "short.salt")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutsideError):
        pack_attack(run, "1", tmp_path / "file" / "pack")


def test_the_page_lists_groups_templates_and_what_was_not_computed(run):
    page = report_attacks(run, run.parent / "page.html").read_text()
    for words in ("G-ABCDE", "G-FANS2", "share button", "needs accounts.registered_at", "an innocent explanation fits"):
        assert words in page
    places = [page.index(f">{name}<") for name in ("G-ABCDE", "G-FANS2", "G-EMPTY")]
    assert places == sorted(places)


def test_every_link_inside_the_pages_leads_somewhere(pack, run):
    report_attacks(run, run.parent / "page.html")
    for page in (pack / "evidence.html", run.parent / "page.html"):
        found = tags_of(page.read_text())
        ids = {attributes["id"] for _, attributes in found if "id" in attributes}
        assert {a["href"] for tag, a in found if tag == "a"} <= {f"#{each}" for each in ids}


def test_shown_wordings_are_no_best_choice(data):
    (found,) = (each for each in data.narratives if each.id == 13)
    alike = [each.similarity for each in found.wordings if each.n_posts == 1]
    assert alike == sorted(alike, reverse=True)
    assert min(alike) == 0.62
    assert found.wordings[0].n_posts > 1


def test_an_account_tells_its_narratives_in_short(data):
    assert {each.narrative_ranges for each in data.accounts} == {"N1–N4", "N1–N3", "N1"}


def test_signs_stand_beside_what_is_usual(data):
    (copied,) = (sign for sign in data.signs if sign.label == "share of posts that others posted too")
    assert (copied.core, copied.low, copied.high, copied.n_unusual, copied.n_known) == (0.55, 0.0, 0.4, 12, 12)
    assert {each.signs for each in data.core} == {(("share of posts that others posted too", "0.55"),)}
    assert {each.signs for each in data.accounts if each.role != "core"} == {()}


def test_a_damaged_table_is_said_in_a_sentence(tmp_path):
    run = a_run(tmp_path / "run", n_background=5)
    next((run / "groups").glob("*.parquet")).write_bytes(b"not parquet")
    with pytest.raises(DamagedSnapshot, match=r"Table groups of .* cannot be read"):
        report_attacks(run, tmp_path / "page.html")
