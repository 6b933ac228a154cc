"""Who may use the URLs of the console: appeals."""

from assay.web.permits import FORM, READERS, REVIEWERS, SENIORS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "console:appeals": Permit(READERS),
    "console:appeal": Permit(READERS),
    "console:appeal-claim": Permit(REVIEWERS, WRITE),
    "console:appeal-release": Permit(REVIEWERS, WRITE),
    "console:appeal-answer": Permit(REVIEWERS, WRITE),
    "console:documents": Permit(READERS),
    "console:case-document": Permit(READERS),
    "console:strike-policies": Permit(READERS),
    "console:strike-policy": Permit(READERS),
    "console:strike-draft": Permit(SENIORS, FORM),
    "console:strike-switch-on": Permit(SENIORS, WRITE),
}
