"""The clock of the demonstration: what its people did lies in the past days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Lets casework's services believe that it is some other moment, in this process, until the block ends.

    Only Django's `timezone.now` is moved. The audit log reads the computer's own clock, so it says when the
    demonstration was made: nothing can be entered there for a day that is past.
    """
    real = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = real
