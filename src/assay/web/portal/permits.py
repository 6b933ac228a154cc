"""Who may use the URLs of the portal: merchants; which row is theirs is asked for each."""

from assay.web.permits import MERCHANTS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "portal:statements": Permit(MERCHANTS),
    "portal:statement": Permit(MERCHANTS),
    "portal:letter": Permit(MERCHANTS),
    "portal:upload": Permit(MERCHANTS, WRITE),
    "portal:lodge": Permit(MERCHANTS, WRITE),
    "portal:document": Permit(MERCHANTS),
    "portal:appeals": Permit(MERCHANTS),
    "portal:appeal": Permit(MERCHANTS),
    "portal:withdraw": Permit(MERCHANTS, WRITE),
    "portal:standing": Permit(MERCHANTS),
}
