"""Small markets with known truth, as labelled signal tables."""

import numpy as np
import pyarrow as pa

from assay.rating import Term

TERMS = (
    Term("price-gap", "price_gap", "two-sided", "price"),
    Term("reviews-fake", "reviews_fake", "more", "reviews"),
    Term("listing-age", "listing_age", "less", "age"),
    Term("history-merchant", "history_merchant", "more", "history"),
    Term("spec-gap", "spec_gap", "two-sided", "specification"),
)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-np.asarray(x)))


def market(rng, n=4000, n_merchants=300, sampled=0.0, caught=1.0):
    """(signal table with verdicts, whether each row is counterfeit); `caught` is the share that a verdict found."""
    size = rng.pareto(2.0, n_merchants) + 0.3
    merchant = rng.choice(n_merchants, n, p=size / size.sum())
    risk = rng.normal(0, 1.2, n_merchants)[merchant]
    columns = {term.column: rng.normal(size=n) for term in TERMS}
    columns["history_merchant"] = risk + rng.normal(0, 0.5, n)
    log_odds = -3.6 + np.abs(columns["price_gap"]) + columns["reviews_fake"] - 0.6 * columns["listing_age"] + risk
    counterfeit = rng.random(n) < sigmoid(log_odds)
    verdict = np.where(counterfeit & (rng.random(n) < caught), "counterfeit", None)
    missing = rng.random((len(TERMS), n)) < 0.1
    table = {
        "listing_id": pa.array([f"L{i:06d}" for i in range(n)]),
        "merchant_id": pa.array([f"M{i:05d}" for i in merchant]),
        **{term.column: pa.array(columns[term.column], mask=missing[i]) for i, term in enumerate(TERMS)},
        "country": pa.array(np.array(["FR", "DE", None], dtype=object)[merchant % 3], pa.string()),
        "listed_at": pa.array((1_700_000_000 + 20_000 * np.arange(n)) * 1_000_000, pa.timestamp("us", tz="UTC")),
    }
    if sampled:
        chance = np.clip(sampled * np.where(columns["reviews_fake"] > 0, 3.0, 1.0), 0, 1)
        drawn = rng.random(n) < chance
        outcome = np.where(counterfeit, "counterfeit", "genuine")
        verdict = np.where(drawn, outcome, verdict)
        table["sampled_verdict"] = pa.array(np.where(drawn, outcome, None), pa.string())
        table["inclusion_probability"] = pa.array(chance, mask=~drawn)
    table["verdict"] = pa.array(verdict, pa.string())
    return pa.table(table), counterfeit
