import pytest

from assay.measurement.ledger import START, Facts, append, current, head, merge, read_ledger
from assay.measurement.sealing import BrokenSeal

GENUINE, FAKE = Facts("T1", "genuine", cost_minor=500), Facts("T2", "counterfeit")


def ledger(*batches):
    content = b""
    for batch in batches:
        content = append(content, batch, "2026-07-01T00:00:00+00:00", "0" * 64, None)
    return content


def test_entries_come_back_as_they_were_appended():
    content = ledger([GENUINE, FAKE], [Facts("T3", "swapped")])
    entries = read_ledger(content)
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert entries[0].before == START
    assert current(entries) == {"T1": GENUINE, "T2": FAKE, "T3": Facts("T3", "swapped")}


def test_the_same_rows_again_are_no_news():
    known = current(read_ledger(ledger([GENUINE, FAKE])))
    assert merge(known, [GENUINE, FAKE], replacing=False) == ([], [])


def test_a_later_row_fills_what_was_empty_and_empty_cells_erase_nothing():
    news, conflicts = merge({"T1": GENUINE}, [Facts("T1", "genuine", date="2026-07-02")], replacing=False)
    assert conflicts == []
    assert news == [Facts("T1", "genuine", cost_minor=500, date="2026-07-02")]


def test_another_outcome_is_a_conflict_unless_it_replaces():
    row = Facts("T1", "counterfeit")
    news, (conflict,) = merge({"T1": GENUINE}, [row], replacing=False)
    assert news == []
    assert (conflict.column, conflict.recorded, conflict.given) == ("outcome", "genuine", "counterfeit")
    assert merge({"T1": GENUINE}, [row], replacing=True)[0] == [Facts("T1", "counterfeit", cost_minor=500)]


def test_a_replaced_outcome_stays_in_the_history():
    content = append(ledger([GENUINE]), [Facts("T1", "counterfeit")], "2026-07-02T00:00:00+00:00", "1" * 64, "typo")
    first, second = read_ledger(content)
    assert first.facts.outcome == "genuine"
    assert (second.facts.outcome, second.reason) == ("counterfeit", "typo")


def test_any_change_within_the_history_breaks_the_chain():
    content = ledger([GENUINE, FAKE, Facts("T3", "swapped")])
    lines = content.splitlines(keepends=True)
    changed = [
        content.replace(b"genuine", b"swapped", 1),
        b"".join([lines[0], lines[2]]),
        b"".join([lines[1], lines[0], lines[2]]),
        b"".join([*lines, lines[2]]),
        content[:-1],
        b"{}\n" + content,
    ]
    for each in changed:
        with pytest.raises(BrokenSeal, match="line"):
            read_ledger(each)


def test_lines_cut_off_at_the_end_change_the_head():
    content = ledger([GENUINE, FAKE])
    assert head(content.splitlines(keepends=True)[0]) != head(content)
    assert head(b"") == START
