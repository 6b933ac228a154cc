"""Who may use the URLs of the console: audit."""

from assay.casework.models import Role
from assay.web.permits import WRITE, Permit

_READ_LOG = frozenset({Role.AUDITOR, Role.SENIOR, Role.ADMINISTRATOR})
_KEEP_HOLDS = frozenset({Role.SENIOR, Role.ADMINISTRATOR})

PERMITS: dict[str, Permit] = {
    "console:audit": Permit(_READ_LOG),
    "console:audit-subject": Permit(_READ_LOG),
    "console:audit-checkpoint": Permit(_READ_LOG),
    # A reader's own trace: getting the file is recorded, so a HEAD that gets none is not answered.
    "console:audit-export": Permit(_READ_LOG, ("GET",)),
    "console:holds": Permit(_READ_LOG),
    "console:hold-place": Permit(_KEEP_HOLDS, WRITE),
    "console:hold-lift": Permit(_KEEP_HOLDS, WRITE),
}
