"""Photographs as they are shown: turned upright, made small, and without what a camera writes beside the picture.

A phone writes where and when it took a picture. An examiner must not know the first and need not know the second.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

# Enough to read a hologram on a screen; a phone loads it in a second over a slow line.
MOST_PIXELS_A_SIDE = 1_600
_QUALITY = 85


def shown_bytes(path: Path) -> bytes:
    """A stored picture as a JPEG without metadata, at most `MOST_PIXELS_A_SIDE` wide and high."""
    with Image.open(path) as picture:
        picture.draft("RGB", (MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE))
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE))
        plain = Image.new("RGB", upright.size, "white")
        has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        coloured = upright.convert("RGBA") if has_alpha else upright.convert("RGB")
        plain.paste(coloured, mask=coloured.getchannel("A") if has_alpha else None)
    file = io.BytesIO()
    plain.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
