"""Merchants that wait on account of their strikes are held to the strikes that count.

A strike is cancelled with its decision, expires, or counts for less under another policy, while the sentence that names
it waits for a person. The worker brings what waits up to date; until then nobody decides on it, because the merchant
would read as a fact what is none. Strikes that came since change nothing of what is said: they put the merchant forward
anew (`proposals`), and are no reason to take an item from whoever works on it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.evidence import finding_said
from assay.casework.findings import STRIKES_STANDING, Content
from assay.casework.models import Finding, Item, ItemState, StrikeProposal, SubjectType
from assay.casework.moves import WrongState, make_move
from assay.casework.services import claims
from assay.casework.services.proposals import OF_STRIKES, freeze, propose, sentence, without_strikes
from assay.casework.services.recording import WORKER, Actor, Happening, record_all
from assay.casework.services.strikes import Policy, Standing, counted, policy_in_force, standing, standings
from assay.casework.turns import every_one

EVENTS: dict[str, str | Promise] = {"item.closed": _("closed an item: nothing that it rested on holds any more")}
_REASON = "Strikes that were named count no more: they were cancelled, have expired, or another policy is in force."


class Outdated(WrongState):
    """The finding names strikes that do not count any more. Over HTTP: 409."""


def need_current(item: Item, finding: Finding | None) -> None:
    """Refuses a finding of an item that names strikes which do not count any more."""
    if finding is None or item.subject_type != SubjectType.MERCHANT or not (said := _said(finding)):
        return
    policy = policy_in_force()
    if not _holds(said, standing(item.subject_id, policy=policy), _said_at(item, finding), policy):
        raise Outdated(
            gettext(
                "Strikes that the finding of item %(item)s names do not count any more. An open item is brought up to "
                "date within a minute; a proposal that rests on them is refused or undone."
            )
            % {"item": item},
            where={"item": item.pk},
            value=said,
        )


def renew_due(actor: Actor = WORKER, now: datetime | None = None) -> int:
    """Brings every waiting item that names strikes which do not count any more up to date; gives how many.

    Where the others still reach a threshold, it names those; else it follows the ratings again, and is closed when
    there are none. Whoever holds it loses it.
    """
    at, policy = now or timezone.now(), policy_in_force()
    rows = list(
        _waiting()
        .annotate(said_at=Subquery(_proposals().values("proposed_at")[:1]))
        .values_list("pk", "subject_id", "said_at", "finding__content__discrepancies__0__text")
    )
    standing_now = standings({merchant_id for _pk, merchant_id, _said_at, _said in rows}, at, policy)
    outdated = [
        pk for pk, merchant_id, said_at, said in rows if not _holds(said, standing_now[merchant_id], said_at, policy)
    ]
    return every_one(outdated, lambda pk: _renew_one(actor, pk, policy, at))


def _waiting() -> QuerySet[Item]:
    """Items that wait and name strikes: that first, as `proposals` freezes it and `carrying` keeps it."""
    return Item.objects.filter(
        pk__in=StrikeProposal.objects.values("item"),
        state__in=(ItemState.OPEN, ItemState.SNOOZED),
        finding__content__discrepancies__0__signal=STRIKES_STANDING,
    )


def _proposals() -> QuerySet[StrikeProposal]:
    return StrikeProposal.objects.filter(item=OuterRef("pk")).order_by("-id")


def _renew_one(actor: Actor, pk: int, policy: Policy, at: datetime) -> bool:
    with transaction.atomic():
        waiting = _waiting().filter(pk=pk).select_related("finding")
        item = waiting.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
        if item is None or item.finding is None:
            return False
        now = standing(item.subject_id, at, policy)
        if _holds(_said(item.finding), now, _said_at(item, item.finding), policy):
            return False
        happenings = claims.end(item, "strikes")
        if now.reached is None:
            happenings += _withdraw(item, item.finding, now)
        else:
            happenings.append(propose(item, now, now.reached, policy, _REASON))
        record_all(actor, happenings)
    return True


def _withdraw(item: Item, finding: Finding, now: Standing) -> list[Happening]:
    """Takes the strikes out of a locked item; it is closed where nothing else brought it here."""
    proposal = item.strike_proposals.latest("id")
    content = without_strikes(Content.read(finding.content))
    happenings: list[Happening] = []
    # The next run settles what was decided before: it knows what a merchant is owed that answered a request.
    if content.about.snapshot_id == OF_STRIKES and not item.decisions.exists():
        before, after = make_move(item, "item", "close")
        item.snoozed_until = None
        said = {"state": after, "because": "strikes"}
        happenings = [Happening("item.closed", "item", str(item.pk), {"state": before}, said, _REASON)]
    was = {"weight": proposal.weight, "threshold": proposal.threshold, "action": proposal.action}
    kept = finding_said(freeze(item, content, now.at))
    stands = {"merchant": now.merchant_id, "weight": now.weight, "item": item.pk, "finding": kept}
    return [Happening("strike.withdrawn", "strikeproposal", str(proposal.pk), was, stands, _REASON), *happenings]


def _said(finding: Finding) -> str:
    """What a finding says of strikes; empty when it says nothing of them."""
    found = finding.content.get("discrepancies") or [{}]
    return str(found[0]["text"]) if found[0].get("signal") == STRIKES_STANDING else ""


def _said_at(item: Item, finding: Finding) -> datetime:
    """When the strikes were counted: a rating that came since has frozen the same sentence anew."""
    last = item.strike_proposals.order_by("-id").first()
    return last.proposed_at if last else finding.frozen_at


def _holds(said: str, now: Standing, said_at: datetime, policy: Policy) -> bool:
    """Whether all strikes that a sentence counted still count, and it would be said of them today."""
    named = [each for each in now.strikes if each.given_at <= said_at]
    then = counted(now.merchant_id, now.at, named, policy)
    return then.reached is not None and sentence(then, then.reached) == said
