"""What a case is called by, on letters and over the telephone."""

from __future__ import annotations

import secrets

from assay.casework.models import Decision

# Without letters and digits that are read for one another; 9 of 30 are 10^13 references, so they cannot be guessed.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 9


def new_reference() -> str:
    """A reference that no decision has, such as D-7KQ2M9XPA; it tells no number of cases."""
    while True:
        reference = "D-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        if not Decision.objects.filter(reference=reference).exists():
            return reference
