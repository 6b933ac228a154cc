"""Who may use the URLs of the console: test buys. Merchants none of them."""

from assay.web.permits import ADMINISTRATORS, AUDITORS, BUYERS, EXAMINERS, READERS, SENIORS, WRITE, Permit

_RUNNERS = SENIORS | ADMINISTRATORS
_TASK_READERS = BUYERS | SENIORS | AUDITORS | ADMINISTRATORS

PERMITS: dict[str, Permit] = {
    # Buyers are led on to their tasks: the place in the navigation is the same for all.
    "console:programmes": Permit(READERS | ADMINISTRATORS | BUYERS),
    "console:programme": Permit(READERS | ADMINISTRATORS),
    "console:programme-refresh": Permit(_RUNNERS, WRITE),
    "console:programme-replace": Permit(SENIORS, WRITE),
    "console:programme-give-out": Permit(_RUNNERS, WRITE),
    "console:programme-close": Permit(_RUNNERS, WRITE),
    "console:tasks": Permit(_TASK_READERS),
    "console:task": Permit(_TASK_READERS),
    "console:task-take": Permit(BUYERS, WRITE),
    "console:task-assign": Permit(_RUNNERS, WRITE),
    "console:task-order": Permit(BUYERS, WRITE),
    "console:task-receive": Permit(BUYERS, WRITE),
    "console:task-photograph": Permit(BUYERS, WRITE),
    "console:task-seal": Permit(BUYERS, WRITE),
    "console:task-fail": Permit(BUYERS | SENIORS, WRITE),
    "console:task-send": Permit(BUYERS | _RUNNERS, WRITE),
    "console:task-lose": Permit(SENIORS, WRITE),
    "console:task-examine": Permit(_RUNNERS, WRITE),
    "console:task-picture": Permit(_TASK_READERS),
    "console:examinations": Permit(EXAMINERS | SENIORS | AUDITORS | ADMINISTRATORS),
    # The page of one examination is the examiner's; everybody else is led on to the task.
    "console:examination": Permit(EXAMINERS | SENIORS | AUDITORS | ADMINISTRATORS),
    "console:examination-take": Permit(EXAMINERS, WRITE),
    "console:examination-arrive": Permit(EXAMINERS, WRITE),
    "console:examination-send": Permit(EXAMINERS, WRITE),
    "console:examination-finish": Permit(EXAMINERS, WRITE),
    "console:examination-decline": Permit(EXAMINERS, WRITE),
    "console:examination-picture": Permit(EXAMINERS),
}
