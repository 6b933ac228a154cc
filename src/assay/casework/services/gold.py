"""Gold items: items with a known answer, mixed into the queue so that accuracy is measured while people work."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Answer, Decision, DecisionState, Gold, Item, ItemState, TaskStage, TestBuyTask
from assay.casework.moves import WrongState
from assay.casework.queries.blind import tells_itself
from assay.casework.reasons import BY_CODE
from assay.casework.services.acting import the_person
from assay.casework.services.decisions import needed_reason
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "gold.added": _("put an item among the gold items"),
    "gold.retired": _("took an item out of the gold items"),
}
# Reasons that rest on more than looking: an examination, the brand's word, a document that was checked.
_KNOWN_BY = ("authentication", "authorised", "proof-accepted")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about an item, and from where."""

    answer: Answer
    source: str


def evidence_for(item: Item) -> Evidence | None:
    """What an authentication says about a decided item; None when there was none.

    An examination of a test buy goes before a decision in force whose reason is an authentication, the brand's word or
    an accepted document. A positive examination counts only once a second one agrees.
    """
    bought = TestBuyTask.objects.filter(listing_id=item.subject_id, stage=TaskStage.DONE).exclude(listing_id="")
    for task in bought.order_by("-pk")[:5] if item.subject_type == "listing" else ():
        if task.outcome == (task.second_outcome or Answer.GENUINE) and task.outcome != Answer.INCONCLUSIVE:
            return Evidence(Answer(task.outcome), f"test buy {task.unit}")
    decided = Decision.objects.filter(item=item, state=DecisionState.IN_FORCE, reason_code__in=_KNOWN_BY)
    found = decided.exclude(answer=Answer.INCONCLUSIVE).order_by("-pk").first()
    return Evidence(Answer(found.answer), f"decision {found.reference}: {found.reason_code}") if found else None


def in_words(source: str) -> str:
    """A kept source as a page says it; what was kept in other words is said as it was.

    >>> in_words("test buy T01"), in_words("decision D-1: authorised")
    ('test buy T01', 'decision D-1: authorised by the brand')
    """
    kind, _space, rest = source.partition(" ")
    if kind == "test":
        return gettext("test buy %(unit)s") % {"unit": rest.removeprefix("buy ")}
    reference, colon, code = rest.partition(": ")
    if kind != "decision" or not colon or code not in BY_CODE:
        return source
    return gettext("decision %(reference)s: %(reason)s") % {"reference": reference, "reason": BY_CODE[code].label}


def add(actor: Actor, item: Item) -> Gold:
    """Puts a decided and authenticated item among the gold items; its answer is that of the authentication.

    WrongState when it is not decided or is gold already; CallerError without an authentication.
    """
    with transaction.atomic():
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        person = the_person(actor, "gold.manage", row)
        known = _needed_evidence(row)
        gold = Gold.objects.select_for_update(of=("self",), no_key=True).filter(item=row).first() or Gold(item=row)
        if gold.pk is not None and gold.retired_at is None:
            already = gettext("Item %(item)s is a gold item already.") % {"item": row}
            raise WrongState(already, where={"item": row.pk}, value="gold")
        was = _said(gold)
        gold.answer, gold.source = known.answer, known.source
        gold.added_by, gold.added_at, gold.retired_at = person, timezone.now(), None
        gold.save()
        said = {"item": row.pk, "answer": known.answer.value, "source": known.source}
        record(actor, "gold.added", gold, before=was, after=said)
    return gold


def retire(actor: Actor, gold: Gold, *, reason: str) -> Gold:
    """Takes an item out of the gold items; answers about it stay counted."""
    reason = needed_reason(reason)
    with transaction.atomic():
        row = Gold.objects.select_for_update(of=("self",), no_key=True).get(pk=gold.pk)
        the_person(actor, "gold.manage", row)
        if row.retired_at is not None:
            said = gettext("Gold item %(id)s is retired already.") % {"id": row.pk}
            raise WrongState(said, where={"gold": row.pk}, value="retired")
        row.retired_at = timezone.now()
        row.save(update_fields=["retired_at"])
        record(actor, "gold.retired", row, before={"item": row.item_id, "answer": row.answer}, reason=reason)
    return row


def _said(gold: Gold) -> dict[str, str] | None:
    """From when to when it was a gold item before; an export may have said so (`verdicts`)."""
    if gold.retired_at is None:
        return None
    return {
        "answer": gold.answer,
        "added_at": gold.added_at.isoformat(),
        "retired_at": gold.retired_at.isoformat(),
    }


def _needed_evidence(row: Item) -> Evidence:
    if row.state != ItemState.DECIDED:
        raise WrongState(
            gettext("Item %(item)s is %(state)s; only a decided one can be gold.")
            % {"item": row, "state": row.get_state_display()},
            where={"item": row.pk},
            value=row.state,
            allowed=ItemState.DECIDED,
        )
    known = None if tells_itself(row) else evidence_for(row)
    if known is None:
        raise CallerError(
            gettext(
                "Nothing says for certain what item %(item)s is; a gold item needs an examination, the brand's word or "
                "an accepted document."
            )
            % {"item": row},
            where={"item": row.pk},
            value=None,
            allowed="an authenticated item",
        )
    return known
