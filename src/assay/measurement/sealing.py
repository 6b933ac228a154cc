"""Seals: canonical JSON, its SHA-256, and an Ed25519 signature over it (RFC 8032), so that any later change shows.

A seal proves that the holder of a key stood behind these bytes. Who that is, and that it was before the draw, is shown
by what lies elsewhere: the key's fingerprint published in advance, the plan's hash given to somebody else in time.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from assay.market.errors import CallerError, OutsideError

_ALGORITHM = "Ed25519 over SHA-256"
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class BrokenSeal(OutsideError):
    """Content, signature and key do not belong together: something was changed after sealing. Exit code 3."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What stands beside sealed bytes: their SHA-256, the signature of that digest, the public key; lower-case hex."""

    sha256: str
    signature: str
    public_key: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw public key: what an outsider compares with the one published in advance."""
        return fingerprint(self.public_key)


def fingerprint(public_key: str) -> str:
    """SHA-256 of the raw bytes of a public key given in hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def canonical_json(content: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    """The one way to write content: UTF-8, sorted keys, two spaces, shortest floats, one line end at the end.

    >>> canonical_json({"b": 1, "a": [0.5, None]})
    b'{\\n  "a": [\\n    0.5,\\n    null\\n  ],\\n  "b": 1\\n}\\n'
    """
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_canonical(content: bytes, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The content of canonical JSON; BrokenSeal when it is not JSON or was written in another way."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BrokenSeal(f"{name} cannot be read as JSON ({error}).", where={"file": name}) from error
    if canonical_json(found) != content:
        raise BrokenSeal(f"{name} was written again since it was sealed: it is not canonical JSON.", {"file": name})
    return found


def new_key() -> bytes:
    """A new private key as PEM text, for a file that nobody else may read."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def seal(content: bytes, private_key: bytes) -> Seal:
    """Seals bytes with a private key (PEM). CallerError when the key is none.

    >>> key = new_key()
    >>> check_seal(b"plan", seal(b"plan", key), "plan.json")
    """
    key = _private(private_key)
    digest = hashlib.sha256(content).digest()
    public = key.public_key().public_bytes_raw().hex()
    return Seal(digest.hex(), key.sign(digest).hex(), public)


def check_seal(content: bytes, found: Seal, name: str, *, key_fingerprint: str | None = None) -> None:
    """Raises BrokenSeal unless the seal is of this content, and of the key with that fingerprint where one is given."""
    digest = hashlib.sha256(content).digest()
    if digest.hex() != found.sha256:
        raise BrokenSeal(
            f"{name} was changed after it was sealed: its SHA-256 is {digest.hex()}, the seal says {found.sha256}.",
            where={"file": name},
            value=digest.hex(),
            allowed=found.sha256,
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(found.public_key)).verify(
            bytes.fromhex(found.signature), digest
        )
    except (InvalidSignature, ValueError) as error:
        raise BrokenSeal(
            f"The seal of {name} does not hold: its signature was not made with the key it names.", {"file": name}
        ) from error
    if key_fingerprint is not None and key_fingerprint != found.fingerprint:
        raise BrokenSeal(
            f"{name} was sealed with the key {found.fingerprint}, not with the expected {key_fingerprint}.",
            where={"file": name},
            value=found.fingerprint,
            allowed=key_fingerprint,
        )


def seal_bytes(found: Seal) -> bytes:
    """A seal as the content of a file."""
    plain = {"sha256": found.sha256, "signature": found.signature, "public_key": found.public_key}
    return canonical_json({"algorithm": _ALGORITHM, **plain})


def read_seal(content: bytes, name: str) -> Seal:
    """The seal in a file; BrokenSeal when it is not one, to the byte."""
    plain = read_canonical(content, name)
    wanted = {"algorithm": None, "sha256": _HASH, "signature": _SIGNATURE, "public_key": _HASH}
    if not isinstance(plain, dict) or set(plain) != set(wanted) or plain["algorithm"] != _ALGORITHM:
        raise BrokenSeal(f"{name} is not a seal: it must hold {', '.join(wanted)}.", where={"file": name})
    for part, pattern in wanted.items():
        if pattern is not None and not (isinstance(plain[part], str) and pattern.fullmatch(plain[part])):
            raise BrokenSeal(f"{name} is not a seal: its {part} is damaged.", where={"file": name, "column": part})
    return Seal(plain["sha256"], plain["signature"], plain["public_key"])


def public_key_of(private_key: bytes) -> str:
    """The public key (hex) of a private key (PEM)."""
    return _private(private_key).public_key().public_bytes_raw().hex()


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise CallerError(f"The signing key cannot be read ({error}); name another key file with --key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CallerError("The signing key is not an Ed25519 key; name another key file with --key.", allowed="Ed25519")
    return key
