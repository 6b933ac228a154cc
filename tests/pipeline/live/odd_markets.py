"""Hand-made markets in which everything is missing somewhere, repeated somewhere and written oddly somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tests.signals.markets import AS_OF, Row, ago, brand, merchant, order, product, review, write_market

_BRANDS = (None, "Norvane", "norvane", "NORVANE", "Velkora", "nuofan", "Unknown House", "UNKNOWN house", "unbranded")
_CATEGORIES = (None, "Shoes > Sneakers", "Shoes", "Bags", "Watches")
_WORDS = (
    "red blue leather runner mirror quality copy genuine bag shoe watch classic new light Norvane Velkora Norvene AAA"
)
_PRICES = (None, 0, 8763, 9999, 10_000, 12_900, 4_321, 155, 20_000)
_STATUSES = (None, "active", "suspended")
_VERDICTS = ("counterfeit", "counterfeit", "genuine", "inconclusive")


def odd_market(folder: Path, seed: int, n_listings: int = 240, *, tables: str = "all") -> Path:
    """A market of random odd rows: `tables` is "all", "stats" (counters in place of orders) or "bare"."""
    return write_market(folder, **odd_tables(seed, n_listings, tables=tables))


def odd_tables(seed: int, n_listings: int = 240, *, tables: str = "all") -> dict[str, list[Row]]:
    """The rows of `odd_market` by table."""
    draw = np.random.default_rng(seed)
    merchants = [_merchant(draw, i) for i in range(24)]
    listings = [odd_listing(draw, i) for i in range(n_listings)]
    if tables == "bare":
        return {"merchants": merchants, "listings": listings}
    every: dict[str, list[Row]] = {
        "merchants": merchants,
        "listings": listings,
        "brands": _brands(),
        "products": [_product(draw, i) for i in range(12)],
        "images": [_image(draw, i, listings) for i in range(n_listings)],
        "verdicts": [_verdict(draw, row) for row in listings if draw.random() < 0.4],
    }
    if tables == "stats":
        every["listing_stats"] = [_stats(draw, row) for row in listings if draw.random() < 0.5]
    else:
        every["orders"] = [_order(draw, row) for row in listings if draw.random() < 0.6]
        every["reviews"] = [_review(draw, row) for row in listings if draw.random() < 0.4]
    return every


def _one(draw: np.random.Generator, values: Any) -> Any:
    return values[int(draw.integers(len(values)))]


def _text(draw: np.random.Generator, n: int) -> str:
    return " ".join(draw.choice(_WORDS.split(), n))


def _merchant(draw: np.random.Generator, i: int) -> Row:
    shared = {"phone": _one(draw, (None, "+33142685300", f"+3314268{i:04d}"))}
    return merchant(
        f"M{i}",
        registered_at=_one(draw, (None, ago(12), ago(900))),
        country=_one(draw, (None, "FR", "CN")),
        status=_one(draw, _STATUSES),
        feedback_rate=_one(draw, (None, 0.5, 0.99)),
        n_feedback=_one(draw, (None, 3, 500)),
        licence_no=_one(draw, (None, "X1")),
        **shared,
    )


def _brands() -> list[Row]:
    authorised = orjson.dumps(["M1", "M2", "M3"]).decode()
    return [
        brand("B1", "Norvane", aliases='["nuofan"]', authorised_merchants=authorised, is_luxury=True),
        brand("B2", "Velkora", categories='["Bags"]', rights_holder="House", gtin_prefixes='["4006381"]'),
        brand("B3", "Norvane Kids", rights_holder="House"),
    ]


def _product(draw: np.random.Generator, i: int) -> Row:
    return product(
        f"P{i}",
        _one(draw, ("B1", "B2", "B3")),
        gtin=_one(draw, (None, "04006381333931", "00012345678905", "05901234123457")),
        model=_one(draw, (None, "TR-200", "tr-200 ", f"X{i}")),
        list_price=_one(draw, (None, 0, 15_000)),
        currency=_one(draw, (None, "EUR", "USD")),
        attributes=_one(draw, (None, '{"colour":"red|blue","size":"39|40"}')),
        weight_g=_one(draw, (None, 0.0, 820.0)),
        origin=_one(draw, (None, "IT", "CN")),
    )


def odd_listing(draw: np.random.Generator, i: int) -> Row:
    removed = _one(draw, (None, None, None, ago(3), ago(200)))
    return {
        "listing_id": f"L{int(draw.integers(10)):02d}{i:04d}",
        "merchant_id": f"M{int(draw.integers(24) ** 2 // 24)}",
        "title": None if draw.random() < 0.1 else _one(draw, _titles(draw)),
        "description": _one(draw, (None, _text(draw, 30), _copied(draw), _copied(draw))),
        "brand": _one(draw, _BRANDS),
        "category": _one(draw, _CATEGORIES),
        "price": _one(draw, _PRICES),
        "currency": _one(draw, (None, "EUR", "EUR", "EUR", "USD")),
        "quantity": _one(draw, (None, 1, 500)),
        "gtin": _one(draw, (None, None, "04006381333931", "04006381333932", "00012345678905", "02012345678900")),
        "model": _one(draw, (None, "TR-200", "Tr-200", "X3")),
        "attributes": _one(draw, _SPECIFICATIONS),
        "ships_from": _one(draw, (None, "FR", "CN")),
        "listed_at": None if draw.random() < 0.1 else ago(float(draw.integers(1, 4000)) / 10),
        "removed_at": removed,
        "removal_reason": _one(draw, ("counterfeit", "Sold out", None)) if removed else None,
        "n_edits": _one(draw, (None, 0, 9)),
    }


_SPECIFICATIONS = (
    None,
    '{"colour":"red","size":"40","weight":"300 g"}',
    '{"colour":"green","size":"99","material":"leather","weight":"0 g"}',
    '{"colour":"blue","material":"leather","size":"39"}',
)


def _titles(draw: np.random.Generator) -> list[str]:
    return ["Norvane TR-200", "N0rvane TR 200!", "norvane tr 200", _text(draw, 5), _text(draw, 7), "No­rvane bag", "!!"]


_TEMPLATE = "This fine {} is made of real leather by hand and comes in a box with a card; we ship it at once from {}."


def _copied(draw: np.random.Generator) -> str:
    return _TEMPLATE.format(_text(draw, 1), _text(draw, int(draw.integers(1, 7))))


def _image(draw: np.random.Generator, i: int, listings: list[Row]) -> Row:
    base = int(draw.integers(6))
    bits = np.random.default_rng(base).integers(0, 256, 32, dtype=np.uint8)
    for _ in range(int(draw.integers(3))):
        bits[int(draw.integers(32))] ^= 1 << int(draw.integers(8))
    return {
        "image_id": f"I{i}",
        "listing_id": _one(draw, listings)["listing_id"],
        "pdq": _one(draw, (None, bits.tobytes().hex(), bits.tobytes().hex().upper(), "0" * 64)),
        "sha256": _one(draw, (None, f"{base}", f"h{i}")),
    }


def _verdict(draw: np.random.Generator, row: Row) -> Row:
    return {
        "subject_type": "listing",
        "subject_id": row["listing_id"],
        "verdict": _one(draw, _VERDICTS),
        "source": "test",
        "decided_at": ago(float(draw.integers(0, 3000)) / 10),
    }


def _order(draw: np.random.Generator, row: Row) -> Row:
    refunded = _one(draw, (None, None, ago(2)))
    return order(
        row["listing_id"],
        merchant_id=row["merchant_id"],
        amount=int(draw.integers(1, 4)) * 5_000,
        quantity=_one(draw, (None, 1, 2)),
        currency=_one(draw, (None, "EUR", row["currency"])),
        refunded_at=refunded,
        refund_reason=_one(draw, ("fake", "too small")) if refunded else None,
        parcel_weight_g=_one(draw, (None, 300.0, 820.0)),
        ships_from=_one(draw, (None, "FR", "CN")),
    )


def _review(draw: np.random.Generator, row: Row) -> Row:
    text = _one(draw, (None, "It is a fake", "Very nice", "genuine, as described"))
    return review(row["listing_id"], text, rating=_one(draw, (None, 1.0, 5.0)), merchant_id=row["merchant_id"])


def _stats(draw: np.random.Generator, row: Row) -> Row:
    sales = int(draw.integers(0, 30))
    return {
        "listing_id": row["listing_id"],
        "window_start": ago(90),
        "window_end": AS_OF,
        "n_sales": sales,
        "n_returns": sales // 3,
        "n_returned_as_fake": sales // 10,
        "revenue": sales * 9_000,
        "currency": "EUR",
    }
