"""Pictures of an item's finding, made small: one at a time, from the files that lie with the market."""

from __future__ import annotations

import io

from django.http import HttpRequest, HttpResponse
from PIL import Image

from assay.casework.access import NotThere
from assay.casework.queries.item import the_item
from assay.casework.queries.pictures import picture_bytes
from assay.casework.uploads import Unfit
from assay.web.console.asking import person_of
from assay.web.pictures import shown_bytes

# A finding is frozen, so its picture is the same for as long as somebody works on the item; shared caches keep nothing.
_HEADERS = {
    "Content-Disposition": 'inline; filename="picture.jpg"',
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}
_NO_PICTURE = (
    *(Unfit, OSError, SyntaxError, ValueError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def picture(request: HttpRequest, pk: int, finding: int, place: int, *, of_other: bool = False) -> HttpResponse:
    """A picture of the item, or with `of_other` the one of another listing that it resembles."""
    stored = picture_bytes(the_item(person_of(request), pk), finding, place, of_other=of_other)
    return HttpResponse(_small(stored, place), content_type="image/jpeg", headers=_HEADERS)


def _small(stored: bytes, place: int) -> bytes:
    try:
        return shown_bytes(io.BytesIO(stored))
    except _NO_PICTURE as error:
        raise NotThere(f"The file of picture {place} is no picture that can be shown.", value=place) from error
