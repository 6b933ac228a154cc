"""Every test of a service also fails when the service locks a row after it has recorded an event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.casework.locking import late_locks


@pytest.fixture(autouse=True)
def locks_before_events(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was locked too late; a test that shows such a fault empties it."""
    with late_locks(monkeypatch) as found:
        yield found
    assert not found, "lock all rows before the first record(): " + "; ".join(found)
