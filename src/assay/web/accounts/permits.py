"""Who may use the URLs of the accounts."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
