"""Pictures as they are shown: turned upright, made small, and without what a camera writes beside the picture.

A phone writes where and when it took a picture. An examiner must not know the first and need not know the second.
"""

from __future__ import annotations

import io
from pathlib import Path

from django.utils.translation import gettext
from PIL import Image, ImageOps

from assay.casework.uploads import MOST_PIXELS, UNPACKING, Unfit

# Enough to read a hologram on a screen; a phone loads it in a second over a slow line.
MOST_PIXELS_A_SIDE = 1_600
_QUALITY = 85
_KINDS = ("JPEG", "PNG", "WEBP", "GIF")


def shown_bytes(stored: Path | io.BytesIO) -> bytes:
    """A stored picture as a JPEG without metadata, at most `MOST_PIXELS_A_SIDE` wide and high.

    Unfit for what has more than `MOST_PIXELS`; OSError for what is no picture of a usual kind.
    """
    with Image.open(stored, formats=_KINDS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            said = gettext("The picture has more than %(most)s pixels.") % {"most": f"{MOST_PIXELS:,}"}
            raise Unfit(said, value=picture.size)
        with UNPACKING:
            plain = _upright(picture)
    file = io.BytesIO()
    plain.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _upright(picture: Image.Image) -> Image.Image:
    picture.draft("RGB", (MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE))
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE))
    plain = Image.new("RGB", upright.size, "white")
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    coloured = upright.convert("RGBA") if has_alpha else upright.convert("RGB")
    plain.paste(coloured, mask=coloured.getchannel("A") if has_alpha else None)
    return plain
