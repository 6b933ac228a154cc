"""Who may use the URLs of the API. Roles are those of the token's person; every URL needs one scope."""

from assay.casework.models import Role
from assay.web.permits import Permit

# Analysts judge some items without knowing what others made of them; lists of all items and decisions would tell them.
_READERS = frozenset({Role.SENIOR, Role.AUDITOR})
_DECIDERS = frozenset({Role.SENIOR})
_PROGRAMS = frozenset({Role.SENIOR, Role.ADMINISTRATOR})
_CARRIERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_GET, _POST = ("GET",), ("POST",)

PERMITS: dict[str, Permit] = {
    "openapi": Permit(frozenset(Role.values), _GET, is_anonymous=True),
    "api:api-root": Permit(frozenset(Role.values), _GET, is_anonymous=True),
    "api:ratings": Permit(_PROGRAMS, _POST, scope="ratings:write"),
    "api:items": Permit(_READERS, _GET, scope="cases:read"),
    "api:item": Permit(_READERS, _GET, scope="cases:read"),
    "api:decide": Permit(_DECIDERS, _POST, scope="cases:write"),
    "api:decisions": Permit(_READERS, _GET, scope="cases:read"),
    "api:decision": Permit(_READERS, _GET, scope="cases:read"),
    "api:approve": Permit(_DECIDERS, _POST, scope="cases:write"),
    "api:refuse": Permit(_DECIDERS, _POST, scope="cases:write"),
    "api:undo": Permit(_DECIDERS, _POST, scope="cases:write"),
    "api:statement": Permit(_READERS, _GET, scope="cases:read"),
    "api:listing": Permit(_READERS, _GET, scope="cases:read"),
    "api:merchant": Permit(_READERS, _GET, scope="cases:read"),
    "api:appeals": Permit(_READERS, _GET, scope="cases:read"),
    "api:effects": Permit(_CARRIERS, _GET, scope="effects:read"),
}
