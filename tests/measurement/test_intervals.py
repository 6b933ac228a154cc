import numpy as np
import pytest
from scipy import stats

from assay.market.errors import CallerError
from assay.measurement.intervals import clopper_pearson, gamma_mid_p, korn_graubard, mid_p

# Down's syndrome by mother's age, birth order 5 and more, Michigan 1950-1964 (Fleiss 1981, table 14.4; the example of
# Fay and Feuer 1997): cases, births, and births of all orders as the standard.
CASES = np.array([0, 8, 63, 112, 262, 295])
BIRTHS = np.array([327, 30666, 123419, 149919, 104088, 34392])
STANDARD = np.array([319933, 931318, 786511, 488235, 237863, 61313])


@pytest.mark.parametrize(("positives", "n"), [(0, 300), (1, 300), (17, 1000), (500, 500)])
def test_clopper_pearson_is_that_of_statsmodels(positives, n):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    expected = proportion.proportion_confint(positives, n, alpha=0.05, method="beta")
    assert clopper_pearson(positives, n) == pytest.approx(expected, nan_ok=False, abs=1e-12)


def test_gamma_mid_p_is_that_of_r_on_the_example_of_fay_and_feuer():
    # dsrTest 1.0.0 (vignette, method "gamma", midp = TRUE) prints 75.52901 and 59.71632 to 173.08170 per 100,000.
    assert STANDARD.sum() == 2_825_173
    weight = 1e5 * STANDARD / STANDARD.sum() / BIRTHS
    rate, variance = (weight * CASES).sum(), (weight**2 * CASES).sum()
    low, high = gamma_mid_p(rate, variance, weight.max())
    assert rate == pytest.approx(75.52901, abs=5e-6)
    assert (float(low), float(high)) == pytest.approx((59.71632, 173.08170), abs=1e-4)


def test_gamma_mid_p_of_equal_weights_is_the_mid_p_interval_of_a_count():
    low, high = gamma_mid_p(7.0, 7.0, 1.0)
    assert (stats.poisson.sf(7, low) + stats.poisson.sf(6, low)) / 2 == pytest.approx(0.025)
    assert (stats.poisson.cdf(7, high) + stats.poisson.cdf(6, high)) / 2 == pytest.approx(0.025)


def test_gamma_mid_p_of_nothing_is_bounded_by_the_largest_weight():
    low, high = gamma_mid_p(0.0, 0.0, 0.002)
    assert low == 0.0
    assert high == pytest.approx(-np.log(0.05) * 0.002)


def test_mid_p_cuts_half_of_the_observed_chance_at_each_end():
    low, high = mid_p(9, 400)
    above = stats.binom.sf(9, 400, low) + stats.binom.pmf(9, 400, low) / 2
    below = stats.binom.cdf(8, 400, high) + stats.binom.pmf(9, 400, high) / 2
    assert (above, below) == (pytest.approx(0.025), pytest.approx(0.025))


def test_korn_graubard_is_clopper_pearson_when_the_sample_is_uniform():
    share = 12 / 800
    low, high = korn_graubard(share, share * (1 - share) / 800, 800)
    assert (float(low), float(high)) == pytest.approx([float(x) for x in clopper_pearson(12, 800)])


def test_korn_graubard_without_variance_uses_the_number_of_buys():
    assert float(korn_graubard(0.0, 0.0, 300)[1]) == pytest.approx(float(clopper_pearson(0, 300)[1]))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_outside_0_to_1_is_refused(confidence):
    with pytest.raises(CallerError, match="between 0 and 1"):
        clopper_pearson(1, 10, confidence=confidence)
