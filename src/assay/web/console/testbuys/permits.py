"""Who may use the URLs of the console: testbuys."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
