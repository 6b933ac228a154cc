"""Is the synthetic marketplace like the published one, and hard enough? See README.md beside this file.

python benchmarks/simulation/run.py --listings 100000 --seeds 1 2 3
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupKFold

sys.path.insert(0, str(Path(__file__).parent))
from features import EVIDENCE, PLAIN, measure, open_tables

from assay.simulation import SimulationSettings, simulate


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--listings", type=int, default=100_000)
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--out", type=Path)
    options.add_argument("--set", nargs="*", default=[], help="settings to try, such as lookalike_rate=0.05")
    options.add_argument("--quick", action="store_true", help="marginals and the plain model only")
    given = options.parse_args()
    tried = {name: json.loads(value) for name, value in (pair.split("=") for pair in given.set)}
    settings = SimulationSettings(**{name: tuple(v) if isinstance(v, list) else v for name, v in tried.items()})
    results = [examine(given.listings, seed, settings, given.quick) for seed in given.seeds]
    if given.out:
        given.out.write_text(json.dumps({"n_listings": given.listings, "runs": results}, indent=1) + "\n")


def examine(n_listings: int, seed: int, settings: SimulationSettings, quick: bool) -> dict:
    """Figures of one market, printed as they come."""
    folder = Path(tempfile.mkdtemp(prefix="simulated-"))
    try:
        started = time.perf_counter()
        made = simulate(folder, n_listings=n_listings, seed=seed, settings=settings)
        found = {"seed": seed, "seconds": round(time.perf_counter() - started, 1), "n_rows": made.n_rows_in_all}
        connection = open_tables(folder)
        data = measure(connection, settings.as_of.timestamp())
        found |= marginals(data, connection)
        found |= model(data, PLAIN, "plain")
        if not quick:
            found |= model(data, PLAIN + EVIDENCE, "full")
    finally:
        shutil.rmtree(folder)
    for name, value in found.items():
        print(f"{name:34} {value}")
    print()
    return found


def marginals(data: dict, connection) -> dict:
    """The published facts, measured here."""
    fake = data["fake"] == 1
    ratio, price = data["category_ratio"], data["price_eur"]
    outlier = np.zeros(len(fake), dtype=bool)
    for category in np.unique(data["category"]):
        rows = data["category"] == category
        low, high = np.quantile(price[rows], [0.25, 0.75])
        outlier[rows] = (price[rows] < low - 1.5 * (high - low)) | (price[rows] > high + 1.5 * (high - low))
    shops = connection.execute("SELECT n_listings, n_counterfeit FROM shop_truth").fetchnumpy()
    n, bad = shops["n_listings"], shops["n_counterfeit"]
    head = np.sort(bad)[::-1][: max(3, round(len(fake) / 4000))].sum() / bad.sum()
    empty = data["brand_empty"] == 1
    figures = {
        "counterfeit_rate": fake.mean(),
        "caught_rate": (data["caught"] == 1)[fake].mean(),
        "merchants_none": (bad == 0).mean(),
        "merchants_all": (bad == n).mean(),
        "head_share": head,
        "age_median_fake": np.median(data["listing_age"][fake]),
        "age_median_honest": np.median(data["listing_age"][~fake]),
        "age_auc": roc_auc_score(fake, -data["listing_age"]),
        "shop_age_median_fake": np.median(data["merchant_age"][fake]),
        "shop_age_median_honest": np.median(data["merchant_age"][~fake]),
        "brand_empty": empty.mean(),
        "fake_when_empty": fake[empty].mean(),
        "fake_when_filled": fake[~empty].mean(),
        "price_median_ratio": np.median(data["price_eur"][fake]) / np.median(data["price_eur"]),
        "category_price_auc": roc_auc_score(fake, ratio),
        "outliers_fake": outlier[fake].mean(),
        "outliers_honest": outlier[~fake].mean(),
        "reviews_missing": (data["n_reviews"] == 0).mean(),
        "orders_per_listing": connection.execute("SELECT count(*) FROM orders").fetchone()[0] / len(fake),
        "reviews_per_listing": connection.execute("SELECT count(*) FROM reviews").fetchone()[0] / len(fake),
        "images_per_listing": connection.execute("SELECT count(*) FROM images").fetchone()[0] / len(fake),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def model(data: dict, columns: list[str], name: str) -> dict:
    """LightGBM on these columns against the caught label, five folds that keep each merchant whole."""
    values = np.column_stack([data[column] for column in columns])
    label = data["caught"].astype(int)
    score, gain = np.zeros(len(label)), np.zeros(len(columns))
    for train, test in GroupKFold(5, shuffle=True, random_state=0).split(values, groups=data["merchant_id"]):
        booster = lightgbm.LGBMClassifier(
            n_estimators=150, num_leaves=15, learning_rate=0.06, min_child_samples=40, subsample=0.8, subsample_freq=1,
            colsample_bytree=0.6, n_jobs=1, verbose=-1, random_state=0, importance_type="gain",
        )  # fmt: skip
        booster.fit(values[train], label[train])
        score[test] = booster.booster_.predict(values[test])
        gain += booster.feature_importances_
    top = score >= 0.8
    surest = np.argsort(-score)[: max(50, label.sum() // 5)]
    order = np.argsort(-gain)[:8]
    return {
        f"{name}_auc": round(roc_auc_score(label, score), 4),
        f"{name}_ap": round(average_precision_score(label, score), 4),
        f"{name}_n_above_80": int(top.sum()),
        f"{name}_precision_above_80": round(float(label[top].mean()), 4) if top.any() else None,
        f"{name}_recall_above_80": round(float(label[top].sum() / label.sum()), 4),
        f"{name}_precision_surest": round(float(label[surest].mean()), 4),
        f"{name}_true_fakes_among_surest": round(float(data["fake"][surest].mean()), 4),
        f"{name}_calibration_error": round(_calibration_error(score, label), 4),
        f"{name}_top_columns": " ".join(columns[i] for i in order),
    }


def _calibration_error(score: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error in twenty equal-width bins."""
    place = np.minimum((score * 20).astype(int), 19)
    sums = np.bincount(place, weights=label - score, minlength=20)
    return float(np.abs(sums).sum() / len(score))


if __name__ == "__main__":
    main()
