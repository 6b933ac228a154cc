"""Keys that programs use the API with: shown once, kept as a hash, revocable at any time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import ApiToken, Person
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "token.made": _("made an API token"),
    "token.revoked": _("revoked an API token"),
}

# What a token may be allowed; the role of its person limits it further. `web/api` asks for one per URL.
SCOPES: dict[str, object] = {
    "ratings:write": _("rate listings as they are created"),
    "cases:read": _("read items, decisions, statements, appeals"),
    "cases:write": _("decide and undo in the person's name"),
    "effects:read": _("read the effects that leave the house"),
}
MOST_DAYS = 400  # a year and some slack: a key that nobody renews should end
_PREFIX_BYTES, _SECRET_BYTES = 4, 32
# Writing the last use at every call would be the costliest part of a rating.
_LAST_USE_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and the only sight of its clear text."""

    token: ApiToken
    clear_text: str


def make_token(
    actor: Actor, person: Person, *, name: str, scopes: list[str], days: int = 365, now: datetime | None = None
) -> NewToken:
    """Makes a key in a person's name. CallerError for an unknown scope, no scope, or a term beyond `MOST_DAYS`."""
    if actor.person is not None:
        need(actor.person, "token.make", person)
    _check(name, scopes, days)
    at = now or timezone.now()
    prefix, secret = secrets.token_hex(_PREFIX_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    with transaction.atomic():
        token = ApiToken.objects.create(
            person=person,
            name=name.strip(),
            prefix=prefix,
            secret_sha256=_hash(secret),
            scopes=sorted(scopes),
            created_at=at,
            expires_at=at + timedelta(days=days),
        )
        record(actor, "token.made", token, after={"person": person.pk, "name": token.name, "scopes": token.scopes})
    return NewToken(token, f"assay_{prefix}_{secret}")


def revoke_token(actor: Actor, token: ApiToken, *, reason: str) -> None:
    """Ends a key at once; ending one that has ended changes nothing."""
    with transaction.atomic():
        row = ApiToken.objects.select_for_update(of=("self",), no_key=True).select_related("person").get(pk=token.pk)
        if actor.person is not None:
            need(actor.person, "token.make", row.person)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            record(actor, "token.revoked", row, after={"name": row.name}, reason=reason)


def revoke_all(person: Person, at: datetime) -> dict[str, list[str]]:
    """Ends every key in a person's name, in the caller's transaction; gives what the event is to say of it."""
    live = ApiToken.objects.filter(person=person, revoked_at=None)
    names = sorted(live.values_list("name", flat=True))
    live.update(revoked_at=at)
    return {"tokens_revoked": names} if names else {}


def the_token(clear_text: str, now: datetime | None = None) -> ApiToken | None:
    """The key behind a clear text, with its person; None when there is none, or it has ended."""
    parts = clear_text.split("_", 2)
    if len(parts) != 3 or parts[0] != "assay" or not parts[1].isalnum():
        return None
    at = now or timezone.now()
    token = ApiToken.objects.select_related("person__organisation").filter(prefix=parts[1]).first()
    if token is None or not hmac.compare_digest(token.secret_sha256, _hash(parts[2])):
        return None
    has_ended = token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= at)
    if has_ended or not token.person.is_active:
        return None
    if token.last_used_at is None or at - token.last_used_at > _LAST_USE_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def _hash(secret: str) -> str:
    """SHA-256 is enough here: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, scopes: list[str], days: int) -> None:
    if not name.strip():
        raise CallerError(
            gettext("A token needs a name that says what uses it; none was given."), allowed="a few words"
        )
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        said = gettext("the scopes %(scopes)s do not exist") if unknown else gettext("no scope was given")
        raise CallerError(
            gettext("The token %(name)s cannot be made: %(fault)s; allowed are %(allowed)s.")
            % {"name": repr(name), "fault": said % {"scopes": ", ".join(unknown)}, "allowed": ", ".join(SCOPES)},
            value=", ".join(unknown) or None,
            allowed=", ".join(SCOPES),
        )
    if not 1 <= days <= MOST_DAYS:
        raise CallerError(
            gettext("The token %(name)s cannot last %(days)d days; allowed are 1 to %(most)d.")
            % {"name": repr(name), "days": days, "most": MOST_DAYS},
            value=days,
            allowed=f"1 to {MOST_DAYS}",
        )
