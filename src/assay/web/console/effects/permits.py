"""Who may use the URLs of the console: effects."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
