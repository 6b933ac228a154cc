"""Who may use the URLs of the console: numbers."""

from assay.casework.models import Role
from assay.web.permits import EVERYONE, READERS, Permit

PERMITS: dict[str, Permit] = {
    "console:home": Permit(EVERYONE - {Role.MERCHANT}),
    "console:numbers": Permit(READERS),
}
