"""The fast path and the careful path of CSV give the same rows, lines and faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.intake import delimited
from assay.intake.delimited import read_delimited, sound_bytes, unique_names
from assay.intake.streams import TextStream

HEADER = "a,b,c\n"
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(path: Path, *, careful: bool) -> tuple[list, list]:
    stream = TextStream(path)
    reader = read_delimited(stream, ",", None, careful=careful)
    rows, faults = [], []
    for batch in reader.batches:
        rows += list(zip(batch.lines.tolist(), *(column.to_pylist() for column in batch.rows.columns), strict=True))
        faults += [(fault.line, fault.reason) for fault in batch.faults]
    stream.close()
    return rows, sorted(faults)


def both(path: Path, text: bytes) -> tuple[list, list]:
    path.write_bytes(HEADER.encode() + text)
    fast, careful = rows_of(path, careful=False), rows_of(path, careful=True)
    assert fast == careful
    return fast


@SLOW
@given(text=st.text('ab,"\n\r é', max_size=60))
def test_both_paths_read_any_text_alike(tmp_path: Path, text: str) -> None:
    both(tmp_path / "x.csv", text.encode())


@SLOW
@given(text=st.text('ab,"\n', max_size=80), block=st.integers(1, 9))
def test_rows_do_not_depend_on_where_blocks_are_cut(tmp_path: Path, text: str, block: int) -> None:
    path = tmp_path / "x.csv"
    whole = both(path, text.encode())

    class Dripping(TextStream):
        def read(self, n_bytes: int) -> bytes:
            head, self._head = self._head[:block], self._head[block:]
            return head

    stream = Dripping(path)
    head, rest = stream._head[: len(HEADER)], stream._head[len(HEADER) :]
    stream._head = rest
    columns = tuple(head.decode().strip().split(","))
    state = delimited.Delimited(columns, columns, ",", False, 2, len(HEADER))
    rows, faults = [], []
    for batch in state.batches(stream, b""):
        rows += list(zip(batch.lines.tolist(), *(c.to_pylist() for c in batch.rows.columns), strict=True))
        faults += [(fault.line, fault.reason) for fault in batch.faults]
    stream.close()
    assert (rows, sorted(faults)) == whole


@SLOW
@given(cells=st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=8))
def test_what_is_written_by_the_book_is_read_back(tmp_path: Path, cells: list[list[str]]) -> None:
    clean = [[cell.replace("\r", "").replace("\ufdd0", "") for cell in row] for row in cells]
    clean = [row for row in clean if not any("\ud800" <= char <= "\udfff" for cell in row for char in cell)]
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in clean)
    rows, faults = both(tmp_path / "x.csv", text.encode())
    assert ([list(row[1:]) for row in rows], faults) == (clean, [])


def test_the_line_of_a_row_counts_lines_inside_quotes_and_blank_ones(tmp_path: Path) -> None:
    rows, _ = both(tmp_path / "x.csv", b'1,"x\ny\nz",2\n\n\n3,4,5\n')
    assert [row[0] for row in rows] == [2, 7]


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    rows, faults = both(tmp_path / "x.csv", b'1,2,3\n4,"5,6\n7,8,9\n' + b'"x",y,z\n' * 50)
    assert (len(rows), faults) == (52, [(3, "a quote opens that does not close")])


def test_two_stray_quotes_do_not_swallow_what_is_between_them(tmp_path: Path) -> None:
    rows, faults = both(tmp_path / "x.csv", b'1,"2,3\n4,5,6\n7,8,"9\na,b,c\n')
    assert [row[1:] for row in rows] == [("4", "5", "6"), ("7", "8", "9"), ("a", "b", "c")]
    assert [line for line, _ in faults] == [2]


@pytest.mark.parametrize("careful", [False, True])
def test_a_quote_open_for_megabytes_does_not_take_the_file_with_it(tmp_path: Path, careful: bool) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(HEADER.encode() + b'1,"2,3\n' + (b"4,5," + b"6" * 1000 + b"\n") * 6000)
    rows, faults = rows_of(path, careful=careful)
    assert (len(rows), faults) == (6000, [(2, "a quote opens that does not close")])


def test_sound_bytes_end_at_the_last_whole_record() -> None:
    assert sound_bytes(b'a,b\n"c\nd', ",", False) == (4, 8)
    assert sound_bytes(b'a,b\nc,d"e\nf', ",", False) == (4, 7)


def test_names_that_stand_twice_get_a_number() -> None:
    assert unique_names(["a", "b", "a", " "]) == ("a#1", "b", "a#2", "column 4")
