"""What has been kept long enough is erased, unless a hold keeps it; the row and the log stay."""

import hashlib
import os
import time
from datetime import timedelta

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Document, LegalHold, OrganisationKind, Person, Role
from assay.casework.queries.retention import PERSON_DAYS, due
from assay.casework.services import auditing, holds, retention
from assay.casework.services.documents import path_of
from assay.casework.services.recording import WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


@pytest.fixture
def shop():
    return an_organisation(OrganisationKind.MERCHANT)


def a_file(content, age_seconds=7_200):
    """A file under its hash, as an upload leaves it."""
    path = path_of(hashlib.sha256(content.encode()).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


def a_document(shop, content="invoice", decision=None, **given):
    sha256 = a_file(content).name
    values = {"kind": "invoice", "filename": "Mr. Li's invoice.pdf", "media_type": "application/pdf", "n_bytes": 7}
    values |= {"uploaded_by": a_person(Role.MERCHANT, shop), "uploaded_at": NOW, "keep_until": NOW - timedelta(days=1)}
    return Document.objects.create(organisation=shop, sha256=sha256, decision=decision, **values | given)


def someone_who_left(shop, days=PERSON_DAYS + 1, **given):
    return a_person(Role.MERCHANT, shop, is_active=False, deactivated_at=NOW - timedelta(days=days), **given)


def test_a_document_is_erased_after_its_term_and_its_row_and_hash_stay(shop):
    document = a_document(shop)
    assert retention.erase_due(NOW) == 1
    row = Document.objects.get()
    assert (row.filename, row.sha256, row.erased_at) == ("", document.sha256, NOW)
    assert not path_of(row.sha256).exists()
    event = AuditEvent.objects.get(action="document.erased")
    assert event.before["sha256"] == document.sha256 and "Li" not in str(event.before)
    assert retention.erase_due(NOW) == 0


def test_a_document_is_kept_until_its_term_is_over(shop):
    document = a_document(shop, keep_until=NOW + timedelta(seconds=1))
    assert retention.erase_due(NOW) == 0
    assert path_of(document.sha256).exists()


def test_a_file_that_another_document_needs_stays(shop):
    a_document(shop)
    other = a_document(shop, keep_until=NOW + timedelta(days=30))
    assert retention.erase_due(NOW) == 1
    assert path_of(other.sha256).exists()
    assert retention.erase_due(NOW + timedelta(days=29)) == 0
    retention.erase_due(NOW + timedelta(days=31))
    assert not path_of(other.sha256).exists()


def test_a_file_left_by_a_crash_is_dropped_at_the_next_run(shop):
    document = a_document(shop, erased_at=NOW)
    assert retention.drop_files() == 1
    assert not path_of(document.sha256).exists()


def test_a_file_that_has_just_come_in_is_left(shop):
    document = a_document(shop, erased_at=NOW)
    os.utime(path_of(document.sha256))
    assert retention.drop_files() == 0


def test_a_file_that_an_upload_left_without_a_row_is_dropped_after_an_hour(shop):
    kept = [a_document(shop, content) for content in ("one", "two")]
    left, on_its_way = a_file("left"), a_file("on its way", age_seconds=60)
    assert retention.drop_files() == 1
    assert not left.exists() and on_its_way.exists()
    assert all(path_of(document.sha256).exists() for document in kept)


def test_a_draft_that_an_upload_left_is_dropped_after_an_hour():
    old, new = a_file("old"), a_file("new", age_seconds=60)
    drafts = [path.rename(path.with_name(f".{path.name}.0123abcd")) for path in (old, new)]
    assert retention.drop_files() == 1
    assert [path.exists() for path in drafts] == [False, True]


def test_files_that_this_database_does_not_know_are_left_where_they_are_many(shop, caplog):
    kept = path_of(a_document(shop).sha256)
    unknown = [a_file("of another"), a_file("installation")]
    assert retention.drop_files() == 0
    assert all(path.exists() for path in [kept, *unknown])
    assert "2 of 3 files" in caplog.text and "is this the home of this database?" in caplog.text


def test_what_is_no_upload_is_left(shop):
    a_document(shop)
    note = a_file("note").with_name("README")
    a_file("note").rename(note)
    assert retention.drop_files() == 0 and note.exists()


def test_the_same_bytes_that_come_in_while_their_file_is_dropped_stay():
    path = a_file("invoice", age_seconds=0)
    assert not retention._drop(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_files_are_looked_up_by_the_folder(shop, django_assert_num_queries):
    for content in range(20):
        a_document(shop, f"invoice {content}")
    n_folders = len(list(path_of("00").parent.parent.iterdir()))
    with django_assert_num_queries(n_folders):
        assert retention.drop_files() == 0


@pytest.mark.parametrize("on", ["document", "organisation", "merchant", "person", "decision", "decision's merchant"])
def test_a_hold_wins(on, shop, senior):
    decision = a_decision(an_item(state="decided"))
    document = a_document(shop, decision=decision)
    subject = {
        "document": ("document", document.pk),
        "organisation": ("organisation", shop.pk),
        "merchant": ("merchant", shop.merchant_id),
        "person": ("person", document.uploaded_by_id),
        "decision": ("decision", decision.reference),
        "decision's merchant": ("merchant", decision.merchant_id),
    }[on]
    hold = holds.place(Actor.of(senior), subject[0], str(subject[1]), reason="court order")
    assert retention.erase_due(NOW) == 0 and due(NOW).n_held == 1
    assert path_of(document.sha256).exists()
    holds.lift(Actor.of(senior), hold, reason="case closed")
    assert retention.erase_due(NOW) == 1


def test_of_two_holds_the_last_one_lifts(shop, senior):
    document, actor = a_document(shop), Actor.of(senior)
    first, second = (holds.place(actor, "document", str(document.pk), reason="court") for _ in range(2))
    holds.lift(actor, first, reason="over")
    assert retention.erase_due(NOW) == 0
    holds.lift(actor, second, reason="over")
    assert retention.erase_due(NOW) == 1


def test_a_person_is_forgotten_six_months_after_the_end(shop):
    person = someone_who_left(shop, name="Li Wei", email="li@example.org")
    TOTPDevice.objects.create(user=person)
    assert retention.erase_due(NOW) == 1
    row = Person.objects.get(pk=person.pk)
    assert (row.name, row.email) == ("", f"erased-{row.pk}@erased.invalid")
    assert row.erased_at == NOW and not row.has_usable_password() and not TOTPDevice.objects.exists()
    assert "Li Wei" not in str(list(AuditEvent.objects.values()))


def test_a_person_is_kept_for_six_months_and_while_a_hold_is_on(shop, senior):
    someone_who_left(shop, days=PERSON_DAYS - 1)
    held = someone_who_left(shop)
    holds.place(Actor.of(senior), "merchant", shop.merchant_id, reason="court order")
    assert retention.erase_due(NOW) == 0
    assert due(NOW).n_held == 1
    assert Person.objects.get(pk=held.pk).name


def test_who_is_active_is_never_erased(shop):
    a_person(Role.MERCHANT, shop, deactivated_at=NOW - timedelta(days=999))
    assert retention.erase_due(NOW) == 0


def test_the_name_of_a_closed_merchant_goes_and_its_id_stays():
    shop = an_organisation(
        OrganisationKind.MERCHANT, closed_at=NOW - timedelta(days=184), contact_email="li@example.org"
    )
    assert retention.erase_due(NOW) == 1
    shop.refresh_from_db()
    assert (shop.name, shop.contact_email) == (shop.merchant_id, "")
    assert retention.erase_due(NOW) == 0


def test_the_log_holds_after_erasing(shop):
    a_document(shop)
    someone_who_left(shop)
    retention.erase_due(NOW)
    assert auditing.verify(auditing.current_checkpoint()).sound


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.SENIOR, Role.ADMINISTRATOR}))
def test_only_seniors_and_administrators_place_holds(role):
    with pytest.raises(Refused):
        holds.place(Actor.of(a_person(role)), "merchant", "M1", reason="court order")
    assert not LegalHold.objects.exists()


@pytest.mark.parametrize(
    ("subject", "reason"),
    [(("item", "1"), "x"), (("person", "li"), "x"), (("merchant", " "), "x"), (("merchant", "M1"), " ")],
)
def test_a_hold_that_makes_no_sense_is_refused(subject, reason, senior):
    with pytest.raises(CallerError):
        holds.place(Actor.of(senior), *subject, reason=reason)


def test_a_hold_is_placed_and_lifted_by_a_person_with_reasons(senior):
    with pytest.raises(CallerError):
        holds.place(WORKER, "merchant", "M1", reason="x")
    hold = holds.place(Actor.of(senior), "merchant", "M1", reason="court order")
    with pytest.raises(CallerError):
        holds.lift(Actor.of(senior), hold, reason=" ")
    for _ in range(2):
        holds.lift(Actor.of(senior), hold, reason="over")
    assert [event.action for event in AuditEvent.objects.order_by("seq")] == ["hold.placed", "hold.lifted"]
