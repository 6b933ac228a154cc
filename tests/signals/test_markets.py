from tests.signals.markets import AS_OF, listing, make_market, order


def test_a_hand_made_market_holds_what_was_written_and_nothing_else(engine, tmp_path):
    one = listing(price=1000)
    market = make_market(engine, tmp_path / "m", listings=[one], orders=[order(one["listing_id"])])
    assert market.as_of == AS_OF
    assert market.has("listings.price", "orders.amount", "merchants.merchant_id")
    assert market.missing("listings.brand", "reviews.text") == ("listings.brand", "reviews.text")
    assert engine.collect(market.table("listings")).to_pylist()[0]["price"] == 1000
