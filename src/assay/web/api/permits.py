"""Who may use the URLs of the api."""

from assay.web.permits import Permit

PERMITS: dict[str, Permit] = {}
