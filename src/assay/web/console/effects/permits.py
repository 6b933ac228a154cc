"""Who may use the URLs of the console: effects, endpoints, the worker, and the health page."""

from assay.web.permits import ADMINISTRATORS, AUDITORS, EVERYONE, WRITE, Permit

# Administrators keep the way out open; auditors look whether what was decided was told.
_READERS = ADMINISTRATORS | AUDITORS

PERMITS: dict[str, Permit] = {
    # Load balancers have no account; the page says no more than that the server is there.
    "health": Permit(EVERYONE, is_anonymous=True),
    "console:endpoints": Permit(_READERS),
    "console:endpoint": Permit(_READERS),
    "console:endpoint-add": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-pause": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-resume": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-retire": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-secret": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-move": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-send-on": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-trial": Permit(ADMINISTRATORS, WRITE),
    "console:endpoint-retry": Permit(ADMINISTRATORS, WRITE),
    "console:effects": Permit(_READERS),
    "console:effect": Permit(_READERS),
    "console:effect-retry": Permit(ADMINISTRATORS, WRITE),
    "console:effect-waive": Permit(ADMINISTRATORS, WRITE),
    "console:jobs": Permit(_READERS),
}
