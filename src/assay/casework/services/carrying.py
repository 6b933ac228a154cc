"""What a newer run does not know and must not take out of the finding of an item that waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import F, QuerySet

from assay.casework.findings import AUTHENTICATION, STRIKES_STANDING, Content, Discrepancy, Fact
from assay.casework.models import Finding, Item, Stream, StrikeProposal

Carried = tuple[tuple[Fact, ...], tuple[Discrepancy, ...]]


def standing_proposals() -> QuerySet[StrikeProposal]:
    """Proposals about merchants whose item still waits on account of its strikes: its finding says so, first."""
    return StrikeProposal.objects.filter(
        proposed_at__gte=F("item__opened_at"), item__finding__content__discrepancies__0__signal=STRIKES_STANDING
    )


def carried(items: Iterable[Item]) -> dict[int, Carried]:
    """By the id of the item: proofs by examinations, and strikes that put the merchant before people."""
    of = {item.finding_id: item for item in items if item.finding_id}
    # An item that the run has just opened again waits on account of its score: it is younger than its proposal.
    opened = {item.pk: item.opened_at for item in of.values()}
    proposed = standing_proposals().filter(item__in=opened).values_list("item_id", "proposed_at")
    waiting = {pk for pk, at in proposed if at >= opened[pk]}
    ids = [pk for pk, item in of.items() if item.stream == Stream.TEST_BUY or item.pk in waiting]
    return {
        of[pk].pk: _read(content) for pk, content in Finding.objects.filter(pk__in=ids).values_list("pk", "content")
    }


def _read(frozen: dict[str, object]) -> Carried:
    content = Content.read(frozen)
    return (
        tuple(each for each in content.facts if each.id == AUTHENTICATION),
        tuple(each for each in content.discrepancies if each.signal == STRIKES_STANDING),
    )


def joined(content: Content, kept: Carried) -> Content:
    """The run's content with what is kept before it."""
    facts, discrepancies = kept
    return replace(content, facts=facts + content.facts, discrepancies=discrepancies + content.discrepancies)
