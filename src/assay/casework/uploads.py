"""What a file that somebody sends really is: its type by content, and whether it is safe to keep. No I/O, no database.

PDF, JPEG, PNG and WebP only. A file is refused when it is two things at once, when it unpacks to far more than it is,
or when it could do something by being opened. Nothing is re-encoded: what is kept is what was sent, byte for byte.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zlib
from pathlib import PurePosixPath
from threading import BoundedSemaphore

from django.utils.translation import gettext as _
from PIL import Image

from assay.casework.pdf_names import MOST_UNPACKED, OpaqueError, OverfullError, acting_name
from assay.market.errors import CallerError

# A scan of a page in colour at 300 dpi is 1 to 5 MB; more than this is rarely a document.
MOST_BYTES = 10 * 1024 * 1024
# Phone cameras give 12 to 50 million pixels; more needs half a gigabyte of memory to look at.
MOST_PIXELS = 50_000_000
MOST_NAME_CHARACTERS = 120
# A PNG of the most pixels takes 200 MB while it is unpacked, a WebP 760: so many are unpacked at once, the next waits.
UNPACKING = BoundedSemaphore(2)
ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_ALLOWED = "PDF, JPEG, PNG or WebP"
_ZIP_END = b"PK\x05\x06"
# The end of a ZIP archive stands within the last 65,557 bytes (its comment is at most 65,535 long).
_ZIP_TAIL = 65_557


class Unfit(CallerError):
    """A file that is not kept: what is wrong with it, and what is allowed. Exit code 2, over HTTP: 400."""


def media_type(content: bytes) -> str:
    """The type of a file by its content. Unfit for anything that is not one of four safe kinds."""
    if not content:
        raise Unfit(_("The file is empty; choose it again."), value=0, allowed=_ALLOWED)
    if len(content) > MOST_BYTES:
        raise Unfit(
            _("The file has more than %(most)d MB; send a smaller one.") % {"most": MOST_BYTES // 1024**2},
            value=len(content),
            allowed=str(MOST_BYTES),
        )
    if _ZIP_END in content[-_ZIP_TAIL:]:
        raise Unfit(
            _("The file holds an archive of other files; send each as PDF, JPEG, PNG or WebP."), allowed=_ALLOWED
        )
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    return _image(content)


def clean_name(filename: str, media: str) -> str:
    """A file's name that is safe to show, to save under and to export: visible characters, no path, the right ending.

    >>> clean_name("C:\\\\Users\\\\me\\\\=invoice\\u202e.pdf.exe", "application/pdf")
    'invoice.pdf.pdf'
    """
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(each for each in unicodedata.normalize("NFC", last) if unicodedata.category(each)[0] != "C")
    seen = re.sub(r'[<>:"|?*]', "_", " ".join(seen.split()))
    stem = PurePosixPath(seen).stem if "." in seen.strip(".") else seen
    # A spreadsheet runs a cell that begins with one of these; a leading dot hides a file.
    stem = stem.lstrip("=+-@.~ ").rstrip(". ")[:MOST_NAME_CHARACTERS].rstrip(". ")
    return (stem or "document") + ENDINGS[media]


def _pdf(content: bytes) -> str:
    if b"%%EOF" not in content[-2048:] or b"startxref" not in content[-4096:]:
        raise Unfit(_("The PDF is not whole: its end is missing; save it again and send that."), allowed=_ALLOWED)
    try:
        name = acting_name(content)
    except OpaqueError as error:
        raise Unfit(
            _("The PDF is packed in a way that cannot be checked; print it to a new PDF and send that.")
        ) from error
    except OverfullError as error:
        raise Unfit(
            _("The PDF unpacks to far more than it is; print it to a new PDF and send that."),
            allowed=str(MOST_UNPACKED),
        ) from error
    if name == "Encrypt":
        raise Unfit(_("The PDF is protected by a password or against copying; send one that is not."), value=name)
    if name is not None:
        raise Unfit(
            _("The PDF holds something that acts or another file (%(name)s); print it to a new PDF and send that.")
            % {"name": name},
            value=name,
        )
    return "application/pdf"


def _image(content: bytes) -> str:
    """Asks first what costs little: a picture of a few kilobytes may take hundreds of megabytes when it is unpacked."""
    if b"%PDF-" in content[:1024]:
        raise Unfit(_("The file is two things at once; send it as PDF, JPEG, PNG or WebP."), allowed=_ALLOWED)
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_IMAGES)) as picture:
            kind = _IMAGES[picture.format or ""]
            _check_size(picture)
            picture.verify()
        if not _ends_where_it_should(kind, content):
            raise Unfit(_("The picture is followed by other data; save it again and send that."), allowed=_ALLOWED)
        with UNPACKING, Image.open(io.BytesIO(content), formats=tuple(_IMAGES)) as picture:
            picture.draft("RGB", (picture.width // 8 or 1, picture.height // 8 or 1))  # JPEG alone: an eighth to unpack
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (OSError, SyntaxError, ValueError, KeyError, EOFError, struct.error, zlib.error) as error:
        raise Unfit(
            _("The file cannot be read as PDF, JPEG, PNG or WebP, or it is damaged."), allowed=_ALLOWED
        ) from error
    return kind


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise _too_many_pixels()
    if getattr(picture, "n_frames", 1) > 1:
        raise Unfit(_("The picture moves; send a still one."), allowed=_ALLOWED)


def _too_many_pixels() -> Unfit:
    return Unfit(
        _("The picture has more than %(most)d million pixels; send a smaller one.")
        % {"most": MOST_PIXELS // 1_000_000},
        allowed=str(MOST_PIXELS),
    )


def _ends_where_it_should(kind: str, content: bytes) -> bool:
    """PNG and WebP say where they end; behind a JPEG cameras add previews, so only archives are refused there."""
    if kind == "image/png":
        return content[-12:-4] == b"\0\0\0\0IEND"
    if kind == "image/webp":
        return abs(int.from_bytes(content[4:8], "little") + 8 - len(content)) <= 1
    return True
