"""Files as streams of UTF-8 bytes: unpacked, decoded, and with a clear word when that cannot be done."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.engine.folders import outside
from assay.market.errors import CallerError, OutsideError

# What is looked at before reading, to tell encodings and formats apart: enough for a few hundred rows.
SAMPLE_BYTES = 1 << 20

_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_UNREADABLE = {
    b"PK\x03\x04": "a zip file or an Excel workbook",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
}
# Unpacked piece by piece, so that what stands before a break is still read and counted.
_PIECE = 1 << 18
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# A tenth of zero bytes on one side of every pair is Western text in UTF-16; a quarter is certain.
_ZEROS_OF_UTF16 = 0.25
_OTHERS = ("gb18030", "windows-1251", "windows-1252")
_LETTERS = {"gb18030": re.compile("[一-鿿]"), "windows-1251": re.compile("[а-яё]"), "windows-1252": re.compile("[à-ÿ]")}

# Bytes that a stated encoding cannot decode become this, which is not UTF-8: the row is then found and rejected.
_UNDECODABLE = "\udcff"
codecs.register_error("assay-mark", lambda error: (_UNDECODABLE, error.end))  # type: ignore[attr-defined]


class BrokenStream(Exception):
    """The file ends or breaks in the middle. Whoever counts rows turns it into an OutsideError that says how many."""


@dataclass(slots=True)
class TextStream:
    """The text of a file, as UTF-8 with line ends of `\\n` or `\\r\\n`, read in pieces.

    `position` is how many bytes of the file itself have been read, for progress.
    """

    path: Path
    encoding: str | None = None
    _raw: Any = field(init=False)
    _bytes: Any = field(init=False)
    _decoder: codecs.IncrementalDecoder | None = field(init=False, default=None)
    _head: bytes = field(init=False, default=b"")
    _old_mac: bool = field(init=False, default=False)
    _broken: BrokenStream | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._raw = open_file(self.path)
        packing = packing_of(self.path)
        self._bytes = pa.CompressedInputStream(self._raw, packing) if packing else self._raw
        self._head = self._take(SAMPLE_BYTES)
        self._prepare()

    def _prepare(self) -> None:
        sample = self._head
        mark = next(((bom, name) for bom, name in _BOMS if sample.startswith(bom)), None)
        self.encoding = encoding = mark[1] if mark else self.encoding or guess_wide(sample) or "utf-8"
        self._head = sample[len(mark[0]) :] if mark else sample
        if codecs.lookup(encoding).name != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)("assay-mark")
            self._head = self._recode(self._head)
        else:
            check_utf8(self._head, self.path)
        self._old_mac = b"\n" not in self._head and b"\r" in self._head
        self._head = self._with_line_ends(self._head)

    def read(self, n_bytes: int) -> bytes:
        """The next bytes of text, at least one unless the file has ended."""
        if self._head:
            piece, self._head = self._head, b""
            return piece
        while True:
            raw = self._take(n_bytes)
            piece = self._with_line_ends(self._recode(raw, last=not raw))
            if piece or not raw:
                return piece

    def peek(self) -> bytes:
        """The sample from the start of the text, before anything was read."""
        return self._head

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        return int(self._raw.tell())

    def close(self) -> None:
        """Closes the file."""
        self._raw.close()

    def _take(self, n_bytes: int) -> bytes:
        """Up to so many bytes of the unpacked file; where it breaks, what stands before that, and then BrokenStream."""
        if self._broken is not None:
            raise self._broken
        pieces, n_taken = [], 0
        while n_taken < n_bytes:
            try:
                piece = bytes(self._bytes.read(min(_PIECE, n_bytes)))
            except OSError as error:
                if error.errno:
                    raise unreadable(error, self.path) from error
                self._broken = BrokenStream(str(error))
                break
            if not piece:
                break
            pieces.append(piece)
            n_taken += len(piece)
        if self._broken is not None and not pieces:
            raise self._broken
        return b"".join(pieces)

    def _recode(self, raw: bytes, *, last: bool = False) -> bytes:
        if self._decoder is None:
            return raw
        return self._decoder.decode(raw, last).encode("utf-8", "surrogatepass")

    def _with_line_ends(self, text: bytes) -> bytes:
        return text.replace(b"\r", b"\n") if self._old_mac else text


def open_text(path: Path, encoding: str | None) -> TextStream:
    """A TextStream of the file; OutsideError when not even its start can be unpacked."""
    try:
        return TextStream(path, encoding)
    except BrokenStream as error:
        raise broken_file(path, str(error), 0) from error


def open_file(path: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The file for reading; OutsideError when there is no permission, CallerError for folders and odd packings."""
    if path.is_dir():
        raise CallerError(
            f"{path} is a folder where a file is needed; name the folder itself as the source, or a file in it.",
            where={"file": str(path)},
        )
    try:
        with path.open("rb") as file:
            start = file.read(8)
        handle = pa.OSFile(str(path))
    except OSError as error:
        raise unreadable(error, path) from error
    packed = next((name for magic, name in _UNREADABLE.items() if start.startswith(magic)), None)
    if packed:
        raise CallerError(
            f"{path.name} is {packed}; unpack or export it first: CSV, TSV, JSON lines and Parquet are read, "
            "plain or packed with gzip or zstd.",
            where={"file": str(path)},
            value=packed,
            allowed="gzip, zstd",
        )
    return handle


def unreadable(error: OSError, path: Path) -> OutsideError:
    """An operating system error while reading, as one sentence with what would help."""
    if isinstance(error, PermissionError):
        return OutsideError(
            f"Cannot read {path}: permission is denied; get the right to read it, or name another file.",
            where={"file": str(path)},
        )
    return outside(error, path)


def packing_of(path: Path) -> str | None:
    """`gzip`, `zstd` or None, by the first bytes of the file: names lie."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)


def guess_wide(sample: bytes) -> str | None:
    """UTF-16 without a byte order mark, told by its zero bytes; None for anything else."""
    pairs = len(sample) // 2
    if pairs < 4:
        return None
    low, high = sample[1 : 2 * pairs : 2].count(0) / pairs, sample[0 : 2 * pairs : 2].count(0) / pairs
    if max(low, high) < _ZEROS_OF_UTF16 or min(low, high) > max(low, high) / 10:
        return None
    return "utf-16-le" if low > high else "utf-16-be"


def check_utf8(sample: bytes, path: Path) -> None:
    """CallerError when the sample as a whole is in another encoding; a few broken lines are left to be rejected."""
    try:
        sample.decode("utf-8")
        return
    except UnicodeDecodeError as error:
        first = error.start
        if error.start > len(sample) - 4 and error.reason == "unexpected end of data":
            return
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    n_broken = sum(1 for line in lines if not _is_utf8(line))
    # Three broken lines that are also the majority of the lines with anything but ASCII: not damage, another encoding.
    if n_broken < 3 or n_broken * 2 < len(lines):
        return
    guess = likely_encoding(sample)
    line = sample.count(b"\n", 0, first) + 1
    raise CallerError(
        f"{path.name} is not UTF-8: byte 0x{sample[first]:02x} at position {first} (line {line}); it looks like "
        f'{guess}: pass --encoding {guess}, or state encoding = "{guess}" in the mapping.',
        where={"file": str(path), "line": line, "byte": first},
        value=f"0x{sample[first]:02x}",
        allowed="UTF-8, UTF-16, or the encoding you state",
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def likely_encoding(sample: bytes) -> str:
    """The likeliest of a few encodings for text that is not UTF-8: the one that makes most odd bytes its letters."""
    odd = sum(1 for byte in sample if byte >= 0x80) or 1

    def share(name: str) -> float:
        text = sample.decode(name, "replace")
        width = 2 if name == "gb18030" else 1
        return width * len(_LETTERS[name].findall(text)) / odd - text.count("�") / odd

    return max(_OTHERS, key=share)


def known_encoding(name: str) -> str:
    """The encoding, when Python knows it; CallerError otherwise."""
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise CallerError(
            f"Encoding {name!r} is not known; write one such as utf-8, utf-16, windows-1252, gb18030 or shift_jis.",
            value=name,
            allowed="an encoding that Python knows",
        ) from error


def broken_file(path: Path, reason: str, n_rows: int) -> OutsideError:
    """The OutsideError for a file that breaks off, with how far it could be read."""
    return OutsideError(
        f"{path.name} breaks off: {reason}. {n_rows} rows could be read before that; nothing was taken in. Fetch the "
        "file again, or unpack what is readable (`gzip -dc`, `zstd -dc`) and take that in.",
        where={"file": str(path), "rows_readable": n_rows},
        value=reason,
    )
