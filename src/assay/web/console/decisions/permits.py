"""Who may use the URLs of the console: decisions."""

from assay.web.permits import READERS, REVIEWERS, SENIORS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "console:decisions": Permit(READERS),
    "console:decision": Permit(READERS),
    "console:batch": Permit(READERS),
    "console:batch-undo": Permit(REVIEWERS, WRITE),
    "console:decision-approve": Permit(SENIORS, WRITE),
    "console:decision-refuse": Permit(SENIORS, WRITE),
    "console:decision-undo": Permit(REVIEWERS, WRITE),
}
