"""Fills a casework database with open items and frozen findings of real size, in the database itself."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

from assay.casework.findings import (
    About,
    Content,
    Discrepancy,
    Fact,
    Goods,
    Merchant,
    NotChecked,
    NotComputed,
    Offer,
    Picture,
    Price,
    Step,
    Waterfall,
)

N_CATEGORIES, N_BRANDS, GOODS_OF_A_MERCHANT = 40, 300, 20

_ITEMS = """
INSERT INTO casework_item (id, subject_type, subject_id, merchant_id, merchant_name, title, brand, category,
    price_minor, currency, score, score_low, score_high, harm_minor, harm_currency, rank, stream,
    inclusion_probability, state, needs_blind_review, claimed_for, opened_at, updated_at)
SELECT n, 'listing', 'L' || lpad(n::text, 9, '0'), 'M' || (n / {goods}), 'Shop ' || (n / {goods}),
    'Norvane TR-' || (n % 997) || ' diver watch, steel, ' || (n % 31) || ' jewels', 'Brand ' || (n * 7919 % {brands}),
    'category/' || (n * 104729 % {categories}), 900 + n % 90000, 'EUR', 40 + (n * 48271 % 6000) / 100.0, 35, 95,
    (n * 16807 % 2000000), 'EUR', ln(1 + (n * 16807 % 2000000)) / ln(10) - (n % 60) / 30.0,
    CASE WHEN n % 50 = 0 THEN 'random' ELSE 'flagged' END, CASE WHEN n % 50 = 0 THEN 0.01 END, 'open', false, '',
    now() - (n % 60) * interval '1 day', now()
FROM generate_series({first}::bigint, {last}::bigint) AS n
"""
_FINDINGS = """
INSERT INTO casework_finding (id, item_id, frozen_at, snapshot_id, model, score, content, content_sha256)
SELECT n, n, now(), 'snapshot', 'model', 80, jsonb_set(%s::jsonb, '{{about,subject_id}}', to_jsonb('L' || n)),
    lpad(to_hex(n), 64, '0')
FROM generate_series({first}::bigint, {last}::bigint) AS n
"""


def fill(cursor: object, first: int, last: int) -> None:
    """Adds the items `first` to `last` with one finding each."""
    given = {
        "first": first,
        "last": last,
        "goods": GOODS_OF_A_MERCHANT,
        "brands": N_BRANDS,
        "categories": N_CATEGORIES,
    }
    cursor.execute(_ITEMS.format(**given))
    cursor.execute(_FINDINGS.format(**given), [json.dumps(sample().to_json())])
    cursor.execute(f"UPDATE casework_item SET finding_id = id WHERE id BETWEEN {first} AND {last}")


def settle(cursor: object) -> None:
    """Sequences behind the highest id, and fresh statistics for the planner."""
    for table in ("casework_item", "casework_finding"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    cursor.execute("VACUUM ANALYZE casework_item")
    cursor.execute("ANALYZE casework_finding")


def sample() -> Content:
    """A finding as full as those of a simulated market."""
    rng = random.Random(1)
    names = ("price-gap", "wording-evasive", "spec-weight", "imagery-reuse", "merchant-age", "repetition-copies")
    steps, before = [], 2.0
    for n in range(18):
        after = min(before + rng.uniform(-2, 9), 99)
        steps.append(Step(f"{names[n % 6]}-{n}", f"signal {n}", "0.2 times the usual", 0.2, 40, before, after))
        before = after
    said = tuple(
        Discrepancy(name, name, 0.3, f"Stated as {n} by the offer; the catalogue says {n + 7} for this product.", 60)
        for n, name in enumerate(names)
    )
    return Content(
        about=About("listing", "L1", "snapshot", datetime(2026, 6, 1, tzinfo=UTC).isoformat(), "calibrated", "ab" * 32),
        merchant=Merchant("M1", "Shop 1", "FR", "2024-02-01", "active"),
        waterfall=Waterfall(before, before - 6, before + 2, 2.0, -389, tuple(steps)),
        offer=Offer("Norvane TR-200", "A watch. " * 60, "Norvane", "watches", 1900, "EUR"),
        discrepancies=said,
        merchant_discrepancies=said[:2],
        facts=tuple(Fact(f"fact-{n}", f"fact {n}", "a value") for n in range(10)),
        price=Price(1900, "EUR", 2, "Norvane, watches", 412, 7900, 9900, 12000, 15900, 18900),
        pictures=tuple(Picture(f"I{n}", f"https://img.example/{n}", "cd" * 32, "ef" * 32, "", n) for n in range(4)),
        goods=tuple(Goods(f"L{n}", f"Norvane {n}", 90.0 - n) for n in range(8)),
        not_checked=tuple(NotChecked(f"n-{n}", f"signal {n}") for n in range(12)),
        not_computed=(NotComputed("order-weight", "parcel weight", "needs orders.parcel_weight_g"),),
    )
