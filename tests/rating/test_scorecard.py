from dataclasses import replace

import pytest

from assay.market.errors import CallerError
from assay.rating import Term, explain_row, scorecard
from assay.rating.scorecard import broken_rules, read_scorecard

KINDS = ("listing", "merchant")


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_says_why_and_where_from(kind):
    for line in read_scorecard(kind).lines:
        assert line.why.endswith(".") and line.source and line.unit, line.id


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_reaches_80_from_one_family_without_a_rule_grade_signal(kind):
    card = read_scorecard(kind)
    for family in {line.id.split("-")[0] for line in card.lines}:
        most = sum(
            max(*line.points, 0) for line in card.lines if line.id.split("-")[0] == family and not line.rule_grade
        )
        assert card.base_points + most < 139, family


def test_each_rule_grade_signal_of_a_listing_reaches_80_alone():
    model = scorecard("listing")
    for line in read_scorecard("listing").lines:
        if line.rule_grade:
            assert explain_row(model, {line.column: 1.0}).score >= 80, line.id


def test_a_listing_of_which_nothing_is_known_stands_at_the_base():
    fall = explain_row(scorecard("listing"), {})
    assert fall.score == fall.base_score == 2.0
    assert not fall.is_calibrated and fall.score_low is None


def test_authorised_goods_at_a_usual_price_stay_low():
    row = {"listing_authorised": 0.0, "price_gap": 0.0, "merchant_age": 900.0, "orders_refund_fake_rate": 0.0}
    assert explain_row(scorecard("listing"), row).score < 0.1


def test_only_signals_of_the_market_are_used_and_the_rest_is_named():
    terms = [Term("price-gap", "price_gap"), Term("own-thing", "own_thing")]
    model = scorecard("listing", terms)
    assert model.columns == ("price_gap",)
    assert model.card["signals_without_points"] == ["own-thing"]
    assert "wording-evasive" in model.card["signals_not_available"]


def test_a_scorecard_over_the_caps_is_refused_with_every_fault(tmp_path):
    text = """[listing]
base_points = -389
[[listing.signals]]
id = "price-gap"
unit = "log"
edges = [0.0]
points = [900, 0]
why = "x"
source = "y"
"""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(CallerError, match=r"price-gap gives 900 .*; family price"):
        scorecard("listing", path=path)


def test_a_rule_grade_line_is_free_of_the_caps():
    card = read_scorecard("listing")
    freed = replace(
        card,
        lines=tuple(replace(line, points=tuple(9 * p for p in line.points), rule_grade=True) for line in card.lines),
    )
    assert broken_rules(freed) == []


@pytest.mark.parametrize(
    "text", ["[listing", "[merchant]\nbase_points = 1\nsignals = []", "[listing]\nbase_points = 'x'"]
)
def test_a_broken_scorecard_file_is_named(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(CallerError, match=r"mine\.toml"):
        scorecard("listing", path=path)
