"""Documents that people sent, given back: always as a download, never as a page of this site."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from assay.casework.models import Document

# Should a browser show it after all, it may run nothing and load nothing.
_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def attachment(document: Document, path: Path) -> HttpResponse:
    """The file under its clean name; the type is the one that its content has. At most 10 MB, so it is read at once."""
    response = HttpResponse(path.read_bytes(), content_type=document.media_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, document.filename) or "attachment"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
