"""Who may use the URLs of the accounts."""

from assay.web.permits import ADMINISTRATORS, EVERYONE, FORM, WRITE, Permit

PERMITS: dict[str, Permit] = {
    "home": Permit(EVERYONE),
    "accounts:sign-in": Permit(EVERYONE, FORM, is_anonymous=True),
    # The link itself says who it is for; nobody is signed in yet.
    "accounts:invitation": Permit(EVERYONE, FORM, is_anonymous=True),
    # Before the second factor: asking for it, enrolling it, leaving, and reading the page in one's own language.
    "accounts:sign-out": Permit(EVERYONE, WRITE, before_second_factor=True),
    "accounts:second-factor": Permit(EVERYONE, FORM, before_second_factor=True),
    "accounts:enrol": Permit(EVERYONE, FORM, before_second_factor=True),
    "accounts:language": Permit(EVERYONE, WRITE, before_second_factor=True),
    "accounts:me": Permit(EVERYONE),
    "accounts:password": Permit(EVERYONE, FORM),
    "accounts:recovery-codes": Permit(EVERYONE, FORM),
    "accounts:token-add": Permit(EVERYONE, FORM),
    "accounts:token-revoke": Permit(EVERYONE, WRITE),
    "accounts:people": Permit(ADMINISTRATORS),
    "accounts:person": Permit(ADMINISTRATORS, FORM),
    "accounts:person-add": Permit(ADMINISTRATORS, FORM),
    "accounts:person-invite": Permit(ADMINISTRATORS, WRITE),
    "accounts:person-deactivate": Permit(ADMINISTRATORS, WRITE),
    "accounts:person-reactivate": Permit(ADMINISTRATORS, WRITE),
    "accounts:person-reset-factor": Permit(ADMINISTRATORS, WRITE),
    "accounts:person-token-revoke": Permit(ADMINISTRATORS, WRITE),
    "accounts:organisations": Permit(ADMINISTRATORS),
    "accounts:organisation-add": Permit(ADMINISTRATORS, FORM),
    "accounts:organisation": Permit(ADMINISTRATORS, FORM),
    "accounts:organisation-close": Permit(ADMINISTRATORS, WRITE),
}
