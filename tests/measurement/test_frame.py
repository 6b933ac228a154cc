"""The frame of a small market: what is in it, what is left out and why, the same on every engine."""

import hashlib

import pyarrow as pa
import pytest

from assay.market.errors import CallerError
from assay.measurement.frame import FrameSettings, candidates, frame_counts, frame_hash, in_frame, main_currency
from tests.engines import assert_same_rows
from tests.signals.markets import ago, brand, listing, make_market, merchant, order


@pytest.fixture
def engine(duckdb_engine):
    return duckdb_engine


EUR = FrameSettings("EUR", rates={"USD": 0.9})


def rows_of(engine, tmp_path, settings=EUR, scores=None, **tables):
    market = make_market(engine, tmp_path / "market", **tables)
    ids = [row["listing_id"] for row in tables["listings"]]
    scored = pa.table({"listing_id": ids, "score": pa.array(scores or [12.5] * len(ids), pa.float64())})
    found = candidates(market, engine.table(scored, "scored"), settings)
    return market, found, {row["listing_id"]: row for row in engine.collect(found).to_pylist()}


def test_what_cannot_be_bought_is_left_out_and_counted_by_reason(engine, tmp_path):
    kept, removed, future, shut, empty, unrated = (
        listing(quantity=5),
        listing(removed_at=ago(3)),
        listing(listed_at=ago(-2)),
        listing(merchant_id="M2"),
        listing(quantity=0),
        listing(),
    )
    market, found, rows = rows_of(
        engine,
        tmp_path,
        scores=[10.0] * 5 + [None],
        listings=[kept, removed, future, shut, empty, unrated],
        merchants=[merchant("M2", status="closed")],
    )
    reasons = [rows[each["listing_id"]]["excluded"] for each in (kept, removed, future, shut, empty, unrated)]
    assert reasons == [None, "removed", "not yet listed", "merchant closed or suspended", "sold out", "not rated"]
    counts = frame_counts(market, found, EUR)
    assert counts.n_units == 1
    assert sum(counts.exclusions.values()) == 5
    assert [row["listing_id"] for row in engine.collect(in_frame(found)).to_pylist()] == [kept["listing_id"]]


def test_a_listing_taken_down_after_the_instant_is_still_in_the_frame(engine, tmp_path):
    row = listing(removed_at=ago(-1))
    assert rows_of(engine, tmp_path, listings=[row])[2][row["listing_id"]]["excluded"] is None


def test_sales_are_those_of_the_period_in_the_frames_currency(engine, tmp_path):
    goods = listing(price=2_000, currency="USD")
    sold = [
        order(goods["listing_id"], amount=10_000),
        order(goods["listing_id"], amount=999, currency="USD"),
        order(goods["listing_id"], amount=5_000, currency="JPY"),
        order(goods["listing_id"], amount=10_000, ordered_at=ago(91)),
        order(goods["listing_id"], amount=10_000, ordered_at=ago(-1)),
    ]
    market, found, rows = rows_of(engine, tmp_path, listings=[goods], orders=sold)
    row = rows[goods["listing_id"]]
    assert (row["n_orders"], row["revenue_minor"], row["price_minor"]) == (3, 10_000 + 899, 1_800)
    counts = frame_counts(market, found, EUR)
    assert (counts.uncounted_orders, counts.sales_from) == ({"JPY": 1}, "orders")
    assert main_currency(market) == "EUR"


def test_without_orders_or_statistics_only_listings_can_be_measured(engine, tmp_path):
    market, found, rows = rows_of(engine, tmp_path, listings=[listing()])
    assert frame_counts(market, found, EUR).sales_from is None
    assert next(iter(rows.values()))["n_orders"] == 0


def test_statistics_stand_in_for_orders(engine, tmp_path):
    goods = listing()
    stats = [
        {"listing_id": goods["listing_id"], "window_end": ago(day), "n_sales": n, "revenue": 100 * n, "currency": "EUR"}
        for day, n in ((30, 4), (1, 7), (-5, 99))
    ]
    market, found, rows = rows_of(engine, tmp_path, listings=[goods], listing_stats=stats)
    assert (rows[goods["listing_id"]]["n_orders"], rows[goods["listing_id"]]["revenue_minor"]) == (7, 700)
    assert frame_counts(market, found, EUR).sales_from == "listing_stats"


def test_safety_class_is_that_of_the_brand_by_name_or_alias(engine, tmp_path):
    brands = [brand(name="Norvane", aliases='["诺凡"]', safety_class="high")]
    goods = [listing(brand=" norvane "), listing(brand="诺凡"), listing(brand="Other"), listing()]
    rows = rows_of(engine, tmp_path, listings=goods, brands=brands)[2]
    assert [rows[each["listing_id"]]["safety_class"] for each in goods] == ["high", "high", None, None]


def test_merchants_are_sized_by_their_orders_in_the_frame(engine, tmp_path):
    goods = [listing(), listing(merchant_id="M2"), listing(merchant_id="M2")]
    sold = [order(goods[1]["listing_id"]) for _ in range(12)]
    _, found, _ = rows_of(engine, tmp_path, listings=goods, orders=sold)
    sizes = {row["listing_id"]: row["merchant_size"] for row in engine.collect(in_frame(found)).to_pylist()}
    assert [sizes[each["listing_id"]] for each in goods] == ["no orders", "10-99 orders", "10-99 orders"]


def test_every_engine_gives_the_same_frame(duckdb_engine, other_engine, tmp_path):
    brands = [brand(name="Norvane", aliases='["诺凡"]', safety_class="high")]
    goods = [
        listing(
            listing_id=f"L{i:03d}", merchant_id=f"M{i % 5}", brand=(" Norvane", "诺凡", None)[i % 3], price=1_000 + i
        )
        | {
            "currency": ("EUR", "USD", "JPY")[i % 3],
            "quantity": i % 7,
            "removed_at": ago(i - 20) if i % 4 == 0 else None,
        }
        for i in range(60)
    ]
    sold = [
        order(f"L{i % 50:03d}", amount=101 * i, currency=("EUR", "USD", "JPY")[i % 3], ordered_at=ago(i))
        for i in range(200)
    ]
    markets = [
        make_market(each, tmp_path / each.name, listings=goods, orders=sold, brands=brands)
        for each in (duckdb_engine, other_engine)
    ]
    scored = pa.table({"listing_id": [row["listing_id"] for row in goods], "score": [i / 7 for i in range(60)]})
    frames = [in_frame(candidates(m, m.engine.table(scored, "scored"), EUR)) for m in markets]
    assert_same_rows(*(m.engine.collect(frame) for m, frame in zip(markets, frames, strict=True)))


def test_the_hash_is_that_of_a_csv_file_anybody_can_write():
    batch = pa.record_batch(
        {
            "listing_id": ["L1", 'L,"2"'],
            "stratum": ["m1", "m2"],
            "score_hundredths": [1250, 0],
            "n_orders": [3, 0],
            "revenue_minor": [900, 0],
        }
    )
    text = b'"L1","m1",1250,3,900\n"L,""2""","m2",0,0,0\n'
    assert frame_hash(iter([batch])) == hashlib.sha256(text).hexdigest()
    assert frame_hash(iter([batch[:1], batch[1:]])) == frame_hash(iter([batch]))


@pytest.mark.parametrize("wrong", [{"period_days": 0}, {"rates": {"USD": 0.0}}, {"rates": {"USD": float("inf")}}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(CallerError):
        FrameSettings("EUR", **wrong)
