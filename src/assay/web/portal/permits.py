"""Who may use the URLs of the portal."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
