"""Secrets that the server must be able to read again, encrypted under the installation's own secret.

A copy of the database alone gives none of them away; who holds `django-secret.txt` as well can read them.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from assay.market.errors import OutsideError

# Keeps this use of the installation's secret apart from Django's own (RFC 5869, section 3.2).
_PURPOSE = b"assay endpoint secrets, version 1"


class LockedSecret(OutsideError):
    """A sealed secret was sealed under another installation's secret. Exit code 3."""


def seal_secret(clear: str) -> str:
    """A secret as it may lie in the database."""
    return _locks().encrypt(clear.encode()).decode()


def open_secret(sealed: str) -> str:
    """The clear secret; LockedSecret when the installation's secret is not the one it was sealed under."""
    try:
        return _locks().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise LockedSecret(
            "The secret of this endpoint was sealed under another installation's secret; put that django-secret.txt "
            "back, or replace the endpoint's secret.",
            allowed="the django-secret.txt of the installation that sealed it",
        ) from error


def _locks() -> MultiFernet:
    """The current secret seals; earlier ones, where settings name any, still open."""
    return MultiFernet([_lock(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _lock(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
