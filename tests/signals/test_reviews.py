from __future__ import annotations

import pyarrow as pa
import pytest

from assay.signals import reviews
from assay.signals.reviews import review_claims
from tests.signals.markets import ago, listing, review


def test_fake_rate_counts_who_says_fake_and_not_who_denies_it(measured):
    one, other = listing(), listing()
    texts = ["This is a fake!", "not a fake, 100% original", "正品", "nice colour", None]
    rows = measured(
        reviews.measure_listings,
        listings=[one, other],
        reviews=[review(one["listing_id"], text, rating=1) for text in texts],
    )
    row = rows[one["listing_id"]]
    assert row["reviews_fake_rate"] == pytest.approx((1 + 20 * 0.25) / 24)
    assert (row["reviews_fake_rate__n_genuine"], row["reviews_fake_rate__n_events"], row["reviews_count"]) == (2, 4, 5)
    silent = rows[other["listing_id"]]
    assert (silent["reviews_fake_rate"], silent["reviews_rating"], silent["reviews_count"]) == (None, None, 0)


def test_rating_is_drawn_towards_the_market(measured):
    one, other = listing(), listing()
    stars = [review(one["listing_id"], rating=1)] + [review(other["listing_id"], rating=5) for _ in range(3)]
    rows = measured(reviews.measure_listings, listings=[one, other], reviews=stars)
    assert rows[one["listing_id"]]["reviews_rating"] == pytest.approx((1 + 20 * 4) / 21)
    assert "reviews_fake_rate" not in rows[one["listing_id"]]


def test_reviews_after_the_rating_do_not_count(measured):
    one = listing()
    rows = measured(
        reviews.measure_listings,
        listings=[one],
        reviews=[review(one["listing_id"], "fake", written_at=ago(-1)), review(one["listing_id"], "ok")],
    )
    assert (rows[one["listing_id"]]["reviews_fake_rate"], rows[one["listing_id"]]["reviews_count"]) == (0.0, 1)


def test_merchants_add_up_the_reviews_of_all_their_goods(measured):
    first, second, other = listing(), listing(), listing(merchant_id="M2")
    rows = measured(
        reviews.measure_merchants,
        key="merchant_id",
        listings=[first, second, other],
        reviews=[review(first["listing_id"], "fake!"), review(second["listing_id"], "good")],
    )
    assert rows["M1"]["reviews_merchant_fake_rate"] == pytest.approx((1 + 20 * 0.5) / 22)
    assert rows["M2"]["reviews_merchant_fake_rate"] is None


def test_a_market_without_reviews_gives_nothing(measured):
    assert measured(reviews.measure_listings, listings=[listing()]) == {}
    assert measured(reviews.measure_merchants, key="merchant_id", listings=[listing()]) == {}


def test_kernel_takes_an_empty_batch():
    batch = pa.RecordBatch.from_pydict({"listing_id": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    assert review_claims(batch).num_rows == 0


def test_sentences_state_both_facts(golden):
    row = {"reviews_count": 14.0}
    for prefix in ("reviews", "reviews_merchant"):
        fake, rating = f"{prefix}_fake_rate", f"{prefix}_rating"
        row |= {f"{fake}__n_hits": 3, f"{fake}__n_events": 14, f"{fake}__n_genuine": 1, f"{fake}__usual": 0.004}
        row |= {f"{rating}__mean": 1.42, f"{rating}__n_events": 9, f"{rating}__usual": 4.44}
    ones = {name: 1 for name in row if name.endswith(("__n_hits", "__n_events", "_count"))}
    golden("reviews.txt", [signal.sentence(each) for each in (row, row | ones) for signal in reviews.SIGNALS])
