"""Who may use the URLs of the console: decisions."""

from assay.web.permits import OVERSEERS, READERS, REVIEWERS, SENIORS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "console:decisions": Permit(READERS),
    "console:decision": Permit(READERS),
    # Blind answers say something about colleagues: seniors act on it, auditors check that they do.
    "console:disagreements": Permit(OVERSEERS),
    "console:disagreement-settle": Permit(SENIORS, WRITE),
    "console:automation": Permit(OVERSEERS),
    "console:automation-set": Permit(SENIORS, WRITE),
    "console:batch": Permit(READERS),
    "console:batch-undo": Permit(REVIEWERS, WRITE),
    "console:decision-approve": Permit(SENIORS, WRITE),
    "console:decision-refuse": Permit(SENIORS, WRITE),
    "console:decision-undo": Permit(REVIEWERS, WRITE),
}
