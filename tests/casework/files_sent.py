"""Small real files, and hostile ones, as merchants may send them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image


def a_pdf(extra: bytes = b"", objects: bytes = b"") -> bytes:
    """A PDF of one empty page; `extra` goes into the catalog, `objects` behind it."""
    body = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + extra + b" >>\nendobj\n" + objects
    return body + b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def a_stream(dictionary: bytes, data: bytes, *, word: bytes = b"stream\n") -> bytes:
    """An object of a PDF that has data; `word` is what stands between its dictionary and them."""
    return b"5 0 obj\n<< " + dictionary + b" /Length %d >>\n" % len(data) + word + data + b"\nendstream\nendobj\n"


def a_packed_pdf(inner: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """A PDF whose objects are packed in an object stream."""
    return a_pdf(objects=a_stream(b"/Type /ObjStm /N 1 /First 4 /Filter " + filters, zlib.compress(inner)))


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A plain picture."""
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, kind, **options)
    return file.getvalue()


def a_moving_picture() -> bytes:
    """A WebP of two pictures."""
    file = io.BytesIO()
    pictures = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    pictures[0].save(file, "WEBP", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def a_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that claims far more pixels than anybody may send."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def a_zip(name: str = "a.txt") -> bytes:
    """An archive of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x" * 100)
    return file.getvalue()
