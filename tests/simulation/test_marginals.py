"""The published facts of a real marketplace hold on a market of 50,000 listings.

Tolerances: twelve head sellers hold half of the counterfeits at this size, so shares that follow them may be off by a
fifth; counts that are constructed exactly are held to rounding.
"""

import numpy as np
import pytest

DAY = 86_400e6


@pytest.fixture(scope="module")
def facts(large):
    listings, truth = large.table("listings"), large.truth("listings")
    assert listings["listing_id"].equals(truth["listing_id"])
    as_of = large.table("listing_stats")["window_end"].cast("int64").to_numpy()[0]
    merchants = large.table("merchants")
    opened = dict(
        zip(merchants["merchant_id"].to_pylist(), merchants["registered_at"].cast("int64").to_pylist(), strict=True)
    )
    rates = {"EUR": 1.0, "USD": 1.10, "CNY": 7.80, "GBP": 0.85}
    return {
        "fake": truth["is_counterfeit"].to_numpy(),
        "age": (as_of - listings["listed_at"].cast("int64").to_numpy()) / DAY,
        "shop_age": (as_of - np.array([opened[m] for m in listings["merchant_id"].to_pylist()])) / DAY,
        "empty": listings["brand"].is_null().to_numpy(),
        "price": listings["price"].to_numpy() / np.array([rates[c] for c in listings["currency"].to_pylist()]),
        "category": np.array(listings["category"].to_pylist()),
        "title": np.array(listings["title"].to_pylist()),
        "id": np.array(listings["listing_id"].to_pylist()),
    }


def test_counterfeits_are_6_6_percent_of_listings(facts):
    assert facts["fake"].mean() == pytest.approx(0.066, abs=0.0005)


def test_72_percent_of_sellers_have_none_and_13_percent_nothing_else(large):
    shops = large.truth("merchants")
    n, bad = shops["n_listings"].to_numpy(), shops["n_counterfeit"].to_numpy()
    assert (bad == 0).mean() == pytest.approx(0.72, abs=0.005)
    assert (bad == n).mean() == pytest.approx(0.13, abs=0.005)


def test_half_of_the_counterfeits_are_at_the_head(large):
    bad = np.sort(large.truth("merchants")["n_counterfeit"].to_numpy())[::-1]
    assert bad[:12].sum() / bad.sum() == pytest.approx(0.5, abs=0.05)


def test_counterfeits_are_days_old_and_honest_listings_months(facts):
    assert np.median(facts["age"][facts["fake"]]) == pytest.approx(9, rel=0.25)
    assert np.median(facts["age"][~facts["fake"]]) == pytest.approx(146, rel=0.15)


def test_counterfeit_sellers_are_half_as_old(facts):
    assert np.median(facts["shop_age"][facts["fake"]]) == pytest.approx(318, rel=0.15)
    assert np.median(facts["shop_age"][~facts["fake"]]) == pytest.approx(630, rel=0.10)


def test_the_brand_is_missing_on_41_percent_and_more_often_on_counterfeits(facts):
    empty, fake = facts["empty"], facts["fake"]
    assert empty.mean() == pytest.approx(0.408, abs=0.03)
    assert fake[empty].mean() == pytest.approx(0.098, abs=0.012)
    assert fake[~empty].mean() == pytest.approx(0.045, abs=0.008)


def test_counterfeits_are_dearer_and_not_cheaper_for_their_category(facts):
    fake, price = facts["fake"], facts["price"]
    assert np.median(price[fake]) / np.median(price) == pytest.approx(833 / 733, abs=0.17)
    ratio = np.empty(len(price))
    outlier = np.zeros(len(price), dtype=bool)
    for category in np.unique(facts["category"]):
        rows = facts["category"] == category
        ratio[rows] = price[rows] / np.median(price[rows])
        low, high = np.quantile(price[rows], [0.25, 0.75])
        outlier[rows] = (price[rows] > high + 1.5 * (high - low)) | (price[rows] < low - 1.5 * (high - low))
    ranks = ratio.argsort().argsort() + 1
    n_fake = fake.sum()
    auc = (ranks[fake].sum() - n_fake * (n_fake + 1) / 2) / (n_fake * (~fake).sum())
    assert auc == pytest.approx(0.50, abs=0.05)
    assert outlier[fake].mean() == pytest.approx(0.135, abs=0.035)
    assert outlier[~fake].mean() == pytest.approx(0.049, abs=0.015)


def test_three_quarters_have_no_review(large, facts):
    reviewed = len(set(large.table("reviews")["listing_id"].to_pylist()))
    assert 1 - reviewed / len(facts["fake"]) == pytest.approx(0.76, abs=0.03)


def test_volumes_are_in_proportion(large, facts):
    n, rows = len(facts["fake"]), large.simulated.n_rows
    assert rows["orders"] / n == pytest.approx(3.5, abs=0.1)
    assert rows["reviews"] / n == pytest.approx(0.7, abs=0.05)
    assert rows["images"] / n == pytest.approx(1.0, abs=0.1)
    assert large.simulated.n_rows_in_all >= 6 * n


def test_some_generic_titles_are_nearly_always_counterfeit(facts):
    _, index, counts = np.unique(facts["title"], return_inverse=True, return_counts=True)
    rate = np.bincount(index, weights=facts["fake"]) / counts
    often = counts >= 6
    assert (rate[often] > 0.9).sum() >= 3
    assert (rate[often] < 0.05).sum() > (rate[often] > 0.9).sum()


def test_a_tenth_of_the_surest_is_never_caught(large):
    truth = large.truth("listings")
    fake, caught = truth["is_counterfeit"].to_numpy(), truth["caught"].to_numpy()
    assert caught[fake].mean() == pytest.approx(0.88, abs=0.02)
    assert not caught[~fake].any()


def test_test_buys_weighted_by_inclusion_estimate_the_share(large, facts):
    verdicts = large.table("verdicts")
    rows = [r for r in verdicts.to_pylist() if r["source"] == "test_buy"]
    weight = np.array([1 / r["inclusion_probability"] for r in rows])
    says_fake = np.array([r["verdict"] == "counterfeit" for r in rows])
    truth = facts["fake"].mean()
    share = (weight * says_fake).sum() / weight.sum()
    error = np.sqrt((weight**2 * (says_fake - share) ** 2).sum()) / weight.sum()
    assert abs(share - truth) < 4 * error + 0.01
