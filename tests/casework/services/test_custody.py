"""The chain of custody: whatever is changed, taken out, put in or cut off is noticed."""

import pytest

from assay.casework.models import AuditEvent, CustodyEntry, Role
from assay.casework.services import custody, examinations
from assay.casework.services.custody import Link
from assay.casework.services.recording import Actor
from tests.casework.bought import a_laboratory, a_task, found, sealed
from tests.casework.builders import NOW, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def task():
    return sealed(a_task(), a_person(Role.TEST_BUYER))


def test_a_chain_as_it_was_written_holds(task):
    assert custody.chain(task).holds
    assert [entry.seq for entry in custody.chain(task).entries] == [1, 2, 3, 4, 5]


def test_a_task_without_entries_has_a_whole_chain():
    assert custody.chain(a_task()).holds


@pytest.mark.parametrize(
    "change",
    [
        {"act": "received"},
        {"at": NOW},
        {"seal_no": "other"},
        {"place": "elsewhere"},
        {"note": "other"},
        {"details": {"order_no": "O-2"}},
        {"sha256": "0" * 64},
        {"previous_sha256": "0" * 64},
    ],
)
def test_a_changed_entry_is_noticed(task, change):
    task.custody.filter(seq=2).update(**change)
    assert custody.chain(task).faults


def test_another_hand_is_noticed(task):
    task.custody.filter(seq=2).update(person=a_person(Role.TEST_BUYER))
    assert "entry 2 was changed" in custody.chain(task).faults[0]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_entry_is_noticed(task, seq):
    task.custody.filter(seq=seq).delete()
    assert custody.chain(task).faults


def test_an_entry_put_at_the_end_by_hand_is_noticed(task):
    last = task.custody.get(seq=5)
    forged = CustodyEntry(task=task, seq=6, act="sealed", at=NOW, person=last.person, previous_sha256=last.sha256)
    forged.sha256 = custody.entry_sha256(forged, task)
    forged.save()
    assert "not the last one" in custody.chain(task).faults[0]


def test_a_chain_forged_as_a_whole_does_not_fit_the_log(task):
    before = ""
    for entry in task.custody.order_by("seq"):
        entry.note, entry.previous_sha256 = "forged", before
        entry.sha256 = before = custody.entry_sha256(entry, task)
        entry.save()
    type(task).objects.filter(pk=task.pk).update(custody_head=before)
    task.refresh_from_db()
    faults = custody.chain(task).faults
    assert "entry 1 is not in the audit log" in faults
    assert "the audit log names 5 entries that are not here" in faults


def test_a_chain_cut_short_with_its_head_does_not_fit_the_log(task):
    task.custody.filter(seq__gt=3).delete()
    type(task).objects.filter(pk=task.pk).update(custody_head=task.custody.get(seq=3).sha256)
    task.refresh_from_db()
    assert custody.chain(task).faults == ("the audit log names 2 entries that are not here",)


def test_two_entries_in_each_others_place_are_noticed(task):
    task.custody.filter(seq=2).update(seq=99)
    task.custody.filter(seq=3).update(seq=2)
    task.custody.filter(seq=99).update(seq=3)
    assert custody.chain(task).faults


def test_an_entry_of_another_unit_does_not_fit(task):
    other = sealed(a_task(task.programme), a_person(Role.TEST_BUYER))
    task.custody.all().delete()
    other.custody.update(task=task)
    assert custody.chain(task).faults


def test_a_name_that_changes_breaks_no_chain(task):
    type(task.assigned_to).objects.filter(pk=task.assigned_to.pk).update(name="", email="erased@example.org")
    assert custody.chain(task).holds


def test_the_audit_log_names_every_link(task):
    senior = Actor.of(a_person(Role.SENIOR))
    (lab, chemist), _ = a_laboratory(), a_laboratory()
    row = examinations.assign(senior, task, lab)
    examinations.decline(Actor.of(chemist), row, code="damaged", reason="Damaged.")
    examinations.reassign(senior, row, lab, reason="It is not.")
    found(row, "counterfeit", chemist)
    task.refresh_from_db()
    said = [event.after.get("custody") for event in AuditEvent.objects.order_by("seq") if event.after]
    assert [entry.sha256 for entry in custody.chain(task).entries] == [sha256 for sha256 in said if sha256]


def test_an_act_that_is_not_in_the_list_is_a_fault_of_ours(task):
    with pytest.raises(RuntimeError, match="Unknown act"):
        custody.add(task, task.assigned_to, Link("opened"), NOW)
