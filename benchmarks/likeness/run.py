"""How fast and how complete near-copies are: our sketch against rensa's, and both against exact all pairs.

Run: `python benchmarks/likeness/run.py [--texts N] [--out results.json]`. Texts are made here; with ASSAY_DATA set, the
product names of flipkart_2016 are measured as well.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import rensa
from scipy import sparse

from assay.engine import EngineSettings, Workspace, open_engine
from assay.likeness import Banding, FoldedTexts, fold, jaccard, near_copies, parts, shingle, sketch, text_key
from assay.likeness.sketches import _bands

WORDS = (  # noqa: SIM905
    "original genuine leather bag watch shoes running women men classic slim case charger fast power bank portable "
    "wireless earphones sport black white red blue green gold silver 2023 2024 128gb 256gb size free shipping new box "
    "warranty year quality premium fashion summer winter cotton silk wool jacket shirt dress hoodie sneakers trainers "
    "perfume spray 50ml 100ml set gift limited edition series pro max ultra mini plus authentic sealed official store"
).split()


def made_texts(n: int, seed: int = 1) -> list[str]:
    """Half of the texts are edits of a few templates (words dropped, swapped, changed), half are on their own."""
    rng = np.random.default_rng(seed)
    templates = [list(rng.choice(WORDS, 16)) for _ in range(max(1, n // 40))]
    made = []
    for i in range(n):
        if i % 2:
            made.append(" ".join([*rng.choice(WORDS, 12), str(rng.integers(10**6, 10**7)), *rng.choice(WORDS, 4)]))
            continue
        words = list(templates[int(rng.integers(len(templates)))])
        for _ in range(int(rng.integers(0, 4))):
            words[int(rng.integers(len(words)))] = str(rng.choice(WORDS))
        made.append(" ".join(words))
    return made


def flipkart() -> list[str] | None:
    folder = os.environ.get("ASSAY_DATA")
    if folder is None:
        return None
    with (Path(folder) / "flipkart_2016" / "products.csv").open(encoding="utf-8") as file:
        return [row["product_name"] for row in csv.DictReader(file)]


def cpu_micros(work: Callable[[], Any], n: int, times: int = 5) -> float:
    """Best of some runs, CPU microseconds per text of this process."""
    best = float("inf")
    for _ in range(times):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return round(best / n * 1e6, 2)


def rensa_bands(texts: FoldedTexts, banding: Banding) -> np.ndarray:
    """rensa's matrix kernel over the same shingles, its rows copied out (it has no buffer), the same banding."""
    keys = []
    for _, part in parts(texts):
        found = shingle(part)
        matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            found.hashes.astype(np.uint64), found.starts.astype(np.uint64), banding.n_permutations, banding.seed
        )
        keys.append(_bands(np.array(matrix.to_rows(), dtype=np.uint32), banding))
    return np.concatenate(keys).view(np.int64)


def rensa_kernel_only(texts: FoldedTexts, banding: Banding) -> None:
    for _, part in parts(texts):
        found = shingle(part)
        rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            found.hashes.astype(np.uint64), found.starts.astype(np.uint64), banding.n_permutations, banding.seed
        )


def exact_pairs(texts: FoldedTexts, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs (i < j) with Jaccard >= least, from one sparse product."""
    found = shingle(texts)
    _, columns = np.unique(found.hashes, return_inverse=True)
    rows = np.repeat(np.arange(len(texts)), found.counts)
    matrix = sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)))
    matrix.data[:] = 1
    matrix.sum_duplicates()
    matrix.data[:] = 1
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for begin in range(0, len(texts), 1000):
        shared = (matrix[begin : begin + 1000] @ matrix.T).tocoo()
        i, j = shared.row + begin, shared.col
        similarity = shared.data / (sizes[i] + sizes[j] - shared.data)
        good = (i < j) & (similarity >= least) & (np.minimum(sizes[i], sizes[j]) >= 8)
        kept.append((i[good], j[good], similarity[good]))
    left, right, similarity = (np.concatenate(column) for column in zip(*kept, strict=True))
    return left, right, similarity


def met(keys: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (keys[left] == keys[right]).any(axis=1)


def ideal_stars(n: int, pairs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Star of every text when all exact pairs are known: text by text, joined to the most similar earlier centre."""
    star = np.arange(n)
    earlier: dict[int, list[tuple[float, int]]] = {}
    for left, right, similarity in zip(*(column.tolist() for column in pairs), strict=True):
        earlier.setdefault(right, []).append((similarity, -left))
    for text in range(n):
        centres = [(similarity, left) for similarity, left in earlier.get(text, []) if star[-left] == -left]
        if centres:
            star[text] = -max(centres)[1]
    return star


def star_figures(strings: list[str], keys: np.ndarray, pairs: tuple[np.ndarray, ...]) -> dict[str, Any]:
    """How many texts that have an exact near-copy end in a star, and how long it takes."""
    left, right, similarity = pairs
    with open_engine(None, EngineSettings(memory_gib=8.0)) as engine, tempfile.TemporaryDirectory() as folder:
        work = Workspace(engine, Path(folder))
        rows = pa.table({"text_key": keys, "text": strings, "seen_at": np.arange(len(keys))})
        started = time.perf_counter()
        stars = engine.collect(near_copies(engine.table(rows, "texts"), work, "copies"))
        seconds = time.perf_counter() - started
    star_of = dict(zip(stars["text_key"].to_pylist(), stars["star"].to_pylist(), strict=True))
    star = np.array([star_of.get(key, key) for key in keys.tolist()])
    in_star = np.array([key in star_of for key in keys.tolist()])
    has_copy = np.zeros(len(keys), dtype=bool)
    has_copy[left] = has_copy[right] = True
    together = star[left] == star[right]
    ideal = ideal_stars(len(keys), pairs)
    ideal_in_star = np.bincount(ideal, minlength=len(keys))[ideal] > 1
    return {
        "texts_with_an_exact_near_copy": int(has_copy.sum()),
        "of_those_in_a_star": round(float(in_star[has_copy].mean()), 4),
        "of_those_in_a_star_when_all_pairs_are_known": round(float(ideal_in_star[has_copy].mean()), 4),
        "pairs_in_one_star_at_0.7_when_all_pairs_are_known": round(float((ideal[left] == ideal[right]).mean()), 4),
        "pairs_in_one_star_at_0.7": round(float(together.mean()), 4),
        "pairs_in_one_star_at_0.9": round(float(together[similarity >= 0.9].mean()), 4),
        "stars": len(set(stars["star"].to_pylist())),
        "seconds": round(seconds, 2),
        "steps": {name: round(value, 2) for name, value in work.seconds.items()},
    }


def measure(name: str, raw: list[str]) -> dict[str, Any]:
    banding = Banding()
    array = pa.array(raw)
    folded = fold(array)
    _, first = np.unique(text_key(folded).to_numpy(zero_copy_only=False), return_index=True)
    strings = [raw[i] for i in first]
    array, n = pa.array(strings), len(strings)
    folded = fold(array)
    pairs = exact_pairs(folded, 0.7)
    ours = sketch(folded, banding).buckets
    theirs = rensa_bands(folded, banding)
    other = fold(pa.array(strings[1:] + strings[:1]))
    return {
        "texts": name,
        "n_distinct": n,
        "mean_length": round(float(folded.lengths.mean()), 1),
        "cpu_micros_per_text": {
            "fold": cpu_micros(lambda: fold(array), n),
            "key": cpu_micros(lambda: text_key(folded), n),
            "shingles": cpu_micros(lambda: [shingle(part) for _, part in parts(folded)], n),
            "shingles_and_bands_numpy": cpu_micros(lambda: sketch(folded, banding), n),
            "shingles_and_bands_rensa": cpu_micros(lambda: rensa_bands(folded, banding), n),
            "shingles_and_sketch_rensa_left_in_rust": cpu_micros(lambda: rensa_kernel_only(folded, banding), n),
            "jaccard_per_pair": cpu_micros(lambda: jaccard(folded, other), n),
        },
        "pairs_at_0.7": len(pairs[0]),
        "pair_recall_numpy": round(float(met(ours, pairs[0], pairs[1]).mean()), 4),
        "pair_recall_rensa": round(float(met(theirs, pairs[0], pairs[1]).mean()), 4),
        "stars": star_figures(strings, text_key(folded).to_numpy(), pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    chosen = parser.parse_args()
    results = [measure("made", made_texts(chosen.texts))]
    names = flipkart()
    if names is not None:
        results.append(measure("flipkart_2016 product names", names))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    whole = {"results": results, "peak_memory_gib": round(peak, 2)}
    chosen.out.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(whole, indent=2))


if __name__ == "__main__":
    main()
