"""Who may use the URLs of the console: numbers."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
