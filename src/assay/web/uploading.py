"""Stops keeping an upload that is larger than any document may be, while it still arrives."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler

from assay.casework.uploads import MOST_BYTES


class NoLargerThanADocument(FileUploadHandler):
    """Hands the first bytes of a file on, one more than is allowed, and drops the rest.

    What is left is too large for `casework.uploads`, which says so in words; it never fills memory or disk.
    """

    n_bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Begins to count."""
        super().new_file(*args, **kwargs)
        self.n_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """The part of a chunk that is still wanted; None for nothing."""
        wanted = raw_data[: max(MOST_BYTES + 1 - self.n_bytes, 0)]
        self.n_bytes += len(raw_data)
        return wanted or None

    def file_complete(self, file_size: int) -> None:
        """The handlers behind this one keep the file."""
