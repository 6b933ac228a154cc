"""Decisions about merchants as the loop makes them: a finding with recorded sentences, a statement, a strike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.casework.findings import About, Content, Discrepancy, Merchant, Offer, Step, Waterfall
from assay.casework.models import (
    Decision,
    Organisation,
    OrganisationKind,
    Person,
    Role,
    Statement,
)
from assay.casework.services.recording import Actor
from assay.casework.services.statements import issue
from tests.casework.builders import a_decision, a_person, an_item, an_organisation

PRICE = (
    "Price 29.00 EUR against a usual 129.00 EUR for Norvane Sneakers (median of what 41 other merchants were paid for "
    "214 listings): 22 % of it."
)
REPLICA = "The title says “aaa quality”; such words stand for goods that copy others."
YOUNG = "Account opened 12 days before the rating; it has 480 listings on offer."


def a_content(subject_type: str = "listing", **given: Any) -> Content:
    """A finding of two sentences about the goods and one about the account."""
    values: dict[str, Any] = {
        "about": About(subject_type, "L1", "snapshot-1", "2026-05-31T00:00:00Z", "calibrated on verdicts", "ab" * 32),
        "merchant": Merchant("M1", "Shop 1", "CN", "2026-01-05", "active"),
        "waterfall": Waterfall(
            91.0, 84.0, 95.0, 2.0, -389, (Step("price-gap", "price", "0.22 times", -1.5, 620, 2.0, 91.0),)
        ),
        "offer": Offer("Norvane TR-200 aaa quality", "Shoes.", "Norvane", "sneakers", 2_900, "EUR"),
        "discrepancies": (
            Discrepancy("price-gap", "price against the usual price", -1.5, PRICE, 620),
            Discrepancy("wording-replica", "called a replica", 1.0, REPLICA, 540),
        ),
        "merchant_discrepancies": (Discrepancy("merchant-age", "age of the merchant's account", 12.0, YOUNG, None),),
    }
    return Content(**values | given)


@dataclass(frozen=True, slots=True)
class Case:
    """A merchant with somebody who signs in, a decision about one of its offers, and the statement that was sent."""

    organisation: Organisation
    merchant: Person
    decision: Decision
    statement: Statement | None


def a_merchant(**given: Any) -> tuple[Organisation, Person]:
    """A merchant's organisation and somebody of it."""
    organisation = an_organisation(OrganisationKind.MERCHANT, **given)
    return organisation, a_person(Role.MERCHANT, organisation)


def a_case(organisation: Organisation | None = None, content: Content | None = None, **given: Any) -> Case:
    """A decision in force with its statement; `given` are the decision's fields, `item` those of its item."""
    own = organisation or an_organisation(OrganisationKind.MERCHANT)
    person = own.people.first() or a_person(Role.MERCHANT, own)
    said = {"merchant_id": own.merchant_id, "merchant_name": own.name, "state": "decided"} | given.pop("item", {})
    item = an_item(content=(content or a_content()).to_json(), **said)
    decision = a_decision(item, **given)
    decided_by = decision.decided_by or a_person(Role.SENIOR)
    return Case(own, person, decision, issue(Actor.of(decided_by), decision))
