"""Personal values may arrive hashed: matching works on equality, so a hash is kept as it is."""

from __future__ import annotations

import re

# hexadecimal of at least 64 bits with a letter and a digit in it (MD5, SHA-1, SHA-256 …), with or without a prefix
_HASH = re.compile(r"(?=.*\d)(?=.*[a-f])(?:[a-z0-9]{1,8}[:_$-])?[0-9a-f]{16,128}", re.IGNORECASE)
_SHORT_HASH = re.compile(r"[a-z]{1,3}_[0-9a-f]{8,64}", re.IGNORECASE)


def is_hash(text: str) -> bool:
    """Whether the text is a hash in hexadecimal, with or without a short prefix.

    >>> is_hash("5d41402abc4b2a76b9719d911017c592"), is_hash("+33142685300")
    (True, False)
    """
    return bool(_HASH.fullmatch(text) or _SHORT_HASH.fullmatch(text))
