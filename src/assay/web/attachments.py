"""Documents that people sent, given back: always as a download, never as a page of this site."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse

from assay.casework.models import Document

# Should a browser show it after all, it may run nothing and load nothing.
_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def attachment(document: Document, path: Path) -> FileResponse:
    """The file under its clean name; the type is the one that its content has."""
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=document.filename, content_type=document.media_type
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
