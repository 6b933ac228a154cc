"""A model whose level moved by test buys: the shift is there, intervals widen, the order of scores stays."""

import numpy as np
import pytest

from assay.measurement.recalibration import Interval
from assay.measurement.refitting import Refit
from assay.pipeline.recalibrating import refitted
from assay.rating import CalibrationTable, Model, Term, TermTable, load_model, save_model, score_of


def a_model(calibrated=True):
    term = TermTable(Term("price-gap", "price_gap"), (0.0,), (150, -50))
    table = CalibrationTable((-400, 0, 300), (-500, -100, 250), (-560, -150, 190), (-440, -60, 300), "test", {"n": 3})
    return Model("listing", -300, (term,), table if calibrated else None, {"label": "x", "limits": ["a"]})


def a_refit(shift=0.5, slope=1.0, error=0.2, slope_error=0.0):
    moved, turned = Interval(shift, shift - 0.4, shift + 0.4), Interval(slope, slope, slope)
    return Refit(moved, turned, -3.0, error, slope_error, 2000, 80, 40.0, None, None)


def test_a_shift_moves_every_point_by_as_much():
    before, after = a_model(), refitted(a_model(), a_refit(0.5), "plan x")
    assert np.array_equal(after.score_points([-400, 0, 300])[0] - before.score_points([-400, 0, 300])[0], [50, 50, 50])


def test_a_slope_turns_the_line_about_its_centre():
    points = refitted(a_model(), a_refit(0.0, 0.5), "plan x").score_points([-400, 0, 300])[0]
    assert points.tolist() == [-400, -200, -25]


def test_the_interval_widens_by_the_error_of_the_refit():
    before, after = a_model().calibration, refitted(a_model(), a_refit(), "plan x").calibration
    for i in range(3):
        half = before.points[i] - before.low[i]
        assert after.points[i] - after.low[i] == pytest.approx(np.hypot(half, 196 * 0.2), abs=1)


def test_the_order_of_scores_never_turns():
    after = refitted(a_model(), a_refit(2.0, 0.3, 0.4, 0.2), "plan x")
    points, low, high = after.score_points(np.arange(-500, 400))
    assert (np.diff(points) >= 0).all() and (low <= points).all() and (points <= high).all()


def test_a_scorecard_gets_its_first_calibration():
    after = refitted(a_model(calibrated=False), a_refit(-0.7), "plan x")
    assert after.is_calibrated
    assert after.score_points([-200])[0].tolist() == [-270]
    assert "expert scorecard" in after.calibration.rests_on


def test_limits_of_the_scale_hold():
    after = refitted(a_model(calibrated=False), a_refit(9.0), "plan x")
    assert max(after.calibration.high) <= 921
    assert score_of(after.score_points([921])[0]).max() < 100


def test_the_card_says_what_happened_and_drops_figures_of_the_old_level(tmp_path):
    after = refitted(a_model(), a_refit(), "plan x")
    save_model(after, tmp_path / "listing.json")
    card = load_model(tmp_path / "listing.json").card
    assert "2000 test buys of plan x (80 counterfeit)" in card["calibration_rests_on"]
    assert card["figures"] is None and "not for the level" in card["limits"][-1]
