"""A finding keeps the words of the analysis; pages say its names and values in the reader's language."""

import re
from dataclasses import replace

import pytest
from django.utils import translation

from assay.casework.findings import Content, Discrepancy, Fact, Mark, NotChecked, NotComputed, Step, Waterfall
from assay.casework.freezing import _LISTING_FACTS, _MERCHANT_FACTS
from assay.casework.letters.signals_in_chinese import CALIBRATIONS, FACTS, LABELS
from assay.casework.letters.values_in_chinese import value_in_chinese
from assay.casework.signal_words import in_own_words
from assay.pipeline.labels import FROM_GOODS, NOT_CHECKED, value_text
from assay.rating import GOODS_TERMS
from assay.rating.scorecard import LABEL
from assay.signals.families import SIGNALS
from tests.casework.merchant_cases import PRICE, a_content

_IDS = [*(each.id for each in SIGNALS), *(each.id for each in GOODS_TERMS)]


def _content() -> Content:
    steps = (
        Step("price-gap", "price against the usual price", "0.22 times the usual price", -1.5, 620, 2.0, 80.0),
        Step("calibration", "adjustment to the calibrated scale", "", None, 40, 80.0, 91.0),
    )
    return a_content(
        waterfall=Waterfall(91.0, 84.0, 95.0, 2.0, -389, steps),
        facts=(Fact("ships_from", "ships from", "CN"), Fact("brand_new", "brand new", "so")),
        marks=(Mark("wording-replica", "called a replica", "title", "aaa", 0, 3),),
        not_checked=(NotChecked("listing-age", "age of the listing"),),
        not_computed=(NotComputed("stats-sales", "number of sales", "needs listing_stats.n_sales"),),
    )


def test_names_and_values_are_said_in_chinese():
    with translation.override("zh-hans"):
        said = in_own_words(_content())
    step, calibration = said.waterfall.steps
    assert (step.label, step.note) == (LABELS["price-gap"], "通常价格的 0.22 倍")
    assert calibration.label == LABELS["calibration"]
    assert [each.label for each in (*said.marks, *said.not_checked, *said.not_computed)] == [
        LABELS["wording-replica"],
        LABELS["listing-age"],
        LABELS["stats-sales"],
    ]
    assert said.about.label == CALIBRATIONS["calibrated on verdicts"]


def test_sentences_and_facts_of_unknown_names_stay_as_recorded():
    with translation.override("zh-hans"):
        said = in_own_words(_content())
    assert said.discrepancies[0].text == PRICE
    assert [each.label for each in said.facts] == [FACTS["ships_from"], "brand new"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_other_languages_read_what_was_recorded(language):
    with translation.override(language):
        assert in_own_words(_content()) == _content()


def test_a_signal_without_words_keeps_its_recorded_name():
    strange = replace(_content(), discrepancies=(Discrepancy("tea-price", "price of tea", 1.0, "Tea.", None),))
    with translation.override("zh-hans"):
        assert in_own_words(strange).discrepancies[0].label == "price of tea"


@pytest.mark.parametrize("signal", _IDS)
def test_every_value_of_every_signal_can_be_said_in_chinese(signal):
    for value in (-1.49, -0.5, 0, 0.0012, 0.5, 1, 2, 7.25, 1204.0, 3.4e9):
        words = value_in_chinese(value_text(signal, value))
        assert not re.search(r"[A-Za-z]{2,}", words), words


@pytest.mark.parametrize("words", [NOT_CHECKED, FROM_GOODS])
def test_a_missing_value_can_be_said_in_chinese(words):
    assert value_in_chinese(words) != words


def test_no_fact_and_no_scale_is_without_chinese():
    frozen = {"n_listings", "worst_listing_score", "share_at_risk"}  # added for merchants
    assert {name for name, _shown in (*_LISTING_FACTS, *_MERCHANT_FACTS)} | frozen == FACTS.keys()
    assert LABEL in CALIBRATIONS
