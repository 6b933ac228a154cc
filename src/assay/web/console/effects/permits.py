"""Who may use the URLs of the console: effects, endpoints, the worker, and the health page."""

from assay.web.permits import EVERYONE, Permit

PERMITS: dict[str, Permit] = {
    # Load balancers have no account; the page says no more than that the server is there.
    "health": Permit(EVERYONE, is_anonymous=True),
}
