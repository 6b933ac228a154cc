"""Whether a stored audit log is the one that was written: one pass, and a sentence for everything that does not fit.

What is noticed: events removed, changed, inserted, put in another order or cut off, times that go back, a head or a
checkpoint that does not fit the events, a checkpoint of another key.

What cannot be noticed from the database alone, and needs a checkpoint held by somebody else:

- Whoever has the *signing key* can rewrite the whole log, its head and all its checkpoints, and everything fits again.
  A checkpoint held outside shows any such change to the events it covers; no check shows one to later events.
- Whoever can write the database, *without the key*, can rewrite the events after the last signed checkpoint with their
  hashes and the head, or drop the last checkpoints together with the events after the ones left.
  `Report.n_unsealed` says how many events no checkpoint covers.
- That something happened and was never written, or that a clock was wrong when it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from assay.casework.audit.checkpoints import Checkpoint, ForeignCheckpoint, verify
from assay.casework.audit.events import FIRST_SEQ, EventRecord, read_event, time_text
from assay.casework.audit.tree import Frontier, leaf_hash
from assay.market.errors import AssayError, CallerError
from assay.measurement.sealing import fingerprint

_MAX_SHOWN = 100  # One early change makes every later root differ; more sentences tell nobody more.
_KEY = re.compile(r"[0-9a-f]{64}")
_HELD = "the checkpoint held outside"


class FaultKind(StrEnum):
    """What does not fit."""

    MISSING = "missing"
    ORDER = "order"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    BACK_DATED = "back-dated"
    TRUNCATED = "truncated"
    ROOT = "root"
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    KEY = "key"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit: a sentence, and its parts for programs. `seq` is None where it is no one event."""

    kind: FaultKind
    message: str
    seq: int | None
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of the log: its number, the event (its fields, or its canonical bytes) and its stored leaf hash."""

    seq: int
    content: EventRecord | bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the verifier knows beforehand: the log's name and the key (hex), or with it the fingerprint it must have."""

    log_id: str
    public_key: str
    key_fingerprint: str | None = None

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.public_key):
            raise CallerError(
                f"The public key of the log {self.log_id} is {self.public_key[:80]!r}; allowed are 64 digits of "
                "lower-case hex.",
                value=self.public_key,
                allowed="64 digits of lower-case hex",
            )


@dataclass(frozen=True, slots=True)
class Report:
    """What one pass found. `root` is the root over the events as they are stored, whatever was wrong with them."""

    faults: tuple[Fault, ...]
    n_faults: int
    n_events: int
    n_checkpoints: int
    n_unsealed: int
    held_size: int | None
    root: bytes

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.n_faults == 0


@dataclass(frozen=True, slots=True)
class _Mark:
    """A checkpoint whose signature holds, with the words that name it."""

    checkpoint: Checkpoint
    name: str


@dataclass(slots=True)
class _Pass:
    """Where the one pass over the events stands."""

    frontier: Frontier = field(default_factory=Frontier)
    expected_seq: int = FIRST_SEQ
    last_at: datetime | None = None
    sealed_at: datetime | None = None
    n_sealed: int = 0


def verify_log(
    records: Iterable[StoredEvent],
    *,
    head: Frontier | str,
    checkpoints: Iterable[str],
    trusted: Trusted,
    held: str | None = None,
) -> Report:
    """Reads a log once and says all that does not fit; never raises for what is stored in it.

    `records` come in the order of their numbers and are streamed: memory grows with the checkpoints (about 600 bytes
    each), not with the events. `head` is the stored frontier, or its JSON. `held` is one earlier checkpoint kept
    outside; the log must extend it. The first 100 faults are told, all are counted.
    """
    found: list[Fault] = []
    n_faults = 0
    state = _Pass()
    marks: dict[int, list[_Mark]] = {}
    for fault in _faults(records, _Stored(head, checkpoints, trusted, held), state, marks):
        n_faults += 1
        if len(found) < _MAX_SHOWN:
            found.append(fault)
    held_sizes = [m.checkpoint.size for group in marks.values() for m in group if m.name == _HELD]
    return Report(
        faults=tuple(found),
        n_faults=n_faults,
        n_events=state.frontier.size,
        n_checkpoints=sum(len(group) for group in marks.values()) - len(held_sizes),
        n_unsealed=state.frontier.size - state.n_sealed,
        held_size=held_sizes[0] if held_sizes else None,
        root=state.frontier.root,
    )


def first_fault(
    records: Iterable[StoredEvent],
    *,
    head: Frontier | str,
    checkpoints: Iterable[str],
    trusted: Trusted,
    held: str | None = None,
) -> Fault | None:
    """The first fault that `verify_log` would tell, without reading on; None for a sound log."""
    return next(_faults(records, _Stored(head, checkpoints, trusted, held), _Pass(), {}), None)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored beside the events, and what it is held against."""

    head: Frontier | str
    checkpoints: Iterable[str]
    trusted: Trusted
    held: str | None


def _faults(
    records: Iterable[StoredEvent], given: _Stored, state: _Pass, marks: dict[int, list[_Mark]]
) -> Iterator[Fault]:
    yield from _key_faults(given.trusted)
    for number, text in enumerate(given.checkpoints, start=1):
        yield from _mark_faults(text, f"stored checkpoint {number}", given.trusted, marks)
    if given.held is not None:
        yield from _mark_faults(given.held, _HELD, given.trusted, marks)
    yield from _root_faults(state, marks)
    for record in records:
        yield from _event_faults(record, state)
        if state.frontier.size in marks:
            yield from _root_faults(state, marks)
    yield from _end_faults(state, marks)
    yield from _head_faults(given.head, state.frontier)


def _key_faults(trusted: Trusted) -> Iterator[Fault]:
    wanted = trusted.key_fingerprint
    if wanted is not None and wanted != (got := fingerprint(trusted.public_key)):
        message = f"The log's key has the fingerprint {got}, expected was {wanted}."
        yield Fault(FaultKind.KEY, message, None, wanted, got)


def _mark_faults(text: str, name: str, trusted: Trusted, marks: dict[int, list[_Mark]]) -> Iterator[Fault]:
    """Keeps a checkpoint that the key signed; says what is wrong with any other."""
    try:
        checkpoint = verify(text, trusted.public_key).checkpoint
    except AssayError as error:
        kind = FaultKind.KEY if isinstance(error, ForeignCheckpoint) else FaultKind.CHECKPOINT
        message = f"{_capital(name)} does not count: {error.message}"
        yield Fault(kind, message, None, error.allowed or "a checkpoint as it was signed", text[:80])
        return
    if checkpoint.log_id != trusted.log_id:
        message = f"{_capital(name)} is of the log {checkpoint.log_id}, expected was {trusted.log_id}."
        yield Fault(FaultKind.CHECKPOINT, message, None, trusted.log_id, checkpoint.log_id)
        return
    marks.setdefault(checkpoint.size, []).append(_Mark(checkpoint, name))


def _event_faults(record: StoredEvent, state: _Pass) -> Iterator[Fault]:
    if record.seq != state.expected_seq:
        yield from _order_faults(record.seq, state.expected_seq)
    state.expected_seq = record.seq + 1
    try:
        if isinstance(record.content, EventRecord):
            event, content = record.content, record.content.canonical_bytes()
        else:
            event, content = read_event(record.content), record.content
    except AssayError as error:
        message = f"Event {record.seq} cannot be read as it was written: {error.message}"
        yield Fault(FaultKind.UNREADABLE, message, record.seq, "the event as it was written", str(error.value)[:80])
        state.frontier = state.frontier.append(record.leaf_hash)
        return
    leaf = leaf_hash(content)
    state.frontier = state.frontier.append(leaf)
    if event.seq != record.seq:
        message = f"Event {record.seq} holds an event with another number: expected {record.seq}, got {event.seq}."
        yield Fault(FaultKind.CHANGED, message, record.seq, str(record.seq), str(event.seq))
    if leaf != record.leaf_hash:
        got, expected = leaf.hex(), record.leaf_hash.hex()
        message = f"Event {record.seq} was changed: its stored hash is {expected}, what stands there now gives {got}."
        yield Fault(FaultKind.CHANGED, message, record.seq, expected, got)
    yield from _time_faults(event, record.seq, state)


def _order_faults(seq: int, expected: int) -> Iterator[Fault]:
    if seq > expected:
        gap = f"Event {expected} is" if seq == expected + 1 else f"Events {expected} to {seq - 1} are"
        message = f"{gap} missing: expected was event {expected}, got {seq}."
        yield Fault(FaultKind.MISSING, message, expected, str(expected), str(seq))
    elif seq < expected:
        message = f"Event {seq} stands out of order or twice: expected was event {expected}, got {seq}."
        yield Fault(FaultKind.ORDER, message, seq, str(expected), str(seq))


def _time_faults(event: EventRecord, seq: int, state: _Pass) -> Iterator[Fault]:
    """No time may go back, not by a microsecond: the log's writer never writes a time before the last one."""
    if state.sealed_at is not None and event.at < state.sealed_at:
        expected, got = time_text(state.sealed_at), time_text(event.at)
        message = (
            f"Event {seq} is back-dated: it comes after a checkpoint of {expected}, so expected is that time or a "
            f"later one, got {got}."
        )
        yield Fault(FaultKind.BACK_DATED, message, seq, expected, got)
    elif state.last_at is not None and event.at < state.last_at:
        expected, got = time_text(state.last_at), time_text(event.at)
        message = f"Event {seq} is earlier than the one before it: expected {expected} or later, got {got}."
        yield Fault(FaultKind.BACK_DATED, message, seq, expected, got)
    if state.last_at is None or event.at > state.last_at:
        state.last_at = event.at


def _root_faults(state: _Pass, marks: dict[int, list[_Mark]]) -> Iterator[Fault]:
    """Compares the events so far with the checkpoints of just as many."""
    size = state.frontier.size
    for mark in marks.get(size, ()):
        expected, got = mark.checkpoint.root, state.frontier.root
        at = time_text(mark.checkpoint.at)
        state.sealed_at = mark.checkpoint.at if state.sealed_at is None else max(state.sealed_at, mark.checkpoint.at)
        if expected != got:
            message = (
                f"The events up to {size} are not those of {mark.name}, signed at {at}: expected the root "
                f"{expected.hex()}, got {got.hex()}."
            )
            yield Fault(FaultKind.ROOT, message, size or None, expected.hex(), got.hex())
            continue
        state.n_sealed = size
        if state.last_at is not None and mark.checkpoint.at < state.last_at:
            last = time_text(state.last_at)
            message = (
                f"{_capital(mark.name)} covers event {size} of {last}, expected is that time or a later one, got {at}."
            )
            yield Fault(FaultKind.CHECKPOINT, message, size, last, at)


def _end_faults(state: _Pass, marks: dict[int, list[_Mark]]) -> Iterator[Fault]:
    size = state.frontier.size
    for wanted in sorted(marks):
        for mark in marks[wanted] if wanted > size else ():
            message = (
                f"The log was cut: {mark.name}, signed at {time_text(mark.checkpoint.at)}, covers {wanted} events, "
                f"got {size}."
            )
            yield Fault(FaultKind.TRUNCATED, message, size + 1, str(wanted), str(size))


def _head_faults(head: Frontier | str, found: Frontier) -> Iterator[Fault]:
    try:
        stored = head if isinstance(head, Frontier) else Frontier.from_json(head)
    except AssayError as error:
        yield Fault(FaultKind.HEAD, f"The head cannot be read: {error.message}", None, found.to_json(), str(head)[:80])
        return
    if stored.size != found.size:
        message = f"The head says {stored.size} events, got {found.size}."
        yield Fault(FaultKind.HEAD, message, min(stored.size, found.size) + 1, str(stored.size), str(found.size))
    elif stored != found:
        expected, got = stored.root.hex(), found.root.hex()
        message = f"The head does not fit the {found.size} events: its root is {expected}, theirs is {got}."
        yield Fault(FaultKind.HEAD, message, None, expected, got)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
