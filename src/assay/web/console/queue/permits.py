"""Who may use the URLs of the console: queue."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
