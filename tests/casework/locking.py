"""Watches for rows that are locked after an event was recorded: two transactions that do so can block each other.

The head of the log is locked by every event until its transaction ends. Whoever holds it and then waits for a row of
somebody who waits for the head is ended by PostgreSQL. SQLite has no locks of rows, so the watch looks at what the code
asks for and not at what the database does: it finds the pattern on both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db.models.query import QuerySet
from django.db.models.signals import post_save
from django.db.transaction import Atomic

from assay.casework.models import AuditCheckpoint, AuditEvent, AuditHead
from assay.casework.services import recording

_OF_THE_LOG = (AuditHead, AuditEvent, AuditCheckpoint)
Row = tuple[type, Any]


@dataclass(slots=True)
class _Watch:
    """One thread's transaction: rows it has locked or made, whether it has recorded, and what it locked too late."""

    found: list[str]
    depth: int = 0
    has_recorded: bool = False
    held: set[Row] = field(default_factory=set)

    def begin(self) -> None:
        if self.depth == 0:
            self.held, self.has_recorded = set(), False  # what was made or locked outside of it is held no more
        self.depth += 1

    def end(self) -> None:
        self.depth -= 1

    def locks(self, rows: list[Row], how: str) -> None:
        """Rows of which some are locked or written now."""
        late = [row for row in rows if row not in self.held and not issubclass(row[0], _OF_THE_LOG)]
        if self.has_recorded and late and self.depth:
            names = ", ".join(f"{model.__name__} {pk}" for model, pk in late[:3])
            self.found.append(f"{names} {how} after an event was recorded")
        self.held |= set(rows)


@contextmanager
def late_locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is locked or changed after a record, as sentences; what the transaction holds already is no fault."""
    found: list[str] = []
    local = threading.local()

    def mine() -> _Watch:
        if not hasattr(local, "watch"):
            local.watch = _Watch(found)
        watch: _Watch = local.watch
        return watch

    def saved(sender: type, instance: Any, created: bool, **_: Any) -> None:
        if created:
            mine().held.add((sender, instance.pk))
        else:
            mine().locks([(sender, instance.pk)], "changed")

    _watch_transactions(monkeypatch, mine)
    _watch_queries(monkeypatch, mine)
    post_save.connect(saved, weak=False, dispatch_uid="late-locks")
    try:
        yield found
    finally:
        post_save.disconnect(dispatch_uid="late-locks")


def _watch_transactions(monkeypatch: pytest.MonkeyPatch, mine: Callable[[], _Watch]) -> None:
    """Begins and ends with the outermost block that is not the test's own; says when the head is locked."""
    enter, leave, head = Atomic.__enter__, Atomic.__exit__, recording._locked_head

    def entered(self: Atomic) -> None:
        enter(self)
        if not getattr(self, "_from_testcase", False):
            mine().begin()

    def left(self: Atomic, *error: Any) -> None:
        try:
            leave(self, *error)
        finally:
            if not getattr(self, "_from_testcase", False):
                mine().end()

    def locked_head() -> AuditHead:
        mine().has_recorded = True
        return head()

    monkeypatch.setattr(Atomic, "__enter__", entered)
    monkeypatch.setattr(Atomic, "__exit__", left)
    monkeypatch.setattr(recording, "_locked_head", locked_head)


def _watch_queries(monkeypatch: pytest.MonkeyPatch, mine: Callable[[], _Watch]) -> None:
    """Says which rows a query locks, and which an update changes."""
    fetch, update = QuerySet._fetch_all, QuerySet.update

    def fetched(self: QuerySet[Any]) -> None:
        is_new = self._result_cache is None
        fetch(self)
        if is_new and self.query.select_for_update:
            mine().locks([(type(row), row.pk) for row in self._result_cache or () if hasattr(row, "pk")], "locked")

    def updated(self: QuerySet[Any], **values: Any) -> int:
        watch = mine()
        if watch.has_recorded and watch.depth:
            watch.locks([(self.model, pk) for pk in self.values_list("pk", flat=True)], "changed")
        return update(self, **values)

    monkeypatch.setattr(QuerySet, "_fetch_all", fetched)
    monkeypatch.setattr(QuerySet, "update", updated)
