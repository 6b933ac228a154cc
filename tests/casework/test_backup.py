"""A backup restores into either database, row for row, with a log that verifies; a damaged one restores nothing."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, transaction

from assay.casework.backups import back_up, restoring
from assay.casework.backups.archive import kept_models
from assay.casework.models import Document, DocumentKind, Role
from assay.casework.services import endpoints
from assay.casework.services.effects import emit_decision
from assay.casework.services.recording import Actor, audit_key, forget_audit_key
from assay.market.errors import CallerError, OutsideError
from tests.casework.builders import NOW, a_decision, a_person, an_item, days
from tests.postgresql import a_server
from tests.web.full_house import a_full_house

pytestmark = pytest.mark.django_db
UPLOAD = b"%PDF-1.7 an invoice \x00\xff"
# The log goes on: making and restoring a backup are events of their own.
LOG = ("tables/casework.auditevent.jsonl", "tables/casework.audithead.jsonl")


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    """A home of its own, with its own key of the log."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    (settings.HOME / "django-secret.txt").write_text("a secret of fifty characters and a few more than that\n")
    forget_audit_key()
    yield settings.HOME
    forget_audit_key()


@pytest.fixture
def house(home):
    """Rows of many kinds: text in two scripts, JSON, money, times to the microsecond, a file, a log."""
    administrator = Actor.of(a_person(Role.ADMINISTRATOR))
    endpoint = endpoints.add_endpoint(administrator, url="https://shop.example/effects").endpoint
    item = an_item(
        title="「诺文」手表 ⌚ 'quoted' \\ \t line\nbreak", price_minor=2**40, content={"b": [1.5, None], "a": "名"}
    )
    decision = a_decision(item, ends_at=NOW + days(30.123456), note="two\nlines")
    with transaction.atomic():
        emit_decision(decision, "apply")
    endpoints.send_trial(administrator, endpoint)
    sha256 = hashlib.sha256(UPLOAD).hexdigest()
    path = home / "uploads" / sha256[:2] / sha256
    path.parent.mkdir(parents=True)
    path.write_bytes(UPLOAD)
    merchant = a_person(Role.MERCHANT)
    return Document.objects.create(
        organisation=merchant.organisation,
        decision=decision,
        kind=DocumentKind.INVOICE,
        filename="发票.pdf",
        media_type="application/pdf",
        n_bytes=len(UPLOAD),
        sha256=sha256,
        uploaded_by=merchant,
        uploaded_at=NOW,
        keep_until=NOW + days(300),
    )


@pytest.fixture(scope="module")
def postgresql():
    """An empty PostgreSQL of this module's own, outside pytest's folder: its user may not go in there to stop it."""
    return a_server(Path(tempfile.mkdtemp(prefix="assay-postgresql-")))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """The environment of an empty home."""
    found = {"ASSAY_HOME": str(tmp_path / "other")}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        server.psql("DROP DATABASE IF EXISTS other")
        server.psql("CREATE DATABASE other")
        found["DATABASE_URL"] = server.get_uri("other")
    return found


def assay(environment, *arguments):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ASSAY_", "DATABASE_", "DJANGO_"))}
    command = [sys.executable, "-m", "assay.cli", *map(str, arguments)]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=300)


def script(environment, text):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ASSAY_", "DATABASE_", "DJANGO_"))}
    given = kept | environment | {"DJANGO_SETTINGS_MODULE": "assay.web.settings"}
    done = subprocess.run([sys.executable, "-c", text], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


# A sequence left at 1 would give the next row an id that is taken.
NEXT_ID = """
import django; django.setup()
from assay.casework.models import Organisation
from django.utils import timezone
last = Organisation.objects.order_by('-pk').first().pk
made = Organisation.objects.create(kind='brand', name='New', created_at=timezone.now())
assert made.pk == last + 1, (made.pk, last)
"""
# What people wrote must outlive the way back to the first release and forward again, one step at a time.
THERE_AND_BACK = """
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

def counted():
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table.startswith('casework_'):
                cursor.execute(f'SELECT count(*) FROM {table}')
                found[table] = cursor.fetchone()[0]
    return found

steps = sorted(name for app, name in MigrationLoader(connection).disk_migrations if app == 'casework')
before = counted()
assert sum(n > 0 for n in before.values()) > 20, before
for name in reversed(steps[:-1]):
    call_command('migrate', 'casework', name, verbosity=0)
kept = counted()
call_command('migrate', verbosity=0)
assert {table: before[table] for table in kept if table in before} == {t: n for t, n in kept.items() if t in before}
after = counted()
assert after.keys() == before.keys()
assert {table: after[table] for table in kept} == kept
for app in ('otp_static', 'otp_totp', 'casework'):
    call_command('migrate', app, 'zero', verbosity=0)
assert not counted()
call_command('migrate', verbosity=0)
assert counted().keys() == before.keys()
"""


def manifest(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def table(path, label):
    with zipfile.ZipFile(path) as archive:
        head, *rows = (json.loads(line) for line in archive.read(f"tables/{label}.jsonl").splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_backup_restores_row_for_row_into_either_database(house, empty, tmp_path):
    first = tmp_path / "first.zip"
    made = back_up(first, with_keys=True)
    assert made.n_uploads == 1 and not made.missing
    done = assay(empty, "restore", first)
    assert done.returncode == 0, done.stderr
    assert "The audit log verifies: events 1 to " in done.stdout

    second = tmp_path / "second.zip"
    again = assay(empty, "backup", "--out", second, "--with-keys")
    assert again.returncode == 0, again.stderr
    before, after = manifest(first)["members"], manifest(second)["members"]
    assert {name: each for name, each in after.items() if name not in LOG} == {
        name: each for name, each in before.items() if name not in LOG
    }
    events = [(each["seq"], each["leaf"]) for each in table(first, "casework.auditevent")]
    assert events == [(each["seq"], each["leaf"]) for each in table(second, "casework.auditevent")][: len(events)]
    assert [each["action"] for each in table(second, "casework.auditevent")][len(events) :] == ["backup.restored"]
    script(empty, NEXT_ID)


def test_a_second_restore_is_refused_and_what_the_first_wrote_is_for_its_owner_only(house, tmp_path):
    environment = {"ASSAY_HOME": str(tmp_path / "other")}
    back_up(tmp_path / "first.zip", with_keys=True)
    assert (tmp_path / "first.zip").stat().st_mode & 0o777 == 0o600
    assert assay(environment, "restore", tmp_path / "first.zip").returncode == 0
    files = [path for path in (tmp_path / "other").rglob("*") if path.is_file()]
    assert len(files) >= 4 and not [path.name for path in files if path.stat().st_mode & 0o077]
    (upload,) = (tmp_path / "other" / "uploads").rglob(house.sha256)
    assert upload.read_bytes() == UPLOAD
    done = assay(environment, "restore", tmp_path / "first.zip")
    assert done.returncode == 2 and "is not empty" in done.stderr and "Traceback" not in done.stderr


def test_without_its_keys_a_backup_restores_and_says_what_is_missing(house, home, tmp_path):
    environment = {"ASSAY_HOME": str(tmp_path / "other")}
    back_up(tmp_path / "first.zip")
    names = manifest(tmp_path / "first.zip")["members"]
    assert not [name for name in names if name.startswith("keys/")]
    key = (home / "audit-key.pem").read_bytes()
    assert key not in (tmp_path / "first.zip").read_bytes()
    done = assay(environment, "restore", tmp_path / "first.zip")
    assert done.returncode == 0 and "put audit-key.pem and django-secret.txt" in done.stderr
    assert not (tmp_path / "other" / "audit-key.pem").exists()


def test_a_backup_replaces_nothing(tmp_path):
    (tmp_path / "first.zip").write_text("precious")
    with pytest.raises(CallerError, match="exists"):
        back_up(tmp_path / "first.zip")
    assert (tmp_path / "first.zip").read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing(house, home, tmp_path):
    (home / "audit-key.pem").unlink()
    with pytest.raises(OutsideError, match="key"):
        back_up(tmp_path / "first.zip")
    assert not list(tmp_path.glob("*.zip*")) and not list(tmp_path.glob(".*"))


def test_an_upload_that_is_missing_is_said(house, home, tmp_path):
    for path in (home / "uploads").rglob(house.sha256):
        path.unlink()
    assert back_up(tmp_path / "first.zip").missing == (house.sha256,)


def changed(path, **given):
    """The archive with some members replaced (or dropped, with None), everything else as it was."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held |= given.pop("members", {})
    path.unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            if content is not None:
                archive.writestr(name, content)


def with_manifest(path, change):
    said = manifest(path)
    change(said)
    changed(path, members={"manifest.json": json.dumps(said).encode()})


PEOPLE = "tables/casework.person.jsonl"


def _member(said, name, content):
    said["members"][name] = {"n": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-300]), "no zip file"),
        (lambda path: path.write_bytes(b""), "no zip file"),
        (lambda path: changed(path, members={PEOPLE: b"[]\n"}), "SHA-256"),
        (lambda path: changed(path, members={PEOPLE: None}), "stands in the manifest only"),
        (lambda path: changed(path, members={"uploads/zz": b"x"}), "stands in the file only"),
        (lambda path: changed(path, members={"manifest.json": b"{"}), "manifest cannot be read"),
        (lambda path: with_manifest(path, lambda said: said.update(format=99)), "its format is 99"),
        (lambda path: with_manifest(path, lambda said: said.pop("log_key")), "manifest cannot be read"),
    ],
    ids=["cut", "empty", "changed", "dropped", "added", "manifest", "format", "field"],
)
def test_a_damaged_backup_restores_nothing(house, tmp_path, damage, said):
    path = tmp_path / "first.zip"
    back_up(path)
    damage(path)
    with pytest.raises(OutsideError, match=said):
        restoring.restore(path)


@pytest.mark.parametrize(
    "name",
    ["uploads/../../evil", "/etc/evil", "uploads//evil", "keys/other.pem", "evil.sh", "uploads/a\\b", "tables/x"],
)
def test_a_member_that_would_lie_outside_the_home_is_refused(house, tmp_path, name):
    path = tmp_path / "first.zip"
    back_up(path)
    said = manifest(path)
    _member(said, name, b"x")
    changed(path, members={"manifest.json": json.dumps(said).encode(), name: b"x"})
    with pytest.raises(OutsideError, match="has no place in a backup"):
        restoring.restore(path)


def test_a_backup_of_a_newer_version_is_refused(house, tmp_path):
    path = tmp_path / "first.zip"
    back_up(path)
    with_manifest(path, lambda said: said["migrations"].append(["casework", "9999_later"]))
    with pytest.raises(CallerError, match="newer Assay"):
        restoring.restore(path)


def test_a_row_that_points_nowhere_restores_nothing(house, tmp_path):
    environment = {"ASSAY_HOME": str(tmp_path / "other")}
    path = tmp_path / "first.zip"
    back_up(path, with_keys=True)
    said = manifest(path)
    with zipfile.ZipFile(path) as archive:
        head, *_rows = archive.read("tables/casework.organisation.jsonl").splitlines(keepends=True)
    said["members"]["tables/casework.organisation.jsonl"] = {"n": 0, "sha256": hashlib.sha256(head).hexdigest()}
    changed(path, members={"manifest.json": json.dumps(said).encode(), "tables/casework.organisation.jsonl": head})
    done = assay(environment, "restore", path)
    assert done.returncode == 3 and "does not fit the database" in done.stderr and "Traceback" not in done.stderr
    again = assay(environment, "restore", path)
    assert "not empty" not in again.stderr


def test_a_home_with_another_logs_key_is_refused(house, home, tmp_path):
    back_up(tmp_path / "first.zip")
    other = tmp_path / "other"
    other.mkdir()
    environment = {"ASSAY_HOME": str(other)}
    (home / "audit-key.pem").unlink()
    forget_audit_key()
    audit_key()
    (home / "audit-key.pem").rename(other / "audit-key.pem")
    done = assay(environment, "restore", tmp_path / "first.zip")
    assert done.returncode == 2 and "key of another log" in done.stderr


def test_every_table_of_casework_is_backed_up_or_named_as_left_out():
    held = {model._meta.label_lower for model in kept_models(apps)}
    ours = {model._meta.label_lower for model in apps.get_app_config("casework").get_models()}
    assert ours - held == {"casework.workerbeat"}
    assert {"otp_totp.totpdevice", "otp_static.statictoken"} <= held


@pytest.mark.django_db(transaction=True)
def test_people_go_on_working_while_a_backup_is_written(house, tmp_path):
    """Outside a transaction of the test: the backup opens a view of its own, and its own event comes after it."""
    back_up(tmp_path / "first.zip")
    assert "backup.made" not in [each["action"] for each in table(tmp_path / "first.zip", "casework.auditevent")]
    assert connection.get_autocommit()


def test_migrations_go_back_step_by_step_with_everything_in_place_then_to_nothing_and_forward_again(empty, tmp_path):
    a_full_house()
    back_up(tmp_path / "full.zip", with_keys=True)
    done = assay(empty, "restore", tmp_path / "full.zip")
    assert done.returncode == 0, done.stderr
    script(empty, THERE_AND_BACK)
