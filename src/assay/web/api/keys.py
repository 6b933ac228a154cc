"""Who calls: bearer tokens, their scope for this URL, and how often they may."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from dataclasses import dataclass, field

from django.http import HttpRequest
from ninja.security import HttpBearer

from assay.casework.access import Refused
from assay.casework.models import ApiToken
from assay.casework.services.tokens import the_token
from assay.web.permits import permits

# Calls a minute and token. Ratings come with every new listing of a marketplace, the rest with people and batch jobs:
# 100 ratings a second is the rate this is built and measured for, with room for twice that.
PER_MINUTE = {"ratings:write": 12_000}
PER_MINUTE_OTHERWISE = 1_200
_BURST_SECONDS = 10.0
_MOST_KNOWN = 10_000


class TooMany(Exception):
    """The token called too often."""

    def __init__(self, per_minute: int, seconds: int) -> None:
        super().__init__(f"more than {per_minute} calls a minute")
        self.per_minute, self.seconds = per_minute, seconds


class ApiRequest(HttpRequest):
    """A request whose token was accepted."""

    auth: ApiToken


class Bearer(HttpBearer):
    """Accepts a token that is valid, in scope for the URL, of a person whose role may use it."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token, or None for 401. Refused for a wrong scope or role, TooMany beyond the limit."""
        found = KNOWN.find(token)
        if found is None:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        permit = permits().get(name)
        if permit is None or found.person.role not in permit.roles:
            raise Refused(
                f"{found.person.email} ({found.person.role}) may not use {request.method} {request.path}.",
                where={"url": name},
                value=found.person.role,
                allowed=", ".join(sorted(permit.roles)) if permit else None,
            )
        if permit.scope not in found.scopes:
            raise Refused(
                f"The token {found.name!r} lacks the scope {permit.scope} that {request.path} needs.",
                where={"url": name},
                value=", ".join(found.scopes),
                allowed=permit.scope,
            )
        BUCKETS.take(f"{found.pk}:{permit.scope}", PER_MINUTE.get(permit.scope, PER_MINUTE_OTHERWISE))
        return found


@dataclass(slots=True)
class Known:
    """Tokens that were found valid within the last second: a hundred ratings a second ask once.

    A token that was revoked, or whose person left, is so refused a second later at the latest.
    """

    seconds: float = 1.0
    tokens: dict[bytes, tuple[float, ApiToken]] = field(default_factory=dict)

    def find(self, clear_text: str, now: float | None = None) -> ApiToken | None:
        """The valid token behind a clear text, or None; what is kept is a hash of the text."""
        at = time.monotonic() if now is None else now
        key = hashlib.sha256(clear_text.encode("utf-8", "replace")).digest()
        kept = self.tokens.get(key)
        if kept is not None and at - kept[0] < self.seconds:
            return kept[1]
        found = the_token(clear_text)
        if len(self.tokens) >= _MOST_KNOWN:
            self.tokens.clear()
        if found is None:
            self.tokens.pop(key, None)
        else:
            self.tokens[key] = (at, found)
        return found


@dataclass(slots=True)
class Buckets:
    """Token buckets in the memory of the one process: they refill at the stated rate and hold ten seconds' worth."""

    levels: dict[str, tuple[float, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, per_minute: int, now: float | None = None) -> None:
        """Takes one call. TooMany, with the seconds to wait, when none is left."""
        at = time.monotonic() if now is None else now
        rate = per_minute / 60
        most = max(rate * _BURST_SECONDS, 1.0)
        with self.lock:
            level, since = self.levels.get(key, (most, at))
            level = min(most, level + (at - since) * rate)
            if level < 1:
                self.levels[key] = (level, at)
                raise TooMany(per_minute, math.ceil((1 - level) / rate))
            self.levels[key] = (level - 1, at)


BUCKETS = Buckets()
KNOWN = Known()
