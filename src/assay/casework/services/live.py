"""Opens an item for a listing that was rated as a red flag at the moment it was created."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.evidence import finding_said
from assay.casework.findings import Content
from assay.casework.freezing import freeze
from assay.casework.models import AnalysisRun, Item, ItemState, SubjectType
from assay.casework.queries.harm import counting
from assay.casework.services import arrivals
from assay.casework.services.arrivals import Arrival
from assay.casework.services.recording import Actor, Happening, record_all
from assay.pipeline import Explanation, LiveRater, Run
from assay.pipeline.dossiers import Dossier, expected_harm
from assay.pipeline.live.listing import cleaned

EVENTS = {"item.flagged_live": _("opened an item for a listing as it was created")}
# Two requests about one new listing at the same instant: the second finds what the first wrote.
_TRIES = 2


def open_flagged(actor: Actor, found: Explanation, listing: Mapping[str, Any], rater: LiveRater) -> Item:
    """The item of a listing with its finding frozen: opened, or brought up to date while it is open.

    What was decided stays decided, unless a new run would open it again as well (see `reopening`). What a newer rating
    than the rater's has said of the listing stays. The same rating again changes nothing.
    """
    dossier = _dossier(found, listing)
    content = freeze(Run(rater.folder, rater.about), dossier)
    safety_class = rater.safety_class(dossier.listing["brand"])
    for left in reversed(range(_TRIES)):
        try:
            return _written(actor, content, safety_class)
        except IntegrityError:
            if not left:
                raise
    raise AssertionError("unreachable")


def _written(actor: Actor, content: Content, safety_class: str | None) -> Item:
    same = _same(content)
    if same is not None:
        return same
    subject = {"subject_type": SubjectType.LISTING, "subject_id": content.about.subject_id}
    with transaction.atomic():
        rows = Item.objects.select_for_update(of=("self",), no_key=True).select_related("finding")
        there = rows.filter(**subject).first()
        if there is not None and _is_behind(content, there):
            return there
        harm, currency = _kept(there, *_harm(content, safety_class))
        arrival = Arrival(content, harm, currency, is_flagged=True, inclusion_probability=None)
        done = arrivals.write(None, SubjectType.LISTING, [arrival], timezone.now())
        item = Item.objects.get(**subject)
        happenings = list(done.happenings)
        if done.counts["opened"] or done.counts["updated"]:
            assert item.finding is not None  # written above
            after = {"score": content.waterfall.score, "finding": finding_said(item.finding)}
            happenings.append(Happening("item.flagged_live", "item", str(item.pk), None, after))
        record_all(actor, happenings)
    return item


def _same(content: Content) -> Item | None:
    """The open item that already rests on exactly this finding."""
    rows = Item.objects.filter(
        subject_type=SubjectType.LISTING,
        subject_id=content.about.subject_id,
        state__in=(ItemState.OPEN, ItemState.SNOOZED),
        finding__content_sha256=content.sha256,
    )
    return rows.first()


def _is_behind(content: Content, item: Item) -> bool:
    """Whether a newer rating has spoken: the finding of an open item is newer, or a newer run left or closed the item.

    A server rates with its run until it is started anew with the next one, and would put the queue back.
    """
    as_of = content.about.as_of
    if item.state in (ItemState.OPEN, ItemState.SNOOZED):
        # Frozen moments are texts in UTC to the second, so their order is that of time.
        return item.finding is not None and str(item.finding.content.get("about", {}).get("as_of", "")) > as_of
    newer_from = datetime.fromisoformat(as_of) + timedelta(seconds=1)
    return AnalysisRun.objects.filter(as_of__gte=newer_from).exists()


def _dossier(found: Explanation, listing: Mapping[str, Any]) -> Dossier:
    """What is known of the listing at this moment: its own columns and its explanation.

    Prices of others, pictures elsewhere and the merchant's other goods come with the next run.
    """
    merchant = Item.objects.filter(merchant_id=found.merchant_id).exclude(merchant_name="").values("merchant_name")
    named = merchant.first()
    return Dossier(
        explanation=found,
        listing=cleaned(listing).values,
        merchant={"name": named["merchant_name"]} if named else {},
        harm_minor=0,
        is_flagged=True,
        inclusion_probability=None,
    )


def _harm(content: Content, safety_class: str | None) -> tuple[int, str]:
    """Expected harm of a month and its currency: nothing is sold yet, so the same start as for a new listing of a run.

    0 and no currency where the last loaded run has no rate for the price: a number in another currency would stand in
    the queue where it does not belong.
    """
    rules = counting()
    price = rules.price(content.offer.price_minor, content.offer.currency)
    if price is None:
        return 0, ""
    chance = np.array([content.waterfall.score / 100])
    return round(float(expected_harm(chance, [0], [price], [safety_class])[0])), rules.currency


def _kept(item: Item | None, harm_minor: int, currency: str) -> tuple[int, str]:
    """The larger of an item's harm and a new one, where they compare.

    The runs have counted orders that this rating does not see, and whoever edits an offer must not take it from under
    the line of high impact.
    """
    if item is None or (currency and (currency != item.harm_currency or harm_minor > item.harm_minor)):
        return harm_minor, currency
    return item.harm_minor, item.harm_currency
