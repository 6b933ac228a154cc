"""Who may use the URLs of the accounts."""

from assay.web.permits import EVERYONE, FORM, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "home": Permit(EVERYONE),
    "accounts:sign-in": Permit(EVERYONE, FORM, is_anonymous=True),
    # Before the second factor: asking for it, enrolling it, leaving, and reading the page in one's own language.
    "accounts:sign-out": Permit(EVERYONE, WRITE, before_second_factor=True),
    "accounts:second-factor": Permit(EVERYONE, FORM, before_second_factor=True),
    "accounts:enrol": Permit(EVERYONE, FORM, before_second_factor=True),
    "accounts:language": Permit(EVERYONE, WRITE, before_second_factor=True),
    "accounts:me": Permit(EVERYONE),
}
