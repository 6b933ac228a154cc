"""Who may use the URLs of the console: audit."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
