"""Who may use the URLs of the console: appeals."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
