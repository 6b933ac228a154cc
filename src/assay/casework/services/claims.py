"""Exclusive claims with leases: the next item for somebody, given back when they are done or gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import MD5
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Item, ItemState, Person, ReviewKind, Stream
from assay.casework.moves import WrongState
from assay.casework.queries.blind import blind_for, gold_for, needed_kind
from assay.casework.queries.queue import Wanted, free, narrowed
from assay.casework.services.acting import drawn, the_person
from assay.casework.services.recording import Actor, Happening, record, record_all
from assay.market.errors import CallerError

EVENTS = {
    "item.claimed": _("took an item"),
    "item.claim_renewed": _("kept an item for longer"),
    "item.released": _("gave an item back"),
    "item.claim_lapsed": _("an item's lease ended"),
    "item.claim_ended": _("took an item from its holder because it changed"),
}

# Nine in ten items take an analyst less than ten minutes; twice that allows for a telephone call. Longer leases leave
# items of people who went home to nobody, shorter ones are lost while their holder still reads.
LEASE = timedelta(minutes=20)
# Renewing sooner would write to the log at every keystroke.
_RENEW_BELOW = timedelta(minutes=15)
# A few side by side help to compare goods of one merchant; more is hoarding, and each would wait for its holder.
MOST_CLAIMS = 5
# One claim in ten comes from the items drawn at random, whatever their score: about 200 answers a week of 2,000, which
# gives a share of 10 % to within 4 points. More costs harm not prevented, less leaves calibration unmeasured.
RANDOM_ONE_IN = 10
# One in twenty-five is a gold item: four a day of a hundred, eighty a month, an accuracy of 90 % to within 8 points.
GOLD_ONE_IN = 25
# One in twenty decisions asks for a blind second review (`decisions.BLIND_ONE_IN`); served at twice that rate, so that
# they do not pile up.
BLIND_ONE_IN = 10
_BATCH = 500

Draw = Callable[[int], bool]


def take_next(actor: Actor, wanted: Wanted | None = None, *, draw: Draw = drawn) -> Item | None:
    """Claims the best item that nobody holds, within a filter; None when there is none.

    Now and then it comes from the random sample, from the items that need a blind second review or from the gold items
    instead, and looks no different. `draw(n)` says whether this is the one time in `n`. CallerError when the person
    holds MOST_CLAIMS already.
    """
    now = timezone.now()
    with transaction.atomic():
        person = _with_room(the_person(actor, "item.claim"), now)
        for kind, rows in _pools(person, wanted or Wanted(), draw, now):
            item = rows.filter(free(now)).select_for_update(of=("self",), no_key=True, skip_locked=True).first()
            if item is not None:
                return _hold(actor, person, item, kind, now)
    return None


def take(actor: Actor, item: Item) -> Item:
    """Claims one item that was chosen from the list, or keeps what the person holds already.

    WrongState when somebody else holds it or there is nothing to answer about it any more.
    """
    now = timezone.now()
    with transaction.atomic():
        person = _with_room(the_person(actor, "item.claim", item), now, but=item)
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        need_free(row, person, now)
        kind = needed_kind(person, row)
        return _hold(actor, person, row, kind, now)


def renew(actor: Actor, item: Item) -> Item:
    """Starts the lease anew while its holder works; nothing happens to what somebody else holds or nobody."""
    now = timezone.now()
    with transaction.atomic():
        person = the_person(actor, "item.claim", item)
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        if row.claimed_by_id != person.pk or row.claimed_until is None or row.claimed_until > now + _RENEW_BELOW:
            return row
        row.claimed_until = now + LEASE
        row.save(update_fields=["claimed_until"])
        record(actor, "item.claim_renewed", row, after={"until": row.claimed_until.isoformat()})
    return row


def release(actor: Actor, item: Item) -> Item:
    """Gives an item back to the queue; WrongState when nobody holds it."""
    with transaction.atomic():
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        if row.claimed_by_id is None:
            said = gettext("Nobody holds item %(item)s.") % {"item": row}
            raise WrongState(said, where={"item": row.pk}, value=None)
        the_person(actor, "item.release", row)
        before = {"held_by": row.claimed_by_id, "for": row.claimed_for}
        let_go(row)
        row.save(update_fields=CLAIM_FIELDS)
        record(actor, "item.released", row, before=before)
    return row


def release_expired(actor: Actor, now: datetime) -> int:
    """Clears leases that have ended; gives how many. A lease in the past counts for nothing even before this runs."""
    with transaction.atomic():
        lapsed = Item.objects.filter(claimed_by__isnull=False, claimed_until__lte=now)
        rows = list(lapsed.select_for_update(of=("self",), no_key=True, skip_locked=True)[:_BATCH])
        said = [
            Happening("item.claim_lapsed", "item", str(row.pk), {"held_by": row.claimed_by_id, "for": row.claimed_for})
            for row in rows
        ]
        for row in rows:
            let_go(row)
        Item.objects.bulk_update(rows, CLAIM_FIELDS)
        record_all(actor, said)
    return len(rows)


CLAIM_FIELDS = ["claimed_by", "claimed_at", "claimed_until", "claimed_for"]


def let_go(row: Item) -> None:
    """Clears the claim of a locked row; the caller saves CLAIM_FIELDS."""
    row.claimed_by, row.claimed_at, row.claimed_until, row.claimed_for = None, None, None, ""


def end(row: Item, because: str) -> list[Happening]:
    """Clears the claim of a locked row that has changed: what its holder has seen is not what holds now.

    `because` is a code such as "undone". Gives what to record, nothing where nobody held it; the caller saves
    CLAIM_FIELDS.
    """
    if row.claimed_by_id is None:
        return []
    until = row.claimed_until.isoformat() if row.claimed_until else None
    before = {"held_by": row.claimed_by_id, "for": row.claimed_for, "until": until}
    let_go(row)
    return [Happening("item.claim_ended", "item", str(row.pk), before, {"because": because})]


def need_free(row: Item, person: Person | None, now: datetime) -> None:
    """Refuses when somebody else holds a locked row."""
    mine = person is not None and row.claimed_by_id == person.pk
    if row.claimed_until is not None and row.claimed_until > now and not mine:
        raise WrongState(
            gettext("Somebody else holds item %(item)s until %(at)s UTC; take the next one.")
            % {"item": row, "at": f"{row.claimed_until:%H:%M}"},
            where={"item": row.pk},
            value=row.claimed_until.isoformat(),
        )


def _pools(person: Person, wanted: Wanted, draw: Draw, now: datetime) -> Iterator[tuple[ReviewKind, QuerySet[Item]]]:
    """Where to look, in order. Gold items are only ever mixed in: they never stand for an empty queue."""
    first = narrowed(Item.objects.filter(state=ItemState.OPEN), wanted).order_by("-rank", "id")
    blind = narrowed(blind_for(person), wanted).order_by("-rank", "id")
    if draw(GOLD_ONE_IN) and any(rows.filter(free(now)).exists() for rows in (first, blind)):
        # In no order that repeats: everybody should meet every one of them.
        yield ReviewKind.GOLD, narrowed(gold_for(person), wanted).order_by("?")
    if draw(BLIND_ONE_IN):
        yield ReviewKind.BLIND, blind
    if wanted.stream == Stream.RANDOM or (not _picks_cases(wanted) and draw(RANDOM_ONE_IN)):
        yield ReviewKind.FIRST, _sample(wanted)
    yield ReviewKind.FIRST, first
    yield ReviewKind.BLIND, blind


def _picks_cases(wanted: Wanted) -> bool:
    """Whether a filter says which cases somebody wants, and not only which kind of goods they can judge."""
    return any((wanted.stream, wanted.merchant, wanted.band, wanted.text))


def _sample(wanted: Wanted) -> QuerySet[Item]:
    """Open items that were drawn, also those that are flagged as well, in an order that has nothing to do with them.

    The first of them by harm or by score would not be a random part of the sample. By a hash of the subject they are,
    and it stays the same whatever a newer run makes of them.
    """
    rows = Item.objects.filter(state=ItemState.OPEN, inclusion_probability__isnull=False)
    return narrowed(rows, wanted.without("stream")).order_by(MD5("subject_id"), "id")


def _with_room(person: Person, now: datetime, but: Item | None = None) -> Person:
    """The person's row, locked so that two of their windows cannot claim past the limit at once."""
    row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    held = Item.objects.filter(claimed_by=row, claimed_until__gt=now).exclude(pk=but.pk if but else 0).count()
    if held >= MOST_CLAIMS:
        raise CallerError(
            gettext("You hold %(n)d items, and at most %(most)d can be held at once; answer one or give one back.")
            % {"n": held, "most": MOST_CLAIMS},
            where={"person": row.pk},
            value=held,
            allowed=f"{MOST_CLAIMS} items",
        )
    return row


def _hold(actor: Actor, person: Person, row: Item, kind: ReviewKind, now: datetime) -> Item:
    if row.claimed_by_id != person.pk or row.claimed_at is None:
        row.claimed_at = now
    row.claimed_by, row.claimed_for, row.claimed_until = person, kind, now + LEASE
    row.save(update_fields=CLAIM_FIELDS)
    record(actor, "item.claimed", row, after={"for": kind.value, "until": row.claimed_until.isoformat()})
    return row
