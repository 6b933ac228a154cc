"""Documents are what they say they are, kept whole or not at all, and opened only by whom they concern."""

import contextlib
import errno
import os
import stat

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assay.casework import uploads
from assay.casework.access import NotThere, Refused
from assay.casework.models import AuditEvent, Document, DocumentKind, Role
from assay.casework.moves import WrongState
from assay.casework.services import documents
from assay.casework.services.documents import open_document, path_of, upload
from assay.casework.services.recording import WORKER, Actor
from assay.casework.uploads import ENDINGS, Unfit, clean_name, media_type
from assay.market.errors import CallerError, OutsideError
from tests.casework.builders import a_person, days
from tests.casework.files_sent import a_bomb, a_moving_picture, a_packed_pdf, a_pdf, a_picture, a_zip
from tests.casework.merchant_cases import a_case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def case():
    """A decision whose time for an objection is not over."""
    return a_case(in_force_at=timezone.now())


def _send(case, content=None, name="invoice.pdf", kind="invoice"):
    return upload(Actor.of(case.merchant), a_pdf() if content is None else content, name, kind, decision=case.decision)


def _files(home):
    return [each for each in (home / "uploads").rglob("*") if each.is_file()]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (a_pdf(), "application/pdf"),
        (a_packed_pdf(b"1 0 << /Type /Page >>"), "application/pdf"),
        (a_picture("PNG"), "image/png"),
        (a_picture("JPEG"), "image/jpeg"),
        (a_picture("WEBP"), "image/webp"),
    ],
)
def test_a_documents_type_is_that_of_its_content(case, content, kind):
    row = _send(case, content, "anything.exe")
    assert (row.media_type, row.filename) == (kind, "anything" + ENDINGS[kind])
    assert row.n_bytes == len(content)


def test_a_file_is_kept_byte_for_byte_for_the_server_alone(case):
    content = a_picture("JPEG")
    row = _send(case, ContentFile(content), "p.jpg")
    path = path_of(row.sha256)
    assert path.read_bytes() == content
    assert path.parent.name == row.sha256[:2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert AuditEvent.objects.get(action="document.uploaded").after["decision"] == case.decision.reference


def test_the_same_bytes_sent_twice_share_one_file(case, tmp_path):
    assert _send(case).sha256 == _send(case).sha256
    assert len(_files(tmp_path)) == 1


HOSTILE = {
    "empty": (b"", "empty"),
    "too large": (b"%PDF-1.4" + b"x" * uploads.MOST_BYTES, "more than 10 MB"),
    "a program": (b"MZ\x90\0" + b"x" * 100, "cannot be read"),
    "a page": (b"<html><script>alert(1)</script>", "cannot be read"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "cannot be read"),
    "an archive": (a_zip(), "archive"),
    "a picture with an archive behind it": (a_picture("JPEG") + a_zip(), "archive"),
    "a pdf with an archive behind it": (a_pdf() + a_zip(), "archive"),
    "a pdf in front of a picture": (
        a_picture("PNG")[:-12] + b"%PDF-1.4" + a_picture("PNG")[-12:],
        "two things|damaged",
    ),
    "png with data behind it": (a_picture("PNG") + b"#!/bin/sh\n", "followed by other data"),
    "webp with data behind it": (a_picture("WEBP") + b"<script>alert(1)</script>", "followed by other data"),
    "a bomb": (a_bomb(), "million pixels"),
    "a smaller bomb": (a_bomb(9_000, 9_000), "million pixels"),
    "a bomb that lies": (a_bomb(7_000, 7_000), "damaged"),
    "a picture cut short": (a_picture("PNG")[:-30], "damaged"),
    "a jpeg cut short": (a_picture("JPEG", (400, 300))[:-200], "damaged"),
    "a moving picture": (a_moving_picture(), "moves"),
    "gif": (a_picture("GIF"), "cannot be read"),
    "tiff": (a_picture("TIFF"), "cannot be read"),
    "a pdf without an end": (a_pdf()[:-10], "not whole"),
    "a pdf with a script": (a_pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "JavaScript"),
    "a pdf with a script written in disguise": (a_pdf(b"/OpenAction << /S /J#61vaScript >>"), "JavaScript"),
    "a pdf that starts a program": (a_pdf(b"/OpenAction << /S /Launch /F (calc.exe) >>"), "Launch"),
    "a pdf that carries a file": (a_pdf(b"/Names << /EmbeddedFiles 3 0 R >>"), "EmbeddedFiles"),
    "a pdf with a password": (a_pdf(b"/Encrypt 3 0 R"), "password"),
    "a pdf with a packed script": (a_packed_pdf(b"1 0 << /S /JavaScript >>"), "JavaScript"),
    "a pdf with a script packed behind a long dictionary": (
        a_packed_pdf(b"1 0 << /S /JavaScript >>", b"/FlateDecode /Pad (" + b"obj " * 5_000 + b")"),
        "JavaScript",
    ),
    "a pdf with a packed script that names its packing in disguise": (
        a_packed_pdf(b"1 0 << /S /JavaScript >>").replace(b"/ObjStm", b"/Obj#53tm"),
        "JavaScript",
    ),
    "a pdf packed in another way": (
        a_packed_pdf(b"1 0 << >>", b"[ /ASCII85Decode /FlateDecode ]"),
        "cannot be checked",
    ),
    "a pdf of very many parts": (a_pdf(objects=a_packed_pdf(b"1 0 << >>")[9:] * 5_001), "unpacks to far more"),
    "a pdf that is a bomb": (a_packed_pdf(b"\0" * (101 * 1024 * 1024)), "unpacks to far more"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_sentence_and_leave_nothing(case, tmp_path, name):
    content, said = HOSTILE[name]
    with pytest.raises(Unfit, match=said):
        _send(case, content)
    assert not Document.objects.exists()
    assert not (tmp_path / "uploads").exists()


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff"]),
)
def test_whatever_is_sent_is_taken_or_refused_never_our_fault(content, start):
    with contextlib.suppress(Unfit):
        assert media_type(start + content) in ENDINGS


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\evil.exe", "evil.pdf"),
        ("=HYPERLINK(1).pdf", "HYPERLINK(1).pdf"),
        ("@@+-=cmd.pdf", "cmd.pdf"),
        ("发票.PDF", "发票.pdf"),
        ("in\u202evoice\x00\ud800.pdf", "invoice.pdf"),
        ("", "document.pdf"),
        ("...", "document.pdf"),
        ("<script>.pdf", "_script_.pdf"),
        ("a" * 500, "a" * 120 + ".pdf"),
        (".htaccess", "htaccess.pdf"),
    ],
)
def test_names_are_cleaned(sent, kept):
    assert clean_name(sent, "application/pdf") == kept


@given(st.text(max_size=300))
def test_a_cleaned_name_is_never_a_path_a_formula_or_too_long(name):
    found = clean_name(name, "image/png")
    assert found.endswith(".png") and len(found) <= 124
    assert not set("/\\\0\n\r") & set(found) and found[0] not in "=+-@."
    assert found.encode("utf-8")


def test_a_full_disk_gives_one_sentence_and_no_row(case, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutsideError, match="no space is left"):
        _send(case)
    assert not Document.objects.exists() and not _files(tmp_path)


def test_a_file_whose_row_fails_is_dropped(case, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "record", lambda *_a, **_k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _send(case)
    assert not Document.objects.exists() and not _files(tmp_path)


def test_an_upload_that_fails_takes_no_file_from_another_one_of_the_same_bytes(case, monkeypatch):
    row, record = documents._row, documents.record

    def after_one_that_fails(*given):
        monkeypatch.setattr(documents, "_row", row)
        monkeypatch.setattr(documents, "record", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _send(case)
        monkeypatch.setattr(documents, "record", record)
        return row(*given)

    monkeypatch.setattr(documents, "_row", after_one_that_fails)
    sent = _send(case)
    assert open_document(Actor.of(case.merchant), sent).read_bytes() == a_pdf()


def test_a_decision_takes_ten_documents(case):
    for _ in range(10):
        _send(case)
    with pytest.raises(Unfit, match="10 documents were sent"):
        _send(case)


def test_an_organisation_sends_so_much_a_day(case, monkeypatch):
    monkeypatch.setattr(documents, "MOST_BYTES_A_DAY", len(a_pdf()) + 10)
    _send(case)
    with pytest.raises(Unfit, match="in 24 hours"):
        _send(case)
    Document.objects.update(uploaded_at=timezone.now() - days(1))
    _send(case)


def test_after_the_time_for_objecting_nothing_is_taken():
    with pytest.raises(WrongState, match="no more documents"):
        _send(a_case(in_force_at=timezone.now() - days(200)))


def test_another_merchants_decision_takes_nothing(case):
    other = a_case(in_force_at=timezone.now())
    with pytest.raises(Refused):
        upload(Actor.of(other.merchant), a_pdf(), "i.pdf", "invoice", decision=case.decision)
    with pytest.raises(Refused):
        upload(WORKER, a_pdf(), "i.pdf", "invoice", decision=case.decision)


@pytest.mark.parametrize("given_", [{"kind": "malware"}, {"kind": ""}])
def test_an_unknown_kind_is_refused(case, given_):
    with pytest.raises(CallerError, match="kinds are"):
        _send(case, **given_)


@pytest.mark.parametrize("kind", DocumentKind.values)
def test_every_kind_has_an_end(case, kind):
    row = _send(case, kind=kind)
    assert row.keep_until == row.uploaded_at + days(documents.KEEP_DAYS[kind])


def test_whom_it_concerns_opens_it_and_leaves_a_trace(case):
    row = _send(case)
    assert open_document(Actor.of(case.merchant), row).read_bytes() == a_pdf()
    assert AuditEvent.objects.filter(action="document.opened").count() == 1
    assert not AuditEvent.objects.filter(action="personal.read").exists()
    open_document(Actor.of(a_person(Role.ANALYST)), row)
    assert AuditEvent.objects.get(action="personal.read").subject_id == str(row.pk)


@pytest.mark.parametrize("role", [Role.TEST_BUYER, Role.AUTHENTICATOR, Role.ADMINISTRATOR, Role.MERCHANT])
def test_nobody_else_learns_that_it_exists(case, role):
    row = _send(case)
    with pytest.raises(NotThere):
        open_document(Actor.of(a_person(role)), row)


def test_a_file_that_was_changed_on_disk_is_not_shown(case):
    row = _send(case)
    path_of(row.sha256).write_bytes(b"%PDF-1.4 something else")
    with pytest.raises(OutsideError, match="changed on disk"):
        open_document(Actor.of(case.merchant), row)
    path_of(row.sha256).unlink()
    with pytest.raises(OutsideError, match="does not exist"):
        open_document(Actor.of(case.merchant), row)


def test_an_erased_document_is_gone(case):
    row = _send(case)
    row.erased_at = timezone.now()
    with pytest.raises(NotThere):
        open_document(Actor.of(case.merchant), row)
