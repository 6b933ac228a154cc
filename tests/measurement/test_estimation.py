import numpy as np
import pytest

from assay.measurement import Authentication, Estimand, prevalence
from tests.measurement.made import changed, found, stratum, tables

# Members of seven societies, returns and women among them: Lohr, Sampling: Design and Analysis, example 4.3 (ACLS).
MEMBERS = (9100, 1950, 5500, 10850, 2100, 5500, 9000)
RETURNS = (636, 451, 481, 611, 493, 575, 588)
WOMEN_PERCENT = (38, 27, 18, 19, 36, 13, 26)


def societies():
    parts = zip(MEMBERS, RETURNS, WOMEN_PERCENT, strict=True)
    return [stratum(str(h), m, found(round(r * p / 100), r)) for h, (m, r, p) in enumerate(parts)]


def risky(*failures):
    """A frame of 10,000: few risky goods bought densely."""
    return (
        stratum("low", 9000, found(0, 150), rate=0.001),
        stratum("middle", 900, found(3, 100, *failures), rate=0.03),
        stratum("high", 100, found(30, 50), rate=0.5),
    )


def test_the_share_and_its_variance_are_those_of_the_textbook():
    result = prevalence(*tables(*societies()))
    # Published: 24.65 % and a standard error of 0.0071; whole women make 24.68 %.
    assert result.share == pytest.approx(0.2465, abs=5e-4)
    error = np.sqrt(result.share * (1 - result.share) / result.effective_n)
    assert error == pytest.approx(0.0071186, abs=5e-6)
    assert (result.high - result.low) / 2 == pytest.approx(1.96 * error, rel=0.03)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_the_share_and_its_variance_are_those_of_samplics():
    estimation, types = pytest.importorskip("samplics.estimation"), pytest.importorskip("samplics.utils.types")
    units, strata = tables(*societies())
    result = prevalence(units, strata)
    fractions = {str(h): 1 - n / m for h, (n, m) in enumerate(zip(RETURNS, MEMBERS, strict=True))}
    theirs = estimation.TaylorEstimator(types.PopParam.mean)
    theirs.estimate(
        y=np.array([o == "counterfeit" for o in units["outcome"].to_pylist()], dtype=float),
        samp_weight=1 / units["inclusion_probability"].to_numpy(),
        stratum=np.array(units["stratum"].to_pylist()),
        fpc=fractions,
    )
    assert result.share == pytest.approx(float(theirs.point_est), abs=1e-9)
    error = np.sqrt(result.share * (1 - result.share) / result.effective_n)
    assert error == pytest.approx(float(theirs.stderror), rel=1e-6)


def test_a_uniform_sample_gets_the_exact_interval():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    result = prevalence(*tables(stratum("a", 50_000, found(4, 500))))
    assert result.method == "Clopper-Pearson"
    expected = proportion.proportion_confint(4, 500, method="beta")
    assert (result.low, result.high) == pytest.approx(expected, abs=1e-9)


def test_a_frame_bought_whole_has_no_error():
    result = prevalence(*tables(stratum("a", 50, found(4, 50)), stratum("b", 150, found(2, 150))))
    assert (result.share, result.low, result.high, result.method) == (0.03, 0.03, 0.03, "bought whole")


def test_no_positives_give_an_honest_upper_limit():
    result = prevalence(*tables(stratum("a", 8000, found(0, 100)), stratum("b", 2000, found(0, 100))))
    assert (result.share, result.low) == (0.0, 0.0)
    # All fakes may be in the heavier stratum: 0.8 of the frame, of which 100 were bought.
    assert result.high == pytest.approx(0.8 * (1 - 0.05 ** (1 / 100)), rel=0.03)


def test_a_stratum_that_was_not_drawn_is_spoken_for_by_the_nearest():
    units, strata = tables(stratum("a", 800, found(8, 80), rate=0.1), stratum("b", 200, found(2, 40), rate=0.01))
    units = units.filter([s == "a" for s in units["stratum"].to_pylist()])
    assert prevalence(units, strata).share == pytest.approx(0.1)


def test_no_results_say_nothing():
    result = prevalence(*tables(stratum("a", 8000, [None] * 20)))
    assert (result.low, result.high, result.method, result.n_pending) == (0.0, 1.0, "no result", 20)


def test_the_interval_is_between_korn_graubard_and_gamma():
    result = prevalence(*tables(*risky()))
    ours, kg, gamma = (
        high - low for low, high in ((result.low, result.high), result.korn_graubard, result.gamma_mid_p)
    )
    assert kg < ours < gamma
    assert result.method == "restricted mid-p"


def test_the_order_of_rows_changes_nothing():
    units, strata = tables(*risky("swapped"))
    order = np.random.default_rng(1).permutation(units.num_rows)
    assert prevalence(units.take(order), strata) == prevalence(units, strata)
    assert prevalence(units, strata.take([2, 0, 1])) == prevalence(units, strata)


def test_failures_are_bounds_and_counted():
    result = prevalence(*tables(*risky("swapped", "not_delivered", "swapped")))
    assert result.failures == (("not_delivered", 1), ("swapped", 2))
    assert (result.n_failed, result.n_pending, result.n_buys) == (3, 0, 297)
    assert result.best_case.share < result.share < result.worst_case.share
    assert result.worst_case.share == pytest.approx((900 * 6 / 100 + 60) / 10_000)
    assert result.worst_case.high > result.high
    assert result.reweighted == result.share
    assert result.complete_case != result.share


def test_a_second_examination_that_disagrees_takes_the_positive_away():
    units, strata = tables(*risky())
    second = [None] * 250 + ["counterfeit"] * 20 + ["genuine"] * 7 + ["inconclusive"] * 3 + [None] * 20
    result = prevalence(changed(units, "second_outcome", second), strata)
    assert (result.n_positive, result.n_refuted, result.n_unconfirmed, result.n_failed) == (23, 7, 3, 3)


def test_orders_and_value_weigh_a_unit_by_its_sales():
    parts = (
        stratum("a", 1000, found(1, 100), sizes=[40] + [4] * 99, n_orders=4400),
        stratum("b", 200, found(5, 100), n_orders=200),
    )
    units, strata = tables(*parts)
    expected = (40 * 10 + 5 * 2) / 4600
    assert prevalence(units, strata, Estimand.ORDERS).share == pytest.approx(expected)
    assert prevalence(units, strata, "value").share == pytest.approx(expected)
    assert prevalence(units, strata, "listings").share == pytest.approx((10 + 10) / 1200)


def test_the_difference_estimate_is_a_check_for_listings_with_scores():
    units, strata = tables(
        stratum("a", 900, found(1, 50), rate=0.02, score=2.0), stratum("b", 100, found(9, 50), rate=0.2, score=20.0)
    )
    result = prevalence(units, strata)
    # All scores of a stratum are its mean, so nothing is gained and the estimates are the same.
    assert result.difference == pytest.approx(result.share)
    assert prevalence(units, strata, "orders").difference is None


def test_a_model_of_the_examiner_moves_share_and_interval():
    model = Authentication(48, 50, 146, 150)
    result = prevalence(*tables(*risky()), model=model)
    assert result.corrected is not None
    assert result.corrected.share < result.share
    assert result.corrected.low <= result.corrected.share <= result.corrected.high
    assert prevalence(*tables(*risky())).corrected is None


def test_the_interval_holds_no_share_below_what_was_seen():
    result = prevalence(*tables(stratum("a", 60, found(29, 58)), stratum("b", 940, found(0, 100))))
    assert result.low >= 29 / 1000
