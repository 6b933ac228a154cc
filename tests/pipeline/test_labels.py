"""What signals are called and how their values read."""

import pytest

from assay.pipeline.labels import label, number, percent, unlabelled, value_text
from assay.rating import GOODS_TERMS
from assay.signals.families import SIGNALS


def test_every_signal_has_words_of_its_own() -> None:
    assert unlabelled() == ()


def test_no_two_signals_share_their_words_and_none_wraps_in_a_table() -> None:
    labels = [label(name) for name in (*(s.id for s in SIGNALS), *(t.id for t in GOODS_TERMS))]
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 37


@pytest.mark.parametrize(
    ("signal", "value", "text"),
    [
        ("price-gap", -1.49, "0.23 times the usual price"),
        ("price-gap", 1.435, "4.2 times the usual price"),
        ("price-list-gap", 3.0, "20 times the list price"),
        ("orders-weight-gap", 0.0, "1 times the catalogue's weight"),
        ("price-outlier", -4.25, "-4.2 standard deviations"),
        ("listing-age", 13.0, "13 days"),
        ("listing-age", 1.0, "1 day"),
        ("merchant-feedback", 0.9726, "97 %"),
        ("stats-fake-return-rate", 0.0012, "0.12 %"),
        ("wording-evasive", 1.0, "yes"),
        ("wording-evasive", 0.0, "no"),
        ("wording-replica", 0.5, "hinted"),
        ("wording-brand-conflict", 0.5, "the field's name is not known"),
        ("spec-gtin-invalid", 1.0, "yes"),
        ("repetition-confirmed", 0.8, "80 % alike"),
        ("reviews-rating", 4.06, "4.1 stars"),
        ("listing-edits", 3.0, "3"),
        ("history-brand", 0.7, "2 times the market's odds"),
        ("price-gap", None, "not checked"),
        ("goods-worst", None, "from its goods' points"),
        ("calibration", None, ""),
    ],
)
def test_a_value_reads_with_its_unit(signal: str, value: float | None, text: str) -> None:
    assert value_text(signal, value) == text


@pytest.mark.parametrize("signal", [*(s.id for s in SIGNALS), *(t.id for t in GOODS_TERMS)])
def test_any_value_of_any_signal_can_be_written(signal: str) -> None:
    assert all(value_text(signal, value) for value in (0.0, 0.5, 1.0, -3.7, 1e9, -1e9))


def test_figures_keep_as_many_digits_as_they_deserve() -> None:
    assert [number(v) for v in (1204.4, 9.96, 5.04, 5.1, 1.0, 0.0244)] == ["1,204", "10", "5", "5.1", "1", "0.024"]
    assert [percent(v) for v in (0.372, 0.0416, 0.00024, 0.0, 1.0)] == ["37 %", "4.2 %", "0.024 %", "0 %", "100 %"]
