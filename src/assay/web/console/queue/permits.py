"""Who may use the URLs of the console: queue."""

from assay.web.permits import OVERSEERS, READERS, REVIEWERS, SENIORS, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "console:queue": Permit(READERS),
    "console:item": Permit(READERS),
    "console:item-picture": Permit(READERS),
    "console:item-picture-other": Permit(READERS),
    "console:queue-next": Permit(REVIEWERS, WRITE),
    "console:bulk": Permit(REVIEWERS, WRITE),
    "console:bulk-apply": Permit(REVIEWERS, WRITE),
    "console:view-save": Permit(REVIEWERS, WRITE),
    "console:view-share": Permit(REVIEWERS, WRITE),
    "console:view-delete": Permit(REVIEWERS, WRITE),
    "console:gold": Permit(OVERSEERS),
    "console:gold-add": Permit(SENIORS, WRITE),
    "console:gold-retire": Permit(SENIORS, WRITE),
    "console:item-take": Permit(REVIEWERS, WRITE),
    "console:item-keep": Permit(REVIEWERS, WRITE),
    "console:item-release": Permit(REVIEWERS, WRITE),
    "console:item-preview": Permit(REVIEWERS, WRITE),
    "console:item-answer": Permit(REVIEWERS, WRITE),
    "console:item-snooze": Permit(REVIEWERS, WRITE),
    "console:item-wake": Permit(REVIEWERS, WRITE),
}
