"""What is written is logged, in the same transaction, or not at all."""

import pytest
from django.db import transaction

from assay.casework.audit.checkpoints import verify
from assay.casework.audit.tree import Frontier, root_of
from assay.casework.models import AuditEvent, AuditHead
from assay.casework.services import recording
from assay.casework.services.recording import COMMAND_LINE, record
from assay.measurement.sealing import public_key_of
from tests.casework.builders import an_item

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(recording, "known_actions", lambda: {"thing.done": "did a thing"})


def test_an_event_and_its_head_are_written_together():
    item = an_item()
    for n in range(5):
        with transaction.atomic():
            record(COMMAND_LINE, "thing.done", item, after={"n": n})
    head = AuditHead.objects.get()
    leaves = [bytes.fromhex(e.leaf) for e in AuditEvent.objects.order_by("seq")]
    assert [e.seq for e in AuditEvent.objects.order_by("seq")] == [1, 2, 3, 4, 5]
    assert Frontier.from_json(head.frontier).root == root_of(leaves)
    signed = verify(head.checkpoint, public_key_of(recording.audit_key()))
    assert signed.checkpoint.size == 5


def test_a_transaction_that_fails_leaves_no_event():
    item = an_item()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(COMMAND_LINE, "thing.done", item)
        raise ZeroDivisionError
    assert not AuditEvent.objects.exists()


def test_an_action_that_nobody_declared_is_refused():
    with pytest.raises(RuntimeError, match=r"thing\.undone"):
        record(COMMAND_LINE, "thing.undone", an_item())
