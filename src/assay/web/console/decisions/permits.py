"""Who may use the URLs of the console: decisions."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
