"""Names by which a PDF acts when it is opened, looked for wherever its readers look for objects. No I/O, no Django.

Objects stand in the open or packed in object streams. What a stream is, its dictionary says; but a comment or a string
in a dictionary may hold any word, `stream` and `endstream` too, so dictionaries are read from their beginning on as a
reader does. All else that can be unpacked is looked through as well, but for pictures. Why no library does this:
docs/decisions/0012-looking-through-pdfs.md.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

# What the streams of a PDF may unpack to, without its pictures; far more than ten megabytes of text and fonts hold.
MOST_UNPACKED = 100 * 1024 * 1024
# A part holds a hundred objects or so; a file of 138,000 parts of nothing took ten seconds to look through.
_MOST_PARTS = 5_000
# Pages, fonts, and letters drawn one by one; a real file of ten megabytes has some thousands.
_MOST_STREAMS = 50_000
# A step is a mark of a dictionary, or 64 bytes of it: two million take two seconds, and ten megabytes of objects that
# are not packed need half a million.
_MOST_STEPS, _STEP_BYTES = 2_000_000, 64
_INPUT_BYTES, _WINDOW_BYTES = 4 * 1024, 64 * 1024
# What is seen of a window with the next, so that neither a name nor a text is cut; texts of a page are shorter.
_OVERLAP_BYTES = 2 * 1024
# A page may speak of HTML/JavaScript; what does so more often in one window is no page.
_MOST_IN_TEXT = 20

# What ends a name: white space or a mark. Readers take the byte 0 for white space.
_NAME_ENDS = rb"(?![^\0\t\n\f\r /<>\[\](){}%])"
_SPACE = rb"[\0\t\n\f\r ]*+"


def _letters(name: str) -> bytes:
    """A pattern for a name: each letter may be written as `#4a` for `J`, which is the same to a reader of PDF."""
    return b"".join(b"(?:%c|#(?i:%02x))" % (each, each) for each in name.encode())


def _one_of(*names: str) -> bytes:
    """A pattern for any of some names; first letters stand apart, since `/` alone may come a hundred million times."""
    plain = (re.escape(name[:1].encode()) + _letters(name[1:]) for name in names)
    written = (b"(?i:%02x)" % ord(name[0]) + _letters(name[1:]) for name in names)
    return b"/(?:%b|#(?:%b))" % (b"|".join(plain), b"|".join(written))


_ACTS = re.compile(
    _one_of(
        "JavaScript",  # `JS` is left out: every script says both, and three bytes turn up by chance in a large picture
        *("Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "SubmitForm", "ImportData", "GoToE"),
        "Encrypt",  # what there is cannot be looked at
    )
    + rb"\b"
)
_OBJECT = re.compile(rb"obj(?<!endobj)")
_GAP = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+)*+")
_MARK = re.compile(rb"<<|>>|<[^>]*+>?|%[^\r\n]*+|\(")
_PAREN = re.compile(rb"\\.|[()]", re.DOTALL)
# Most readers skip what follows the word on its line, and all take a lone carriage return for the line's end.
_STREAM = re.compile(rb"stream(?<!endstream)([^\r\n]*+)(?:\r\n?|\n|\Z)")
_OBJECT_STREAM = re.compile(_one_of("ObjStm") + _NAME_ENDS)
# Some readers ask for this alone and not for the type; no other stream has it.
_FIRST = re.compile(_one_of("First") + _NAME_ENDS)
_PICTURE = re.compile(_one_of("Subtype") + _SPACE + _one_of("Image") + _NAME_ENDS)
_PACKING = re.compile(_one_of("Filter", "F", "DecodeParms", "DP") + _NAME_ENDS)
_FLATE = _one_of("FlateDecode") + _NAME_ENDS
_DEFLATED = re.compile(_one_of("Filter") + _SPACE + rb"(?:%b|\[%b\])" % (_FLATE, _SPACE + _FLATE + _SPACE))
_IN_TEXT = re.compile(rb"(?<!\\)\((?:[^()\\]|\\.)*+\Z", re.DOTALL)


class OpaqueError(ValueError):
    """A PDF that is packed so that nobody can say what is in it."""


class OverfullError(ValueError):
    """A PDF that unpacks to far more than it is."""


@dataclass(slots=True)
class _Allowance:
    """How much may still be done with a file; `error` when it is spent."""

    left: int
    error: type[ValueError]

    def spend(self, n: int) -> None:
        self.left -= n
        if self.left < 0:
            raise self.error


def acting_name(content: bytes) -> str | None:
    """The first name by which a PDF acts, carries other files or hides its content; None when it has none.

    OpaqueError when its objects are packed in any way but deflated once, OverfullError when they unpack to too much.

    >>> acting_name(b"%PDF-1.4 1 0 obj << /OpenAction << /S /J#61vaScript >> >> endobj")
    'JavaScript'
    """
    if name := _first(content):
        return name
    objects, pictures = _sorted_streams(content)
    if len(objects) > _MOST_PARTS:
        raise OverfullError
    starts = objects | {hit.end() for hit in islice(_STREAM.finditer(content), _MOST_STREAMS + 1)} - pictures
    if len(starts) > _MOST_STREAMS:
        raise OpaqueError
    left = _Allowance(MOST_UNPACKED, OverfullError)
    for start in sorted(starts):
        before = b""
        for piece in _unpacked(content, start, left, must_unpack=start in objects):
            window = before + piece
            if name := _first(window, may_be_page=start not in objects):
                return name
            before = window[-_OVERLAP_BYTES:]
    return None


def _first(part: bytes, *, may_be_page: bool = False) -> str | None:
    """The first such name in a part; what a page shows as text is none."""
    for n, hit in enumerate(_ACTS.finditer(part)):
        is_text = may_be_page and _IN_TEXT.search(part, max(hit.start() - _OVERLAP_BYTES, 0), hit.start())
        if not is_text or n >= _MOST_IN_TEXT:
            return re.sub(rb"#(..)", lambda letter: bytes([int(letter[1], 16)]), hit.group()[1:]).decode()
    return None


def _sorted_streams(content: bytes) -> tuple[set[int], set[int]]:
    """Where the data of packed object streams begin, and those of pictures."""
    objects, pictures, n_understood = set[int](), set[int](), 0
    for data, dictionary in _dictionaries(content):
        n_types = len(_OBJECT_STREAM.findall(dictionary))
        n_understood += n_types
        if n_types or _FIRST.search(dictionary):
            if _is_deflated(dictionary):
                if data[1].strip():
                    raise OpaqueError  # readers do not agree on where its data begin
                objects.add(data.end())
        elif _PICTURE.search(dictionary):
            pictures.add(data.end())
    if len(_OBJECT_STREAM.findall(content)) > n_understood:
        raise OpaqueError  # an object stream whose dictionary is not understood here, and by some reader may be
    return objects, pictures


def _is_deflated(dictionary: bytes) -> bool:
    """Whether an object stream is packed at all; OpaqueError for any way but one deflation without parameters."""
    n_said = len(_PACKING.findall(dictionary))
    if n_said > 1 or (n_said and not _DEFLATED.search(dictionary)):
        raise OpaqueError
    return bool(n_said)


def _dictionaries(content: bytes) -> Iterator[tuple[re.Match[bytes], bytes]]:
    """The word behind which the data of each stream begin, and its dictionary without strings and comments.

    An object inside a comment or a string counts as well: a reader that is sent there by the file finds it.
    """
    steps = _Allowance(_MOST_STEPS, OpaqueError)
    for hit in _OBJECT.finditer(content):
        opens = _gap_end(content, hit.end(), steps)
        if not content.startswith(b"<<", opens):
            continue
        closes, dictionary = _dictionary(content, opens, steps)
        if data := _STREAM.match(content, _gap_end(content, closes, steps)):
            yield data, dictionary


def _dictionary(content: bytes, opens: int, steps: _Allowance) -> tuple[int, bytes]:
    """Where a dictionary ends, and what is in it; readers pass over words that do not belong there."""
    kept, depth, at = bytearray(), 0, opens
    while hit := _MARK.search(content, at):
        kept += content[at : hit.start()] + b" "
        steps.spend(1 + (hit.end() - at) // _STEP_BYTES)
        at = hit.end()
        mark = content[hit.start() : hit.start() + 2]
        if mark == b"<<":
            depth += 1
        elif mark == b">>":
            depth -= 1
        elif mark[:1] == b"(":
            at = _string_end(content, at, steps)
        if not depth:
            return at, bytes(kept)
    steps.spend((len(content) - at) // _STEP_BYTES)
    return len(content), b""


def _string_end(content: bytes, at: int, steps: _Allowance) -> int:
    depth = 1
    while hit := _PAREN.search(content, at):
        steps.spend(1 + (hit.end() - at) // _STEP_BYTES)
        at = hit.end()
        depth += {b"(": 1, b")": -1}.get(hit.group(), 0)
        if not depth:
            return at
    return len(content)


def _gap_end(content: bytes, at: int, steps: _Allowance) -> int:
    gap = _GAP.match(content, at)
    end = gap.end() if gap else at
    steps.spend(1 + (end - at) // _STEP_BYTES)
    return end


def _unpacked(content: bytes, start: int, left: _Allowance, *, must_unpack: bool) -> Iterator[bytes]:
    """What is deflated from `start` on, piece by piece, whatever length the PDF says it has; nothing when nothing is.

    Two bytes in front and a checksum behind are passed over: readers do not mind when they are wrong.
    """
    unpacker, at = zlib.decompressobj(-zlib.MAX_WBITS), start + 2
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail
        if not packed:
            packed = content[at : at + _INPUT_BYTES]
            at += len(packed)
        try:
            piece = unpacker.decompress(packed, _WINDOW_BYTES)
        except zlib.error as error:
            if must_unpack:
                raise OpaqueError from error
            return
        if not packed and not piece:
            return
        left.spend(len(piece))
        if piece:
            yield piece
