"""Where effects go: adding, pausing, trying and retiring an endpoint, and replacing its secret."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import Effect, EffectState, Endpoint, Item, Organisation, SubjectType
from assay.casework.moves import WrongState, make_move
from assay.casework.outgoing import check_url
from assay.casework.sealed_secrets import open_secret, seal_secret
from assay.casework.services.effects import UNFINISHED, emit_to, needed_reason
from assay.casework.services.recording import WORKER, Actor, Happening, record, record_all
from assay.casework.webhooks import new_secret
from assay.market.errors import CallerError

EVENTS = {
    "endpoint.added": _("added an endpoint"),
    "endpoint.moved": _("changed the address of an endpoint"),
    "effect.sent_on": _("sent an effect that nobody had heard to an endpoint"),
    "endpoint.paused": _("paused an endpoint"),
    "endpoint.resumed": _("resumed an endpoint"),
    "endpoint.retired": _("retired an endpoint"),
    "endpoint.secret_replaced": _("replaced the secret of an endpoint"),
    "endpoint.tried": _("sent a trial message to an endpoint"),
}

# Receivers change over within a day; longer keeps a secret alive that may have leaked.
BOTH_SECRETS_FOR = timedelta(days=1)
TRIAL = "endpoint.trial"
_BATCH = 500
# One click holds the items of as many subjects for a second or two; the next click takes what is left.
MOST_SENT_ON = 2_000


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and the only sight of its secret in clear."""

    endpoint: Endpoint
    secret: str


def add_endpoint(actor: Actor, *, url: str) -> NewSecret:
    """Adds an endpoint to the actor's marketplace. CallerError for a URL that may not be used or is there already."""
    person = actor.person
    if person is None:
        raise CallerError("An endpoint belongs to a person's organisation; a system cannot add one.")
    need(person, "endpoint.keep")
    check_url(url, allow_private=settings.ALLOW_PRIVATE_ENDPOINTS)
    secret = new_secret()
    with transaction.atomic():
        _need_free(person.organisation, url)
        endpoint = Endpoint.objects.create(
            organisation=person.organisation, url=url, sealed_secret=seal_secret(secret), created_at=timezone.now()
        )
        record(actor, "endpoint.added", endpoint, after={"url": url})
    return NewSecret(endpoint, secret)


def change_address(actor: Actor, endpoint: Endpoint, *, url: str, reason: str, renews_secret: bool) -> NewSecret | None:
    """Moves an endpoint: all that waits goes to the new address, in order and under the same keys.

    The secret is kept, or replaced as by `replace_secret` and given back. What is being sent at this moment may still
    reach the old address. CallerError as for a new endpoint, also where the address is the same.
    """
    said, secret = needed_reason(reason), new_secret() if renews_secret else ""
    check_url(url, allow_private=settings.ALLOW_PRIVATE_ENDPOINTS)
    with transaction.atomic():
        row = _locked(actor, endpoint)
        _need_free(row.organisation, url)
        before, row.url = row.url, url
        # Whoever answers there has not failed yet.
        row.n_failed_in_row, row.resting_until = 0, None
        if secret:
            _renew(row, secret)
        row.save()
        after = {"url": url, "secret_replaced": renews_secret}
        record(actor, "endpoint.moved", row, before={"url": before}, after=after, reason=said)
    return NewSecret(row, secret) if secret else None


def _need_free(organisation: Organisation, url: str) -> None:
    if Endpoint.objects.filter(organisation=organisation, url=url, is_active=True).exists():
        raise CallerError(
            gettext("There is an endpoint for %(url)s already; retire it first or choose another address.")
            % {"url": url},
            where={"field": "url"},
            value=url,
            allowed="an address without an endpoint",
        )


def _renew(row: Endpoint, secret: str) -> None:
    row.sealed_old_secret, row.old_secret_until = row.sealed_secret, timezone.now() + BOTH_SECRETS_FOR
    row.sealed_secret = seal_secret(secret)


def secret_mark(endpoint: Endpoint) -> str:
    """A short name of the secret in force that tells nothing of it: a form that replaces the secret carries it."""
    return hashlib.sha256(endpoint.sealed_secret.encode()).hexdigest()[:16]


def replace_secret(actor: Actor, endpoint: Endpoint, *, mark: str) -> NewSecret:
    """Gives a new secret; the old one signs beside it for a day. WrongState when `mark` is not of the one in force."""
    secret = new_secret()
    with transaction.atomic():
        row = _locked(actor, endpoint)
        if mark != secret_mark(row):
            raise WrongState(
                gettext("The secret was replaced since this page was loaded; load it again to replace it once more."),
                where={"endpoint": row.pk},
            )
        _renew(row, secret)
        row.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
        old_until = row.old_secret_until.isoformat() if row.old_secret_until else None
        record(actor, "endpoint.secret_replaced", row, after={"old_until": old_until})
    return NewSecret(row, secret)


def valid_secrets(endpoint: Endpoint, now: datetime) -> list[str]:
    """The secrets that sign now, newest first. LockedSecret when they cannot be opened."""
    found = [open_secret(endpoint.sealed_secret)]
    if endpoint.sealed_old_secret and endpoint.old_secret_until and now < endpoint.old_secret_until:
        found.append(open_secret(endpoint.sealed_old_secret))
    return found


def pause(actor: Actor, endpoint: Endpoint, *, reason: str) -> Endpoint:
    """Sends nothing until it is resumed; effects are still written and wait. Pausing twice changes nothing."""
    said = needed_reason(reason)
    with transaction.atomic():
        row = _locked(actor, endpoint)
        if row.paused_at is None:
            row.paused_at = timezone.now()
            row.save(update_fields=["paused_at"])
            record(actor, "endpoint.paused", row, reason=said)
    return row


def resume(actor: Actor, endpoint: Endpoint) -> Endpoint:
    """Sends again, at once: a rest after failures ends as well."""
    with transaction.atomic():
        row = _locked(actor, endpoint)
        if row.paused_at is not None or row.resting_until is not None:
            row.paused_at, row.resting_until = None, None
            row.save(update_fields=["paused_at", "resting_until"])
            record(actor, "endpoint.resumed", row)
    return row


def retire(actor: Actor, endpoint: Endpoint, *, reason: str) -> Endpoint:
    """Ends an endpoint for good: nothing is written for it any more, and the worker waives what it still has."""
    said = needed_reason(reason)
    with transaction.atomic():
        row = _locked(actor, endpoint)
        row.is_active = False
        row.save(update_fields=["is_active"])
        record(actor, "endpoint.retired", row, before={"is_active": True}, after={"is_active": False}, reason=said)
    return row


def send_trial(actor: Actor, endpoint: Endpoint) -> Effect:
    """Writes a trial message for one endpoint, that goes the way of any effect."""
    with transaction.atomic():
        row = _locked(actor, endpoint)
        effect = emit_to(row, TRIAL, f"endpoint:{row.pk}", {"asked_at": timezone.now().isoformat()})
        record(actor, "endpoint.tried", row, after={"effect": effect.pk})
    return effect


def retry_failed(actor: Actor, endpoint: Endpoint, *, reason: str) -> int:
    """Begins again with every effect of an endpoint that was given up; gives how many."""
    said, now = needed_reason(reason), timezone.now()
    with transaction.atomic():
        if actor.person is not None:
            need(actor.person, "endpoint.keep", endpoint)
        failed = Effect.objects.filter(endpoint=endpoint, state=EffectState.FAILED).order_by("id")
        rows = list(failed.select_for_update(of=("self",), no_key=True))
        for effect in rows:
            make_move(effect, "effect", "retry")
            effect.n_attempts, effect.next_attempt_at = 0, now
        Effect.objects.bulk_update(rows, ["state", "n_attempts", "next_attempt_at"], batch_size=_BATCH)
        record_all(actor, [_told(effect, "effect.retried", said) for effect in rows])
    return len(rows)


def send_unheard(actor: Actor, endpoint: Endpoint, *, reason: str, subject: str = "") -> int:
    """Sends what nobody had heard to an endpoint, oldest first, at most MOST_SENT_ON at once; gives how many.

    All of a subject go together and in order, under the keys that they have. What an endpoint has later news of is
    left alone: an apply must not come behind its lift. With `subject` only that one's, WrongState when it is left.
    """
    said, now = needed_reason(reason), timezone.now()
    with transaction.atomic():
        if actor.person is not None:
            need(actor.person, "endpoint.keep", endpoint)
        subjects = set(_unheard(endpoint, subject).values_list("subject", flat=True)[:MOST_SENT_ON])
        _hold(subjects)
        known = Q(endpoint=endpoint) | Q(endpoint=None, state=EffectState.UNHEARD)
        held = Effect.objects.select_for_update(of=("self",), no_key=True).filter(known, subject__in=subjects)
        effects = list(held.order_by("id"))
        row = _locked(actor, endpoint)
        late = _with_later_news(effects, now)
        rows = [each for each in effects if each.state == EffectState.UNHEARD and each.subject not in late]
        if subject and not rows:
            raise _nothing_to_send(subject)
        for effect in rows:
            make_move(effect, "effect", "send")
            effect.endpoint, effect.next_attempt_at, effect.last_error = row, now, ""
        Effect.objects.bulk_update(rows, ["state", "endpoint", "next_attempt_at", "last_error"], batch_size=_BATCH)
        record_all(actor, [_told(effect, "effect.sent_on", said) for effect in rows])
    return len(rows)


def _unheard(endpoint: Endpoint, subject: str) -> QuerySet[Effect]:
    """What was written while there was no endpoint, and of which this one has no later news; oldest first."""
    later = Effect.objects.filter(endpoint=endpoint, subject=OuterRef("subject"), id__gt=OuterRef("id"))
    later = later.exclude(state=EffectState.WAITING, n_attempts=0)
    found = Effect.objects.filter(~Exists(later), endpoint=None, state=EffectState.UNHEARD).order_by("id")
    return found.filter(subject=subject) if subject else found


def _hold(subjects: set[str]) -> None:
    """Locks the items of subjects, as whoever writes effects does: nothing newer can be written in between."""
    for kind in SubjectType.values:
        ids = [each.partition(":")[2] for each in subjects if each.startswith(f"{kind}:")]
        rows = Item.objects.select_for_update(of=("self",), no_key=True).filter(subject_type=kind, subject_id__in=ids)
        list(rows.order_by("id").values_list("pk"))


def _with_later_news(effects: list[Effect], now: datetime) -> set[str]:
    """The subjects of which a later effect is on its way to the endpoint or has been there."""
    first: dict[str, int] = {}
    late = set()
    for effect in effects:
        if effect.state == EffectState.UNHEARD:
            first.setdefault(effect.subject, effect.pk)
        elif effect.subject in first:
            is_sent = effect.n_attempts or (effect.leased_until is not None and effect.leased_until > now)
            if is_sent or effect.state != EffectState.WAITING:
                late.add(effect.subject)
    return late


def _nothing_to_send(subject: str) -> WrongState:
    return WrongState(
        gettext("The endpoint has later news of %(subject)s, or it is on its way already: nothing was sent again.")
        % {"subject": subject},
        where={"subject": subject},
        value=subject,
    )


def waive_left_over() -> int:
    """Waives what was written for endpoints that have been retired since; gives how many."""
    now, why = timezone.now(), "its endpoint was retired"
    with transaction.atomic():
        left = Effect.objects.filter(state__in=UNFINISHED, endpoint__is_active=False).order_by("id")
        found = list(left.select_for_update(of=("self",), no_key=True, skip_locked=True)[:_BATCH])
        rows = [effect for effect in found if effect.leased_until is None or effect.leased_until <= now]
        happenings = [_told(effect, "effect.waived", why) for effect in rows]
        for effect in rows:
            make_move(effect, "effect", "waive")
        Effect.objects.bulk_update(rows, ["state"], batch_size=_BATCH)
        record_all(WORKER, happenings)
    return len(rows)


def _told(effect: Effect, action: str, reason: str) -> Happening:
    after = {"kind": effect.kind, "subject": effect.subject}
    return Happening(action, "effect", str(effect.pk), None, after, reason)


def _locked(actor: Actor, endpoint: Endpoint) -> Endpoint:
    row = Endpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)
    if actor.person is not None:
        need(actor.person, "endpoint.keep", row)
    if not row.is_active:
        raise WrongState(
            gettext("The endpoint %(url)s was retired; add it again if it is needed.") % {"url": row.url},
            where={"endpoint": row.pk},
        )
    return row
