"""Rows of casework with sensible defaults: each builder names what it makes, and takes what the test is about."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.casework.findings import About, Content, Discrepancy, Merchant, Offer, Waterfall, canonical_sha256
from assay.casework.models import (
    Action,
    AnalysisRun,
    Answer,
    Decision,
    DecisionState,
    Finding,
    Item,
    Organisation,
    OrganisationKind,
    Person,
    Role,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"

_counted = itertools.count(1)


def number() -> int:
    """The next number that no other row of this test has in its name."""
    return next(_counted)


def count_anew() -> None:
    """Begin with 1 again."""
    global _counted
    _counted = itertools.count(1)


_KIND_OF = {Role.MERCHANT: OrganisationKind.MERCHANT, Role.AUTHENTICATOR: OrganisationKind.LABORATORY}


def an_organisation(kind: str = OrganisationKind.MARKETPLACE, **given: Any) -> Organisation:
    """An organisation; a merchant's gets a market id of its own."""
    n = number()
    values: dict[str, Any] = {"kind": kind, "name": f"{kind} {n}", "created_at": NOW}
    if kind == OrganisationKind.MERCHANT:
        values["merchant_id"] = f"M{n:06d}"
    return Organisation.objects.create(**values | given)


def a_person(role: str = Role.ANALYST, organisation: Organisation | None = None, **given: Any) -> Person:
    """A person with a role, by default in the one marketplace, a laboratory or a merchant; no second factor asked."""
    n = number()
    where = organisation or _home_of(role)
    values: dict[str, Any] = {"email": f"{role}{n}@example.org", "name": f"{role} {n}", "created_at": NOW}
    person = Person(organisation=where, role=role, **{"needs_second_factor": False} | values | given)
    person.set_password(PASSWORD)
    person.save()
    return person


def _home_of(role: str) -> Organisation:
    kind = _KIND_OF.get(Role(role), OrganisationKind.MARKETPLACE)
    if kind == OrganisationKind.MARKETPLACE:
        found = Organisation.objects.filter(kind=kind).first()
        return found or an_organisation(kind)
    return an_organisation(kind)


def a_run(**given: Any) -> AnalysisRun:
    """A loaded rating."""
    n = number()
    values: dict[str, Any] = {
        "run_key": hashlib.sha256(str(n).encode()).hexdigest(),
        "folder": f"run-{n}",
        "snapshot_id": f"snapshot-{n}",
        "as_of": NOW,
        "model_label": "calibrated on verdicts",
        "model_listing": "listing-model",
        "model_merchant": "merchant-model",
        "loaded_at": NOW,
    }
    return AnalysisRun.objects.create(**values | given)


def an_item(**given: Any) -> Item:
    """An open item with one frozen finding."""
    n = number()
    values: dict[str, Any] = {
        "subject_type": "listing",
        "subject_id": f"L{n:06d}",
        "merchant_id": f"M{n:06d}",
        "merchant_name": f"Shop {n}",
        "title": f"Norvane TR-200 watch {n}",
        "brand": "Norvane",
        "category": "watches",
        "price_minor": 1_900,
        "currency": "EUR",
        "score": 91.0,
        "score_low": 84.0,
        "score_high": 95.0,
        "harm_minor": 50_000,
        "harm_currency": "EUR",
        "rank": 4.7,
        "opened_at": NOW,
        "updated_at": NOW,
    }
    content = given.pop("content", None)
    item = Item.objects.create(**values | given)
    item.finding = a_finding(item, content)
    item.save(update_fields=["finding"])
    return item


def a_finding(item: Item, content: dict[str, Any] | None = None) -> Finding:
    """A frozen finding of an item."""
    kept = content or {"n": number()}
    return Finding.objects.create(
        item=item,
        run=item.run,
        frozen_at=NOW,
        snapshot_id="snapshot",
        model="listing-model",
        score=item.score,
        content=kept,
        content_sha256=canonical_sha256(kept),
    )


def content_of(item: Item, score: float, *discrepancies: Discrepancy) -> Content:
    """What a rating says about an item's subject, to be frozen."""
    return Content(
        about=About(item.subject_type, item.subject_id, "snapshot", NOW.isoformat(), "label", "model"),
        merchant=Merchant(item.merchant_id, item.merchant_name),
        waterfall=Waterfall(score, None, None, score, 0),
        discrepancies=discrepancies,
        offer=Offer(item.title, "", item.brand, item.category, item.price_minor, item.currency),
    )


def a_decision(item: Item | None = None, decided_by: Person | None = None, **given: Any) -> Decision:
    """A removal in force, decided by an analyst."""
    n = number()
    on = item or an_item(state="decided")
    values: dict[str, Any] = {
        "reference": f"D-{n:07d}",
        "item": on,
        "finding": on.finding,
        "merchant_id": on.merchant_id,
        "answer": Answer.COUNTERFEIT,
        "action": Action.REMOVE,
        "reason_code": "facts-do-not-fit",
        "state": DecisionState.IN_FORCE,
        "decided_by": decided_by or a_person(Role.ANALYST),
        "decided_at": NOW,
        "in_force_at": NOW,
    }
    return Decision.objects.create(**values | given)


def days(n: float) -> timedelta:
    """So many days."""
    return timedelta(days=n)
