"""What has been kept long enough is erased, unless a hold keeps it; the row and the log stay."""

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


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


@pytest.fixture
def shop():
    return an_organisation(OrganisationKind.MERCHANT)


def a_document(shop, content="invoice", decision=None, **given):
    sha256 = f"{abs(hash(content)):064x}"[:64]
    path = path_of(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    old = time.time() - 7_200
    os.utime(path, (old, old))
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
    assert retention.drop_files(NOW + timedelta(days=1)) == 1
    assert not path_of(document.sha256).exists()


def test_a_file_that_has_just_come_in_is_left(shop):
    document = a_document(shop, erased_at=NOW)
    os.utime(path_of(document.sha256))
    assert retention.drop_files(NOW) == 0
    path_of(document.sha256).unlink()


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
