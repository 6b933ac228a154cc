"""Listings and merchants as the report shows them in full: facts, sentences, waterfall, price among peers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from assay.engine import Snapshot
from assay.market.values.currencies import exponent, is_code
from assay.pipeline.explaining import Explanation, explained
from assay.pipeline.runs import Run
from assay.publishing import Case, PriceContext, StepBar
from assay.rating import Step
from assay.signals.signal import money_text

# With fewer offers a picture of the spread says nothing.
_LEAST_PEERS = 5
_GOODS_SHOWN = 8
_LISTING_FACTS = (
    ("brand", "brand field"),
    ("category", "category"),
    ("condition", "condition"),
    ("ships_from", "ships from"),
    ("listed_at", "listed"),
    ("removed_at", "removed"),
)
_MERCHANT_FACTS = (("country", "country"), ("registered_at", "registered"), ("status", "status"))


@dataclass(frozen=True)
class CaseSource:
    """Makes cases of one run; `snapshot` is None when the market is no longer where it was, and names are then ids."""

    run: Run
    snapshot: Snapshot | None

    def listings(self, ids: list[str]) -> tuple[Case, ...]:
        """One case per listing id, in the order given."""
        rows = self._market_rows("listings", "listing_id", ids)
        shops = self._market_rows("merchants", "merchant_id", [r["merchant_id"] for r in rows.values()])
        return tuple(
            self._case(found, rows.get(found.subject_id, {}), shops) for found in self._explained("listing", ids)
        )

    def merchants(self, ids: list[str]) -> tuple[Case, ...]:
        """One case per merchant id, in the order given, with its worst goods."""
        rows = self._market_rows("merchants", "merchant_id", ids)
        goods = self._worst_goods(ids)
        cases = []
        for found in self._explained("merchant", ids):
            row = rows.get(found.subject_id, {})
            facts = (*_numbers(found), *_facts(row, _MERCHANT_FACTS))
            cases.append(_shown(found, row.get("name") or "merchant", facts, goods=goods.get(found.subject_id, ())))
        return tuple(cases)

    def _explained(self, kind: str, ids: list[str]) -> list[Explanation]:
        scores = self.run.rows(f"scores_{kind}s", f"{kind}_id", ids)
        values = self.run.measured_rows(kind, ids)
        return [explained(self.run, kind, values.get(each, {}), scores[each]) for each in ids if each in scores]

    def _case(self, found: Explanation, row: dict[str, Any], shops: dict[str, dict[str, Any]]) -> Case:
        shop = shops.get(found.merchant_id, {})
        facts = [("offered by", f"{shop.get('name') or 'merchant'} ({found.merchant_id})")]
        if row.get("price") is not None:
            facts.append(("price", money_text(row["price"], row["currency"])))
        facts += _facts(row, _LISTING_FACTS)
        return _shown(found, row.get("title") or "(no title)", tuple(facts), price=self._price(row))

    def _market_rows(self, table: str, key: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        if self.snapshot is None or table not in self.snapshot.tables:
            return {}
        found = ds.dataset(self.snapshot.tables[table]).to_table(filter=ds.field(key).isin(sorted(set(ids))))
        return {row[key]: row for row in found.to_pylist()}

    def _worst_goods(self, merchants: list[str]) -> dict[str, tuple[tuple[str, str, float], ...]]:
        scores: pa.Table = self.run.table("scores_listings").to_table(
            columns=["listing_id", "merchant_id", "score"], filter=ds.field("merchant_id").isin(merchants)
        )
        ordered = scores.sort_by([("score", "descending"), ("listing_id", "ascending")]).to_pylist()
        worst: dict[str, list[dict[str, Any]]] = {}
        for row in ordered:
            kept = worst.setdefault(row["merchant_id"], [])
            if len(kept) < _GOODS_SHOWN:
                kept.append(row)
        ids = [row["listing_id"] for kept in worst.values() for row in kept]
        titles = self._market_rows("listings", "listing_id", ids)
        return {
            merchant: tuple(
                (r["listing_id"], titles.get(r["listing_id"], {}).get("title") or "(no title)", r["score"])
                for r in kept
            )
            for merchant, kept in worst.items()
        }

    @cached_property
    def _prices(self) -> pa.Table | None:
        if self.snapshot is None:
            return None
        names = ["brand", "category", "currency", "price"]
        return ds.dataset(self.snapshot.tables["listings"]).to_table(columns=names, filter=ds.field("price").is_valid())

    def _price(self, row: dict[str, Any]) -> PriceContext | None:
        """The price among offers of the same brand and category, or of the category, in the same currency."""
        if self._prices is None or row.get("price") is None or not row.get("category"):
            return None
        same = (ds.field("category") == row["category"]) & (ds.field("currency") == row["currency"])
        branded = same & (ds.field("brand") == row["brand"]) if row.get("brand") else None
        for condition, among in ((branded, f"{row.get('brand')}, {row['category']}"), (same, str(row["category"]))):
            if condition is None:
                continue
            prices = self._prices.filter(condition).column("price").to_numpy()
            if len(prices) >= _LEAST_PEERS:
                return _context(row, among, prices)
        return None


def _context(row: dict[str, Any], among: str, prices: Any) -> PriceContext:  # noqa: ANN401 - a numpy array
    currency = row["currency"]
    unit = 10 ** exponent(currency if currency and is_code(currency) else None)
    cuts = np.quantile(prices / unit, [0.05, 0.25, 0.5, 0.75, 0.95])
    spread = [float(cut) for cut in cuts]
    return PriceContext(row["price"] / unit, currency or "no currency", among, len(prices), *spread)


def _numbers(found: Explanation) -> tuple[tuple[str, str], ...]:
    numbers = found.numbers
    worst, share = numbers.get("worst_listing_score"), numbers.get("share_at_risk")
    return (
        ("live listings", f"{numbers.get('n_listings') or 0:,}"),
        ("worst listing", "none live" if worst is None else f"{worst:.1f}"),
        ("share of range at 40 or more", "none live" if share is None else f"{share:.0%}"),
    )


def _facts(row: dict[str, Any], wanted: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label, str(row[name])[:60].removesuffix("+00:00")) for name, label in wanted if row.get(name) is not None
    )


def _shown(
    found: Explanation,
    name: str,
    facts: tuple[tuple[str, str], ...],
    *,
    price: PriceContext | None = None,
    goods: tuple[tuple[str, str, float], ...] = (),
) -> Case:
    fall = found.waterfall
    said = {each.signal: each.text for each in found.discrepancies}
    return Case(
        kind=found.subject_type,
        id=found.subject_id,
        name=name,
        score=fall.score,
        low=fall.score_low,
        high=fall.score_high,
        base=fall.base_score,
        steps=tuple(_bar(step) for step in fall.steps if step.points),
        sentences=tuple(said[step.id] for step in fall.steps if step.id in said)
        + tuple(text for signal, text in said.items() if signal not in {step.id for step in fall.steps}),
        facts=facts,
        not_checked=found.not_checked,
        price=price,
        goods=goods,
    )


def _bar(step: Step) -> StepBar:
    note = "" if step.id == "calibration" else f"{step.value:,.4g}" if step.value is not None else "not checked"
    return StepBar(step.label or step.id, note, step.points, step.score_before, step.score_after)
