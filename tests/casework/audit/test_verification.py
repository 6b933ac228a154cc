import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.casework.audit.tree import Frontier
from assay.casework.audit.verification import StoredEvent, Trusted, verify_log
from assay.market.errors import CallerError
from assay.measurement.sealing import fingerprint
from tests.casework.audit.logs import (
    KEY,
    LOG,
    OTHER_KEY,
    START,
    TRUSTED,
    checkpoint,
    event,
    frontier_of,
    kinds,
    log,
    stored,
)

WHOLE = log()
HELD = checkpoint(WHOLE.rows, 12)


def rebuilt(rows, sealed=(), key=KEY):
    """Rows as somebody leaves them who numbers them again and takes every hash and the head again."""
    rows = tuple(stored(replace(row.content, seq=n)) for n, row in enumerate(rows, start=1))
    head = frontier_of(rows).to_json()
    return replace(WHOLE, rows=rows, head=head, checkpoints=tuple(checkpoint(rows, n, key) for n in sealed))


def edited(seq, **given):
    return [stored(replace(r.content, **given)) if r.seq == seq else r for r in WHOLE.rows]


def test_an_untouched_log_is_sound():
    report = WHOLE.checked(held=HELD)
    assert report.sound and report.faults == ()
    assert (report.n_events, report.n_checkpoints, report.n_unsealed, report.held_size) == (20, 3, 5, 12)
    assert report.root == frontier_of(WHOLE.rows).root


def test_a_log_of_bytes_is_sound_too():
    rows = [replace(row, content=row.content.canonical_bytes()) for row in WHOLE.rows]
    assert WHOLE.with_rows(rows).checked(held=HELD).sound


def test_an_empty_log_is_sound():
    report = verify_log([], head=Frontier(), checkpoints=[checkpoint((), 0)], trusted=TRUSTED)
    assert report.sound and report.n_events == 0


def test_a_removed_event_is_named():
    report = WHOLE.with_rows(r for r in WHOLE.rows if r.seq not in (7, 8)).checked()
    assert report.faults[0].message == "Events 7 to 8 are missing: expected was event 7, got 9."
    assert (report.faults[0].seq, report.faults[0].expected, report.faults[0].got) == (7, "7", "9")
    assert kinds(report) == ["missing", "root", "root", "head"]


def test_a_changed_field_is_named_with_both_hashes():
    changed = replace(WHOLE.rows[6].content, reason="none")
    rows = [replace(r, content=changed) if r.seq == 7 else r for r in WHOLE.rows]
    report = WHOLE.with_rows(rows).checked()
    assert kinds(report) == ["changed", "root", "root", "head"]
    assert report.faults[0].message == (
        f"Event 7 was changed: its stored hash is {WHOLE.rows[6].leaf_hash.hex()}, what stands there now gives "
        f"{stored(changed).leaf_hash.hex()}."
    )
    assert report.faults[1].message.startswith("The events up to 10 are not those of stored checkpoint 2, signed at 20")


def test_a_changed_leaf_hash_is_noticed():
    rows = [replace(r, leaf_hash=bytes(32)) if r.seq == 7 else r for r in WHOLE.rows]
    assert kinds(WHOLE.with_rows(rows).checked()) == ["changed"]


def test_a_change_with_its_hash_taken_again_shows_in_the_roots():
    assert kinds(WHOLE.with_rows(edited(7, actor="u9")).checked()) == ["root", "root", "head"]


def test_an_inserted_event_shows():
    rows = [*WHOLE.rows[:7], WHOLE.rows[6], *WHOLE.rows[7:]]
    report = WHOLE.with_rows(rows).checked()
    assert report.faults[0].message == "Event 7 stands out of order or twice: expected was event 8, got 7."
    assert "root" in kinds(rebuilt(rows, sealed=()).checked(held=HELD))


def test_another_order_shows():
    rows = [*WHOLE.rows[:7], WHOLE.rows[8], WHOLE.rows[7], *WHOLE.rows[9:]]
    assert kinds(WHOLE.with_rows(rows).checked())[:4] == ["missing", "order", "back-dated", "missing"]


def test_an_event_under_another_number_shows():
    rows = [StoredEvent(r.seq, event(99, at=r.content.at), r.leaf_hash) if r.seq == 7 else r for r in WHOLE.rows]
    assert kinds(WHOLE.with_rows(rows).checked())[:2] == ["changed", "changed"]


def test_a_log_that_was_cut_shows():
    cut = rebuilt(WHOLE.rows[:11])
    report = cut.checked(held=HELD)
    assert [f.message for f in report.faults] == [
        "The log was cut: the checkpoint held outside, signed at 2026-01-02T03:16:05.000006Z, covers 12 events, got 11."
    ]
    assert kinds(WHOLE.with_rows(WHOLE.rows[:18]).checked()) == ["head"]


def test_an_event_before_an_earlier_checkpoint_is_back_dated():
    late = checkpoint(WHOLE.rows, 20, at=START + timedelta(days=1))
    rows = [*WHOLE.rows, stored(event(21))]
    report = verify_log(rows, head=frontier_of(rows), checkpoints=[late], trusted=TRUSTED)
    assert [f.message for f in report.faults] == [
        "Event 21 is back-dated: it comes after a checkpoint of 2026-01-03T03:04:05.000006Z, so expected is that time "
        "or a later one, got 2026-01-02T03:25:05.000006Z."
    ]


def test_a_time_that_goes_back_by_a_microsecond_shows():
    rows = [*WHOLE.rows, stored(event(21, at=WHOLE.rows[-1].content.at - timedelta(microseconds=1)))]
    report = verify_log(rows, head=frontier_of(rows), checkpoints=WHOLE.checkpoints, trusted=TRUSTED)
    assert kinds(report) == ["back-dated"]
    assert report.faults[0].message.startswith("Event 21 is earlier than the one before it")


def test_two_events_of_one_instant_are_in_order():
    rows = [*WHOLE.rows, stored(event(21, at=WHOLE.rows[-1].content.at))]
    assert verify_log(rows, head=frontier_of(rows), checkpoints=WHOLE.checkpoints, trusted=TRUSTED).sound


def test_a_checkpoint_earlier_than_what_it_covers_shows():
    early = checkpoint(WHOLE.rows, 10, at=START)
    report = replace(WHOLE, checkpoints=(early,)).checked()
    assert kinds(report) == ["checkpoint"]
    assert report.faults[0].message.startswith("Stored checkpoint 1 covers event 10 of 2026-01-02T03:14:05.000006Z")


@pytest.mark.parametrize("head", ["", "{}", Frontier(), frontier_of(WHOLE.rows[:19]), frontier_of(WHOLE.rows[::-1])])
def test_a_head_that_does_not_fit_shows(head):
    assert kinds(replace(WHOLE, head=head).checked()) == ["head"]


def test_a_checkpoint_of_another_key_shows():
    foreign = checkpoint(WHOLE.rows, 15, OTHER_KEY)
    report = replace(WHOLE, checkpoints=(*WHOLE.checkpoints, foreign)).checked(held=foreign)
    assert kinds(report) == ["key", "key"]
    assert report.faults[0].message.startswith("Stored checkpoint 4 does not count: The checkpoint of 15 events is")
    assert report.faults[1].message.startswith("The checkpoint held outside does not count")
    assert report.held_size is None


def test_a_checkpoint_of_another_log_shows():
    other = checkpoint(WHOLE.rows, 15, log_id="example.com/other")
    report = replace(WHOLE, checkpoints=(other,)).checked()
    assert [f.message for f in report.faults] == [
        f"Stored checkpoint 1 is of the log example.com/other, expected was {LOG}."
    ]


def test_a_signed_checkpoint_with_another_root_shows():
    lying = checkpoint(WHOLE.rows, 10, root=bytes(32))
    assert kinds(replace(WHOLE, checkpoints=(lying,)).checked()) == ["root"]


def test_a_key_without_the_expected_fingerprint_shows():
    right = fingerprint(TRUSTED.public_key)
    assert WHOLE.checked(trusted=replace(TRUSTED, key_fingerprint=right)).sound
    assert kinds(WHOLE.checked(trusted=replace(TRUSTED, key_fingerprint="0" * 64))) == ["key"]


def test_a_public_key_that_is_none_is_refused():
    with pytest.raises(CallerError, match="64 digits of lower-case hex"):
        Trusted(LOG, "key")


@pytest.mark.parametrize("content", [b"", b"\xff", event(7, at=START.replace(tzinfo=None)), event(7, before=[1])])
def test_an_event_that_cannot_be_read_is_a_fault_and_not_an_end(content):
    rows = [replace(r, content=content) if r.seq == 7 else r for r in WHOLE.rows]
    report = WHOLE.with_rows(rows).checked(held=HELD)
    assert kinds(report) == ["unreadable"]
    assert report.faults[0].seq == 7 and report.n_events == 20


def test_the_first_hundred_faults_are_told_and_all_are_counted():
    rows = [replace(stored(event(n)), leaf_hash=bytes(32)) for n in range(1, 301)]
    report = verify_log(
        rows, head=frontier_of([stored(event(n)) for n in range(1, 301)]), checkpoints=[], trusted=TRUSTED
    )
    assert len(report.faults) == 100 and report.n_faults == 300 and not report.sound


def test_the_events_are_read_once_and_not_kept():
    empty = bytes(1000).decode().replace("\0", "x")
    head = frontier_of(stored(event(n, reason=empty)) for n in range(1, 4001))
    tracemalloc.start()
    report = verify_log(
        (stored(event(n, reason=empty)) for n in range(1, 4001)), head=head, checkpoints=[], trusted=TRUSTED
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.sound and report.n_unsealed == 4000
    assert peak < 500_000  # The events take 4 MB.


# What the module says cannot be noticed: these tests hold the documentation to it, in both directions.


def test_rewriting_with_the_key_shows_only_against_a_checkpoint_held_outside():
    forged = rebuilt(edited(7, actor="u9"), sealed=(5, 10, 15))
    assert forged.checked().sound
    assert kinds(forged.checked(held=HELD)) == ["root"]


def test_rewriting_with_the_key_after_the_held_checkpoint_does_not_show():
    assert rebuilt(edited(13, actor="u9"), sealed=(5, 10, 15)).checked(held=HELD).sound


def test_rewriting_without_the_key_after_the_last_checkpoint_does_not_show_but_is_counted():
    forged = replace(rebuilt(edited(18, actor="u9")), checkpoints=WHOLE.checkpoints)
    report = forged.checked(held=HELD)
    assert report.sound and report.n_unsealed == 5
