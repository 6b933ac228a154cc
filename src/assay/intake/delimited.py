"""CSV and TSV: Arrow's parser where the quoting is sound, a careful one where it is not, with the line of every row.

Rows end where a line ends outside quotes. The fast path finds these places with array operations and checks that every
quote opens or closes a cell, as RFC 4180 (section 2) has it; from the first quote that does not, the careful path goes
on line by line, so that one stray quote costs one row and not the rest of the file. Both give the same rows (a test
holds them to it).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from assay.intake.batches import MAX_CELL, Batch, Lines, Reader, RowFault, text_table
from assay.intake.streams import TextStream
from assay.market.errors import CallerError

# Some 40,000 rows of a marketplace feed: Arrow's overhead vanishes, and a batch with its columns stays below 100 MB.
BLOCK_BYTES = 8 << 20
# A record that goes on longer than a few of the longest cells has lost its closing quote.
MAX_RECORD = 4 * MAX_CELL

_DELIMITERS = (",", ";", "\t", "|")
_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D
_HIDDEN = "\ufdd0"  # a code point that Unicode keeps free for such use

Codes = npt.NDArray[np.uint8]

csv.field_size_limit(2 * MAX_RECORD)


@dataclass(slots=True)
class Delimited:
    """The state of reading one file: what is expected of a row, and where in the file the buffer starts."""

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    delimiter: str
    careful: bool = False
    line: int = 1
    offset: int = 0
    encoding: str = "utf-8"

    def batches(self, stream: TextStream, buffer: bytes) -> Iterator[Batch]:
        """The rows of the stream, from `buffer` on."""
        ended = False
        while buffer or not ended:
            if not ended:
                more = stream.read(BLOCK_BYTES)
                ended = not more
                buffer += more
            used, batches = self._block(buffer, ended)
            yield from batches
            buffer = buffer[used:]
            if ended and not used:
                break

    def _block(self, buffer: bytes, ended: bool) -> tuple[int, list[Batch]]:
        """Whole records at the start of the buffer: how many bytes they take, and their rows."""
        used, fault = (0, 0) if self.careful else sound_bytes(buffer, self.delimiter, ended)
        fast = self._fast(buffer[:used]) if used else None
        if fast is None and used:
            # The careful path must see the rest as well: where it takes up a broken record anew, records end elsewhere.
            used, fault = 0, 0
        self._advance(buffer[:used])
        batches = [] if fast is None else [fast]
        stuck = fault < len(buffer) or len(buffer) - used > MAX_RECORD
        if used < len(buffer) and (ended or stuck):
            n_bytes, batch = self._careful(buffer[used:], ended)
            batches.append(batch)
            self._advance(buffer[used : used + n_bytes])
            used += n_bytes
        return used, [batch for batch in batches if batch.n_read]

    def _advance(self, done: bytes) -> None:
        self.line += done.count(b"\n")
        self.offset += len(done)

    def _fast(self, block: bytes) -> Batch | None:
        """The rows of a block with sound quoting; None when its rows need a closer look.

        That is: text that is not UTF-8, records that Arrow cuts otherwise than the quotes tell, and a record of several
        lines that does not fit the header, which may be two quotes that never belonged together.
        """
        starts, lines = record_starts(block)
        bad: list[int] = []

        def skip(row: pacsv.InvalidRow) -> str:
            bad.append(row.number - 1)
            return "skip"

        try:
            table = pacsv.read_csv(
                pa.BufferReader(block),
                pacsv.ReadOptions(column_names=list(self.columns), use_threads=False, block_size=len(block) + 1),
                pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=skip),
                self._as_text(),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError):  # broken UTF-8: the careful path finds the line
            return None
        if table.num_rows + len(bad) != len(starts):
            return None
        ends = np.append(starts[1:], len(block))
        if any(b"\n" in block[starts[i] : ends[i] - 1] for i in bad):
            return None
        where = lines + self.line
        keep = np.ones(len(starts), dtype=bool)
        keep[bad] = False
        ragged = [self._ragged(block[starts[i] : ends[i]], int(where[i])) for i in bad]
        return self._joined(table, where[keep], ragged)

    def _as_text(self) -> pacsv.ConvertOptions:
        types = {name: pa.string() for name in self.needed}
        return pacsv.ConvertOptions(column_types=types, include_columns=list(self.needed), strings_can_be_null=False)

    def _ragged(self, record: bytes, line: int) -> tuple[int, list[str] | RowFault]:
        cells = cells_of(record.decode("utf-8"), self.delimiter, strict=False)
        return line, self._fitted(cells, record, line)

    def _joined(self, table: pa.Table, lines: Lines, ragged: list[tuple[int, list[str] | RowFault]]) -> Batch:
        """The parsed rows with the ragged ones that could be mended put back in their place."""
        faults = tuple(got for _, got in ragged if isinstance(got, RowFault))
        mended = [(line, got) for line, got in ragged if not isinstance(got, RowFault)]
        if mended:
            places = [self.columns.index(name) for name in self.needed]
            extra = text_table(self.needed, [[cells[p] for _, cells in mended] for p in places])
            all_lines = np.concatenate([lines, np.array([line for line, _ in mended], dtype=np.int64)])
            order = np.argsort(all_lines, kind="stable")
            table, lines = pa.concat_tables([table, extra]).take(pa.array(order)), all_lines[order]
        return Batch(table, lines, faults)

    def _fitted(self, cells: list[str], record: bytes, line: int) -> list[str] | RowFault:
        """The cells when they fit the header; surplus empty cells (a spreadsheet's trailing delimiters) are dropped."""
        width = len(self.columns)
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        if len(cells) == width:
            return cells
        count = f"{len(cells)} cell" if len(cells) == 1 else f"{len(cells)} cells"
        shown = record[:200].decode("utf-8", "replace").rstrip("\r\n")
        return RowFault(line, shown, f"the row has {count}, the header has {width}", f"{width} cells, as in the header")

    def _careful(self, buffer: bytes, ended: bool) -> tuple[int, Batch]:
        """Rows of the buffer line by line, up to the last whole record; bytes used and the rows."""
        rows: list[list[str]] = []
        lines: list[int] = []
        faults: list[RowFault] = []
        at, line = 0, self.line
        while at < len(buffer):
            record, got = self._record(buffer, at, line, ended)
            if not record:
                break
            if isinstance(got, RowFault):
                faults.append(got)
            elif got is not None:
                rows.append(got)
                lines.append(line)
            at += len(record)
            line += record.count(b"\n")
        places = [self.columns.index(name) for name in self.needed]
        table = text_table(self.needed, [[row[p] for row in rows] for p in places])
        return at, Batch(table, np.array(lines, dtype=np.int64), tuple(faults))

    def _record(self, buffer: bytes, at: int, line: int, ended: bool) -> tuple[bytes, list[str] | RowFault | None]:
        """The record at a place with its cells, its fault, or None for a blank line; no bytes when it goes on."""
        end = _line_end(buffer, at, ended)
        first = buffer[at:end]
        if not first.strip(b"\r\n"):
            return first, None
        is_open = first.count(b'"') % 2 == 1
        while is_open:
            quote = buffer.find(b'"', end)
            following = _line_end(buffer, quote, ended) if quote >= 0 else end
            if following <= end or following - at > MAX_RECORD:
                is_late = quote < 0 or following <= quote
                if is_late and not ended and len(buffer) - at <= MAX_RECORD:
                    return b"", None
                return first, self._lenient(first, at, line)
            is_open = buffer.count(b'"', end, following) % 2 == 0
            end = following
        return self._strict(buffer[at:end], first, at, line)

    def _strict(self, record: bytes, first: bytes, at: int, line: int) -> tuple[bytes, list[str] | RowFault]:
        """The cells of a whole record. Several lines that do not make one row are given back but for the first."""
        try:
            cells = cells_of(record.decode("utf-8"), self.delimiter, strict=True)
        except UnicodeDecodeError as error:
            return record, self._not_utf8(record, error, at, line)
        except csv.Error:
            return first, self._lenient(first, at, line)
        fitted = self._fitted(cells, record, line)
        if isinstance(fitted, RowFault) and len(record) > len(first):
            return first, self._lenient(first, at, line)
        return record, fitted

    def _lenient(self, text: bytes, at: int, line: int) -> list[str] | RowFault:
        """One line whose quotes do not pair: kept when it still has the right number of cells."""
        try:
            cells = cells_of(text.decode("utf-8"), self.delimiter, strict=False)
        except UnicodeDecodeError as error:
            return self._not_utf8(text, error, at, line)
        fitted = self._fitted(cells, text, line)
        if isinstance(fitted, RowFault) and b'"' in text:
            return RowFault(line, fitted.value, "a quote opens that does not close", 'quotes in pairs, or doubled ("")')
        return fitted

    def _not_utf8(self, record: bytes, error: UnicodeDecodeError, at: int, line: int) -> RowFault:
        if self.encoding != "utf-8":
            shown = record[:200].decode("utf-8", "replace").rstrip("\r\n")
            return RowFault(line, shown, f"the row is not {self.encoding}, which is stated", "the encoding of the file")
        shown = record[:200].decode("utf-8", "backslashreplace").rstrip("\r\n")
        place = self.offset + at + error.start
        found = f"byte 0x{record[error.start]:02x} at position {place} of the text"
        return RowFault(line, f"{found}: {shown}"[:200], "the row is not UTF-8", "UTF-8, or the encoding you state")


def _line_end(buffer: bytes, at: int, ended: bool) -> int:
    """Where the line at a place ends, its line end included; the place itself when the end is not in the buffer."""
    end = buffer.find(b"\n", at)
    if end >= 0:
        return end + 1
    return len(buffer) if ended else at


def cells_of(record: str, delimiter: str, *, strict: bool) -> list[str]:
    """The cells of one record; csv.Error when `strict` and a quote stands where none may."""
    text = record.removesuffix("\n").removesuffix("\r")
    if '"' not in text:
        return text.split(delimiter)
    # csv takes a carriage return outside quotes for the end of a row; Assay takes it for text, and so hides it.
    rows = list(csv.reader([text.replace("\r", _HIDDEN)], delimiter=delimiter, strict=strict))
    return [cell.replace(_HIDDEN, "\r") for cell in rows[0]]


def sound_bytes(buffer: bytes, delimiter: str, ended: bool) -> tuple[int, int]:
    """How many bytes at the start of the buffer are whole records with sound quoting, and where soundness ends.

    It ends at a quote that neither opens nor closes a cell, or at a lone carriage return; else with the buffer.
    """
    codes = np.frombuffer(buffer, dtype=np.uint8)
    newlines = np.flatnonzero(codes == _LF)
    quotes = np.flatnonzero(codes == _QUOTE)
    limit = min(_first_fault(codes, quotes, ord(delimiter)), _lone_return(codes))
    ends = newlines[: np.searchsorted(newlines, limit)]
    ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if ended and limit == len(codes) and len(quotes) % 2 == 0:
        return len(codes), limit
    return (int(ends[-1]) + 1 if len(ends) else 0), limit


def _lone_return(codes: Codes) -> int:
    returns = np.flatnonzero(codes[:-1] == _CR)  # the last byte's neighbour is in the next block
    lone = returns[codes[returns + 1] != _LF]
    return int(lone[0]) if len(lone) else len(codes)


def _first_fault(codes: Codes, quotes: Lines, delimiter: int) -> int:
    """Place of the first quote that neither opens nor closes a cell nor doubles another; the length when all do."""
    if not len(quotes):
        return len(codes)
    before = codes[np.maximum(quotes - 1, 0)]
    after = codes[np.minimum(quotes + 1, len(codes) - 1)]
    starts = (before == delimiter) | (before == _LF) | (quotes == 0)
    stops = (after == delimiter) | (after == _LF) | (after == _CR) | (quotes == len(codes) - 1)
    doubled = np.zeros(len(quotes), dtype=bool)
    doubled[1:] = np.diff(quotes) == 1
    opens = np.arange(len(quotes)) % 2 == 0
    sound = np.where(opens, starts | doubled, stops | np.append(doubled[1:], False))
    wrong = np.flatnonzero(~sound)
    return int(quotes[wrong[0]]) if len(wrong) else len(codes)


def record_starts(block: bytes) -> tuple[Lines, Lines]:
    """Where every record that is not blank starts, and how many line ends stand before it; for sound blocks only."""
    codes = np.frombuffer(block, dtype=np.uint8)
    newlines = np.flatnonzero(codes == _LF)
    quotes = np.flatnonzero(codes == _QUOTE)
    ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0] if len(quotes) else newlines
    starts = np.concatenate([[0], ends + 1])
    starts = starts[starts < len(codes)]
    first = codes[starts]
    second = codes[np.minimum(starts + 1, len(codes) - 1)]
    starts = starts[~((first == _LF) | ((first == _CR) & (second == _LF)))]
    return starts.astype(np.int64), np.searchsorted(newlines, starts).astype(np.int64)


def header_of(sample: bytes, delimiter: str, path_name: str) -> tuple[tuple[str, ...], int]:
    """The column names and how many bytes the header takes. CallerError for an empty file or a wrong delimiter."""
    at = len(sample) - len(sample.lstrip(b"\r\n"))
    used = sample.find(b"\n", at) + 1 or len(sample)
    while sample[at:used].count(b'"') % 2 and used < len(sample):
        used = sample.find(b"\n", used) + 1 or len(sample)
    text = sample[at:used].decode("utf-8", "replace")
    if not text.strip():
        raise CallerError(f"{path_name} is empty; a header with the names of the columns is needed.")
    names = cells_of(text, delimiter, strict=False)
    if len(names) == 1:
        _check_delimiter(text, delimiter, path_name)
    while len(names) > 1 and not names[-1].strip():
        names = names[:-1]
    return unique_names(names), used


def _check_delimiter(header: str, delimiter: str, path_name: str) -> None:
    counts = {d: len(cells_of(header, d, strict=False)) for d in _DELIMITERS if d != delimiter}
    best = max(counts, key=lambda d: counts[d])
    if counts[best] > 1:
        raise CallerError(
            f"{path_name} has one column when it is cut at {delimiter!r} but {counts[best]} when it is cut at "
            f"{best!r}: state delimiter = {_toml(best)} in the mapping's [[source]].",
            where={"file": path_name, "line": 1},
            value=delimiter,
            allowed=best,
        )


def _toml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Column names, stripped; one that stands twice gets its turn: `price#1`, `price#2`.

    >>> unique_names(["id", "price", "price", ""])
    ('id', 'price#1', 'price#2', 'column 4')
    """
    stripped = [name.strip() or f"column {i}" for i, name in enumerate(names, 1)]
    turn: dict[str, int] = {}
    result = []
    for name in stripped:
        turn[name] = turn.get(name, 0) + 1
        result.append(f"{name}#{turn[name]}" if stripped.count(name) > 1 else name)
    return tuple(result)


def likely_delimiter(sample: bytes, default: str) -> str:
    """The delimiter that cuts the header into most cells, for `inspect`."""
    header = sample.split(b"\n", 1)[0].decode("utf-8", "replace")
    if len(cells_of(header, default, strict=False)) > 1:
        return default
    return max(_DELIMITERS, key=lambda d: len(cells_of(header, d, strict=False)))


def read_delimited(
    stream: TextStream, delimiter: str, needed: tuple[str, ...] | None, *, careful: bool = False
) -> Reader:
    """Opens CSV or TSV; `needed` columns are read (None: all). `careful` never takes the fast path (for comparison)."""
    buffer = stream.read(BLOCK_BYTES)
    columns, used = header_of(buffer, delimiter, stream.path.name)
    wanted = columns if needed is None else tuple(name for name in columns if name in needed)
    line = 1 + buffer[:used].count(b"\n")
    state = Delimited(columns, wanted or columns[:1], delimiter, careful, line, used, stream.encoding or "utf-8")
    return Reader(columns, state.batches(stream, buffer[used:]))
