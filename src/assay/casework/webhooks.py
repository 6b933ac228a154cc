"""How an effect looks on its way out: one JSON body, signed as Standard Webhooks (standardwebhooks.com) lay down.

webhook-id: the effect's key, the same at every attempt
webhook-timestamp: seconds since 1970 of this attempt
webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">, one per valid secret, with spaces between
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable

from assay.casework.models import Effect

PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification allows 24 to 64


def new_secret() -> str:
    """A secret as both sides keep it: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def body_of(effect: Effect) -> bytes:
    """The body of an effect: compact JSON with sorted keys, the same bytes at every attempt.

    `sequence` grows from one effect of a subject to the next; `data` is what the kind says.
    """
    content = {
        "id": str(effect.key),
        "type": effect.kind,
        "timestamp": effect.created_at.isoformat(),
        "subject": effect.subject,
        "sequence": effect.pk,
        "data": effect.payload,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_headers(valid_secrets: Iterable[str], key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers that prove where a body came from, when, and that it is whole."""
    signatures = " ".join(signature(secret, key, timestamp, body) for secret in valid_secrets)
    return {"webhook-id": key, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def signature(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """One signature, with its version in front."""
    plain = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.new(plain, f"{key}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()
