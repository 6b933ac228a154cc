"""Checkpoints: the size and root of the log at one time, signed, small enough to be kept by somebody else.

The text is a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a C2SP signed note (https://c2sp.org/signed-note)
with an Ed25519 signature (RFC 8032) over the text itself, so other tools can check it:

    <log id>
    <size>
    <base64 of the root>
    time <UTC with microseconds>
    <empty line>
    — <log id> <base64 of four bytes key id and the signature>

The time is an extension line. The format advises against those, because monitors cannot check what stands there; here
it can be checked in part: no event after the checkpoint may be earlier than it, none before it later.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assay.casework.audit.events import read_time, time_text
from assay.casework.audit.tree import HASH_BYTES
from assay.market.errors import CallerError, OutsideError
from assay.measurement.sealing import public_key_of

_ED25519 = b"\x01"  # The signature type of the signed-note specification.
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "— "
_MAX_SIGNATURES = 16  # Witnesses may add theirs; the specification asks for room for 16.


class DamagedCheckpoint(OutsideError):
    """A text is not a checkpoint, or not the one that was signed. Exit code 3."""


class ForeignCheckpoint(DamagedCheckpoint):
    """A checkpoint carries no signature of the expected key. Exit code 3."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the log's name, how many events it held, the root over them (32 bytes), and when (aware)."""

    log_id: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """The signed text: four lines, each ended."""
        root = base64.b64encode(self.root).decode()
        return f"{self.log_id}\n{self.size}\n{root}\ntime {time_text(self.at)}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key's name, its four bytes of id, the signature."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the signatures under it. Reading one proves nothing: `verify` does."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]


def sign(checkpoint: Checkpoint, private_key: bytes) -> str:
    """The checkpoint as a signed note. CallerError for a key (PEM) or a checkpoint that cannot be used.

    The same key may sign seals: those sign 32 bytes, and the text of a checkpoint is always longer.
    """
    _check(checkpoint)
    public = public_key_of(private_key)  # Refuses what is not an Ed25519 key.
    key = cast(Ed25519PrivateKey, load_pem_private_key(private_key, password=None))
    text = checkpoint.text()
    line = base64.b64encode(key_id(checkpoint.log_id, public) + key.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{checkpoint.log_id} {line}\n"


def read(text: str) -> SignedCheckpoint:
    """The checkpoint in a text, its signatures unchecked; DamagedCheckpoint when it is not one, to the byte."""
    body, blank, below = text.rpartition("\n\n")
    lines = body.split("\n")
    if not blank or not below.endswith("\n") or len(lines) != 4:
        raise _damaged("it must have four lines, an empty one, and signature lines", text)
    log_id, size, root, time = lines
    if not is_log_id(log_id):
        raise _damaged(f"its first line {log_id[:80]!r} is not a name without spaces and plus", text)
    if not _SIZE.fullmatch(size):
        raise _damaged(f"its size {size[:80]!r} is not a whole number", text)
    found = Checkpoint(log_id, int(size), _decoded(root, text), _time(time, text))
    if len(found.root) != HASH_BYTES:
        raise _damaged(f"its root has {len(found.root)} bytes in place of {HASH_BYTES}", text)
    signatures = below.removesuffix("\n").split("\n")
    if len(signatures) > _MAX_SIGNATURES:
        raise _damaged(f"it has {len(signatures)} signatures, allowed are {_MAX_SIGNATURES}", text)
    return SignedCheckpoint(found, tuple(_signature(line, text) for line in signatures))


def verify(text: str, public_key: str) -> SignedCheckpoint:
    """The checkpoint in a text that the key (hex) signed under the log's name; other signatures are not looked at.

    DamagedCheckpoint when the text was changed or is none, ForeignCheckpoint when only other keys signed it.
    """
    signed = read(text)
    log_id = signed.checkpoint.log_id
    wanted = key_id(log_id, public_key)
    own = [s for s in signed.signatures if s.name == log_id and s.key_id == wanted]
    if not own:
        found = ", ".join(f"{s.name[:80]} {s.key_id.hex()}" for s in signed.signatures)
        raise ForeignCheckpoint(
            f"The checkpoint of {signed.checkpoint.size} events is signed by {found}, not by the expected key "
            f"{log_id} {wanted.hex()}.",
            where={"size": signed.checkpoint.size},
            value=found,
            allowed=f"{log_id} {wanted.hex()}",
        )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    for signature in own:
        try:
            key.verify(signature.value, signed.checkpoint.text().encode())
        except InvalidSignature as error:
            raise _damaged(f"the signature of {log_id} {wanted.hex()} is not of this text", text) from error
    return signed


def key_id(name: str, public_key: str) -> bytes:
    """The four bytes by which a signed note names a key: SHA-256(name, newline, 0x01, public key), first four."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + bytes.fromhex(public_key)).digest()[:4]


def verifier_key(log_id: str, public_key: str) -> str:
    """The public key as other tools for signed notes take it: name+id+base64 of 0x01 and the key."""
    encoded = base64.b64encode(_ED25519 + bytes.fromhex(public_key)).decode()
    return f"{log_id}+{key_id(log_id, public_key).hex()}+{encoded}"


def is_log_id(name: str) -> bool:
    """Whether a name can stand in a signed note: not empty, printable, no space, no plus."""
    return name.isprintable() and "+" not in name and name.split() == [name]


def _check(checkpoint: Checkpoint) -> None:
    wrong: tuple[str, object, str] | None = None
    if not is_log_id(checkpoint.log_id):
        wrong = ("log_id", checkpoint.log_id, "a name without spaces and plus, such as example.com/audit")
    elif not 0 <= checkpoint.size < 10**19:
        wrong = ("size", checkpoint.size, "a whole number from 0")
    elif len(checkpoint.root) != HASH_BYTES:
        wrong = ("root", checkpoint.root, f"{HASH_BYTES} bytes")
    elif checkpoint.at.utcoffset() is None:
        wrong = ("at", checkpoint.at, "an aware time")
    if wrong is not None:
        place, value, allowed = wrong
        raise CallerError(
            f"The checkpoint cannot be signed: {place} is {value!r}; allowed is {allowed}.",
            where={"column": place},
            value=value,
            allowed=allowed,
        )


def _time(line: str, text: str) -> datetime:
    try:
        if not line.startswith("time "):
            raise ValueError("no time")
        return read_time(line.removeprefix("time "))
    except ValueError as error:
        raise _damaged(f"its fourth line {line[:80]!r} is not `time` and a time in UTC", text) from error


def _signature(line: str, text: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_log_id(name):
        raise _damaged(f"{line[:80]!r} is not a signature line", text)
    content = _decoded(encoded, text)
    if len(content) <= 4:
        raise _damaged(f"the signature of {name} is cut", text)
    return Signature(name, content[:4], content[4:])


def _decoded(encoded: str, text: str) -> bytes:
    """Base64 in its one writing; the loose bits at its end would otherwise be a place for unnoticed changes."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged(f"{encoded[:80]!r} is not base64", text) from error
    if base64.b64encode(content).decode() != encoded:
        raise _damaged(f"{encoded[:80]!r} is not base64 as it is written", text)
    return content


def _damaged(why: str, text: str) -> DamagedCheckpoint:
    first = text.partition("\n")[0][:80]
    return DamagedCheckpoint(f"The checkpoint that begins with {first!r} is damaged: {why}.", value=text)
