"""Who may use the URLs of the console: decisions."""

from assay.web.permits import FORM, READERS, REVIEWERS, SENIORS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "console:decisions": Permit(READERS),
    "console:decision": Permit(READERS),
    "console:disagreements": Permit(SENIORS),
    "console:disagreement-settle": Permit(SENIORS, WRITE),
    "console:automation": Permit(SENIORS, FORM),
    "console:batch": Permit(READERS),
    "console:batch-undo": Permit(REVIEWERS, WRITE),
    "console:decision-approve": Permit(SENIORS, WRITE),
    "console:decision-refuse": Permit(SENIORS, WRITE),
    "console:decision-undo": Permit(REVIEWERS, WRITE),
}
