"""Harm counts in one currency: that of the last loaded run."""

import pytest

from assay.casework.choices import Choice
from assay.casework.models import Item, Role
from assay.casework.queries.harm import Counting, counted_in, counting
from assay.casework.queries.item import consequences
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR
from assay.casework.services import decisions
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_person, a_run, an_item

pytestmark = pytest.mark.django_db
REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit")


def a_loaded_run(currency="EUR", rates=None):
    return a_run(finished_at=NOW, counts={"currency": currency}, progress={"asked": {"rates": rates or {}}})


def test_a_price_is_converted_by_the_runs_rates_as_the_batch_does_it():
    a_loaded_run("EUR", {"VND": 0.0037, "USD": 0.92})
    rules = counting()
    assert rules.price(1_000_000, "VND") == 3_700 and rules.price(1_999, "EUR") == 1_999
    assert rules.price(50, "USD") == 46 and rules.price(1, "USD") == 1


def test_a_price_without_a_rate_is_not_known():
    a_loaded_run("EUR")
    assert counting().price(1_000_000, "VND") is None and counting().price(None, "EUR") is None


def test_before_a_run_is_loaded_no_price_counts_and_a_load_that_was_stopped_says_nothing():
    a_run(progress={"asked": {"rates": {}}}, counts={"currency": "EUR"})
    assert counting() == Counting() and counting().price(100, "EUR") is None


def test_a_market_without_currencies_has_none():
    assert counted_in("XXX", {}).currency == ""


def test_only_harm_in_the_currency_that_counts_is_added_up():
    items = [an_item(harm_minor=5), an_item(harm_minor=1_000_000_000, harm_currency="VND")]
    assert counted_in("EUR", {}).of(items) == 5


@pytest.mark.parametrize(("currency", "is_held"), [("EUR", True), ("VND", False)])
def test_the_line_of_high_impact_compares_only_harm_in_the_currency_that_counts(currency, is_held):
    a_loaded_run("EUR")
    item = an_item(harm_minor=HIGH_IMPACT_HARM_MINOR, harm_currency=currency)
    assert Item.objects.filter(counting().is_high).exists() is is_held
    assert consequences(item, REMOVE, NOW).needs_second is is_held
    made = decisions.decide(Actor.of(a_person(Role.SENIOR)), item, REMOVE)
    assert (made.state == "proposed") is is_held
