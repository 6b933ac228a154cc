from types import SimpleNamespace

import numpy as np
import pytest

from assay.market.errors import CallerError
from assay.measurement import Authentication
from assay.measurement.authentication import correct, corrected_limits, lang_reiczigel
from assay.measurement.intervals import clopper_pearson
from assay.measurement.published import Published
from tests.measurement.made import changed, found, stratum, tables


def numbers(*values):
    return tuple(np.array([value]) for value in values)


def test_controls_give_sensitivity_and_specificity():
    controls = [("counterfeit", "counterfeit")] * 19 + [("counterfeit", "genuine"), ("counterfeit", "inconclusive")]
    controls += [("genuine", "genuine")] * 58 + [("genuine", "counterfeit")] * 2
    units, _ = tables(stratum("a", 100, found(1, 10)), controls=controls)
    model = Authentication.from_controls(units)
    assert model == Authentication(19, 20, 58, 60)
    assert (model.sensitivity, model.specificity) == (0.95, 58 / 60)
    assert model.specificity_interval() == pytest.approx([float(x) for x in clopper_pearson(58, 60)])


def test_controls_are_decided_by_both_examinations_as_buys_are():
    units, _ = tables(
        stratum("a", 100, ["genuine"]), controls=[("genuine", "counterfeit"), ("counterfeit", "counterfeit")]
    )
    units = changed(units, "second_outcome", [None, "genuine", "counterfeit"])
    assert Authentication.from_controls(units) == Authentication(1, 1, 1, 1)


@pytest.mark.parametrize("controls", [[], [("genuine", "genuine")], [("counterfeit", "counterfeit")]])
def test_without_both_kinds_of_controls_there_is_no_model(controls):
    units, _ = tables(stratum("a", 100, ["genuine"]), controls=controls)
    assert Authentication.from_controls(units) is None


@pytest.mark.parametrize("counts", [(5, 4, 10, 10), (0, 0, 10, 10), (1, 2, -1, 5)])
def test_impossible_controls_are_refused(counts):
    with pytest.raises(CallerError, match="impossible"):
        Authentication(*counts)


def test_an_examiner_who_is_never_wrong_changes_nothing():
    sure = Authentication(10**7, 10**7, 10**7, 10**7)
    result = correct(Published(0.012, 0.008, 0.019, "restricted mid-p"), sure, 0.95)
    assert (result.share, result.low, result.high) == pytest.approx((0.012, 0.008, 0.019), abs=1e-5)


def test_the_corrected_share_is_that_of_rogan_and_gladen():
    result = correct(Published(0.05, 0.04, 0.07, ""), Authentication(90, 100, 196, 200), 0.95)
    assert result.share == pytest.approx((0.05 + 0.98 - 1) / (0.9 + 0.98 - 1))


def test_fewer_positives_than_false_alarms_give_a_share_of_zero_and_room_above():
    result = correct(Published(0.004, 0.001, 0.012, ""), Authentication(95, 100, 97, 100), 0.95)
    assert (result.share, result.low) == (0.0, 0.0)
    assert 0.005 < result.high < 0.05


def test_fewer_controls_make_a_wider_interval():
    apparent = numbers(0.03, 0.022, 0.041)
    widths = []
    for n in (50, 200, 5000):
        low, high = corrected_limits(apparent, Authentication(round(0.9 * n), n, round(0.98 * n), n))
        widths.append(float(high[0] - low[0]))
    assert widths[0] > widths[1] > widths[2] > 0.019


def test_an_examiner_no_better_than_a_coin_says_nothing():
    result = correct(Published(0.5, 0.4, 0.6, ""), Authentication(5, 10, 5, 10), 0.95)
    assert (result.low, result.high) == (0.0, 1.0)


def test_lang_reiczigel_is_agresti_coull_like_where_the_examiner_is_sure():
    sure = Authentication(10**9, 10**9, 10**9, 10**9)
    low, high = lang_reiczigel(0.1, 500, sure)
    n, p = 500 + 1.96**2, (50 + 1.96**2 / 2) / (500 + 1.96**2)
    half = 1.96 * np.sqrt(p * (1 - p) / n)
    assert (float(low), float(high)) == pytest.approx((p - half, p + half), abs=1e-5)


@pytest.mark.parametrize(("share", "se", "sp"), [(0.01, 0.8, 0.98), (0.03, 0.95, 0.995), (0.003, 0.95, 1.0)])
def test_the_corrected_interval_covers_with_200_controls(share, se, sp):
    rng = np.random.default_rng(4)
    n, runs = 1500, 1500
    seen = rng.binomial(n, share * se + (1 - share) * (1 - sp), runs)
    fakes, genuine = rng.binomial(100, se, runs), rng.binomial(100, sp, runs)
    # One model of arrays: the same arithmetic for every run at once.
    model = SimpleNamespace(n_fakes_found=fakes, n_fakes=100, n_genuine_passed=genuine, n_genuine=100)
    model.sensitivity, model.specificity = fakes / 100, genuine / 100
    low, high = corrected_limits((seen / n, *clopper_pearson(seen, n)), model)
    # 94 % is asked; three standard errors of 1,500 runs are 0.018.
    assert ((low <= share) & (share <= high)).mean() >= 0.94 - 0.018
