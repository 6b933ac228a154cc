"""Listings and merchants as the report shows them in full: facts, reasons, waterfall, price among peers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from assay.market.values.currencies import exponent, is_code
from assay.pipeline.explaining import SMALL_STEP_POINTS, SMALL_STEPS, Explanation, explained, folded
from assay.pipeline.labels import label, percent, value_text
from assay.pipeline.originals import Originals
from assay.pipeline.runs import Run
from assay.publishing import Case, PriceContext, Reason, StepBar
from assay.rating import Step
from assay.signals.signal import Discrepancy, money_text

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
    """Makes cases of one run; titles and prices come from the originals, where these are still there."""

    run: Run
    originals: Originals

    def listings(self, ids: list[str]) -> tuple[Case, ...]:
        """One case per listing id, in the order given."""
        rows = self.originals.rows("listings", "listing_id", ids)
        shops = self.originals.rows("merchants", "merchant_id", [r["merchant_id"] for r in rows.values()])
        return tuple(
            self._case(found, rows.get(found.subject_id, {}), shops) for found in self._explained("listing", ids)
        )

    def merchants(self, ids: list[str]) -> tuple[Case, ...]:
        """One case per merchant id, in the order given, with its worst goods."""
        rows = self.originals.rows("merchants", "merchant_id", ids)
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
        titles = self.originals.rows("listings", "listing_id", ids)
        return {
            merchant: tuple(
                (r["listing_id"], titles.get(r["listing_id"], {}).get("title") or "(no title)", r["score"])
                for r in kept
            )
            for merchant, kept in worst.items()
        }

    @cached_property
    def _prices(self) -> pa.Table | None:
        return self.originals.prices()

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
    decimals = exponent(currency if currency and is_code(currency) else None)
    cuts = np.quantile(prices / 10**decimals, [0.05, 0.25, 0.5, 0.75, 0.95])
    spread = [float(cut) for cut in cuts]
    price = row["price"] / 10**decimals
    return PriceContext(price, currency or "without a currency", decimals, among, len(prices), *spread)


def _numbers(found: Explanation) -> tuple[tuple[str, str], ...]:
    numbers = found.numbers
    worst, share = numbers.get("worst_listing_score"), numbers.get("share_at_risk")
    return (
        ("live listings", f"{numbers.get('n_listings') or 0:,}"),
        ("worst listing", "none live" if worst is None else f"{worst:.1f}"),
        ("share of range at 40 or more", "none live" if share is None else percent(share)),
    )


def _facts(row: dict[str, Any], wanted: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Facts by their labels; of times the day is enough."""
    return tuple(
        (name_shown, str(row[name])[:10] if name.endswith("_at") else str(row[name]))
        for name, name_shown in wanted
        if row.get(name) is not None
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
    steps, n_folded = folded(fall)
    return Case(
        kind=found.subject_type,
        id=found.subject_id,
        name=name,
        score=fall.score,
        low=fall.score_low,
        high=fall.score_high,
        base=fall.base_score,
        base_points=fall.base_points,
        steps=tuple(step_bar(step, n_folded) for step in steps),
        reasons=_reasons(found, found.discrepancies),
        merchant_reasons=_reasons(found, found.merchant_discrepancies),
        facts=facts,
        not_checked=tuple(label(each) for each in found.not_checked),
        price=price,
        goods=goods,
    )


def _reasons(found: Explanation, discrepancies: tuple[Discrepancy, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(each.text, label(each.signal), found.points(each.signal)) for each in discrepancies)


def step_bar(step: Step, n_folded: int) -> StepBar:
    """A step in words; `n_folded` small steps stand behind the one that `folded` made."""
    if step.id == SMALL_STEPS:
        note = f"{n_folded} of less than {SMALL_STEP_POINTS} points each"
        return StepBar("other steps, together", note, step.points, step.score_after)
    return StepBar(_step_label(step), value_text(step.id, step.value), step.points, step.score_after)


def _step_label(step: Step) -> str:
    """The label of a signal; how the sum is fitted is said by the model."""
    return step.label if step.id == "calibration" else label(step.id)
