"""How well does style tell one author from two, and does the group test keep its nominal size?

    python benchmarks/style/run.py              # half an hour on one core; writes results.json beside this file
    python benchmarks/style/run.py --quick      # a tenth of the repetitions; prints only
    python benchmarks/style/run.py --corpus debian_changelogs   # one corpus; the others keep their figures

Reads weibo_reposts and airline_tweets_2015 where ASSAY_DATA names a folder that holds them, and the changelogs of the
Debian packages on this machine: short entries signed by their authors, with the package as subject. Only counts and
rates are kept.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import platform
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scipy.stats import beta

from assay.attacks.likelihood_ratio import Sides, author_sides, calibrate, cllr, equal_error_rate, log_ratios
from assay.attacks.style import group_style
from assay.attacks.style_texts import own_posts

SEED = 2026
SIZES = (5, 7, 10, 15, 25, 35, 50, 70, 100)
# Drawings of sides per size, and groups per kind: most on the background that attacks are searched in.
REPETITIONS = {"weibo_reposts": (20, 1_000), "airline_tweets_2015": (5, 200), "debian_changelogs": (10, 300)}
LEAST_AUTHORS = 8
# Posts of one account that are read: bounds the search for copies.
MOST_POSTS = 600
# And in the group test, where an attack's accounts have few.
MOST_IN_GROUPS = 40

Corpus = dict[str, list[tuple[str, str]]]


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--corpus", choices=sorted(READERS))
    asked.add_argument("--drift", action="store_true", help="only: an author's earliest posts against the latest")
    given = asked.parse_args()
    path = Path(__file__).parent / "results.json"
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results |= {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "seed": SEED}
    if given.drift:
        results["weibo_reposts_earliest_against_latest"] = drift(weibo("try_cast(posted_at AS timestamp)"))
        print(json.dumps(results["weibo_reposts_earliest_against_latest"], indent=1))
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        return
    for name in [given.corpus] if given.corpus else list(READERS):
        if corpus := READERS[name]():
            began = time.process_time()
            n_splits, n_groups = (3, 40) if given.quick else REPETITIONS[name]
            results[name] = measured(corpus, n_splits, n_groups)
            results[name]["cpu_seconds"] = round(time.process_time() - began, 1)
            print(name, json.dumps(results[name], indent=1), flush=True)
            if not given.quick:
                path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measured(corpus: Corpus, n_splits: int, n_groups: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    accounts = list(corpus.values())
    own = own_posts([[text for _, text in posts] for posts in accounts])
    about = [[(accounts[row][place][0], text) for place, text in posts] for row, posts in enumerate(own)]
    found: dict[str, Any] = {
        "accounts": len(accounts),
        "with_own_posts": {str(n): sum(len(posts) >= n for posts in own) for n in (25, 50, 100, 200)},
        "no_shared_subject": at_sizes(lambda n: author_sides(about, n, rng), n_splits, rng),
        "one_subject": at_sizes(lambda n: one_subject(about, n, rng), n_splits, rng),
    }
    found["group_test"] = groups(accounts, n_groups, rng)
    return found


def drift(corpus: Corpus) -> dict[str, Any]:
    """The harder pair: the first n posts against the last n, from other threads and months or years apart."""
    rng = np.random.default_rng(SEED)
    accounts = list(corpus.values())
    own = own_posts([[text for _, text in posts] for posts in accounts])
    about = [[(accounts[row][place][0], text) for place, text in posts] for row, posts in enumerate(own)]

    def sides_of(n: int) -> tuple[Sides, list[list[str]]]:
        sides: Sides = ([], [])
        others: list[list[str]] = []
        for posts in about:
            first = posts[:n]
            threads = {thread for thread, _ in first}
            last = [post for post in posts[n:] if post[0] not in threads][-n:]
            if len(last) == n:
                sides[0].append([text for _, text in first])
                sides[1].append([text for _, text in last])
            elif len(posts) >= n:
                others.append([text for _, text in first])
        return sides, others

    return at_sizes(sides_of, 20, rng)


def at_sizes(
    sides_of: Callable[[int], tuple[Sides, list[list[str]]]], n_splits: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Author-disjoint halves, both ways, over several drawings of the sides."""
    rows = {}
    for n in SIZES:
        figures = []
        sides: Sides = ([], [])
        others: list[list[str]] = []
        for _ in range(n_splits):
            sides, others = sides_of(n)
            if len(sides[0]) < LEAST_AUTHORS:
                break
            figures.append(halves(sides, others, rng))
        if figures:
            cost, error = np.array(figures).T
            whole = calibrate(sides, others, rng)
            rows[str(n)] = {
                "authors": len(sides[0]),
                "cllr": round(float(cost.mean()), 3),
                "cllr_low_high": [round(float(q), 3) for q in np.quantile(cost, (0.05, 0.95))],
                "eer": round(float(error.mean()), 3),
                "five_folds": {
                    "cllr": round(whole.cllr, 3),
                    "log10_bounds": [round(whole.low, 2), round(whole.high, 2)],
                },
            }
        else:
            rows[str(n)] = {"authors": len(sides[0])}
    return rows


def halves(sides: Sides, others: list[list[str]], rng: np.random.Generator) -> tuple[float, float]:
    """Cllr and EER on one half of the authors with ratios learned from the other."""
    order = rng.permutation(len(sides[0])).tolist()
    half = len(order) // 2
    learned = calibrate(_pick(sides, order[:half]), others, rng)
    ratios = log_ratios(_pick(sides, order[half:]), learned)
    apart = ~np.eye(len(ratios), dtype=bool)
    same, different = np.diagonal(ratios), ratios[apart]
    return cllr(same, different), equal_error_rate(same, different)


def _pick(sides: Sides, rows: Sequence[int]) -> Sides:
    return [sides[0][row] for row in rows], [sides[1][row] for row in rows]


def one_subject(
    about: Sequence[Sequence[tuple[Any, str]]], n: int, rng: np.random.Generator
) -> tuple[Sides, list[list[str]]]:
    """Both sides from the thread in which the author wrote most: the subject is the same, hand or no hand."""
    sides: Sides = ([], [])
    others: list[list[str]] = []
    for posts in about:
        by_subject: dict[Any, list[str]] = defaultdict(list)
        for subject, text in posts:
            by_subject[subject].append(text)
        most = max(by_subject.values(), key=len, default=[])
        if len(most) >= 2 * n:
            drawn = [most[place] for place in rng.permutation(len(most))[: 2 * n].tolist()]
            sides[0].append(drawn[:n])
            sides[1].append(drawn[n:])
        elif len(posts) >= n:
            others.append([posts[place][1] for place in rng.permutation(len(posts))[:n].tolist()])
    return sides, others


def groups(accounts: Sequence[Sequence[tuple[str, str]]], n_groups: int, rng: np.random.Generator) -> dict[str, Any]:
    """How often the test rejects at 5 %: random groups; groups of one subject, with and without topics; one hand."""
    taken = [accounts[row] for row in rng.permutation(len(accounts))[:12_000].tolist()]
    main_topic = [max({s for s, _ in posts}, key=[s for s, _ in posts].count) for posts in taken]
    texts = [[text for _, text in posts[:MOST_IN_GROUPS]] for posts in taken]
    by_topic: dict[str, list[int]] = defaultdict(list)
    for row, topic in enumerate(main_topic):
        by_topic[topic].append(row)
    large = [rows for rows in by_topic.values() if len(rows) >= 30]
    found = {}
    for name, n_members in (("random_20", 20), ("random_8", 8)):
        draws = (rng.permutation(len(texts))[:n_members].tolist() for _ in range(n_groups))
        found[name] = rejected(texts, None, draws, rng)
    if large:
        picked = [large[int(rng.integers(len(large)))] for _ in range(n_groups)]
        one_topic = [rng.permutation(rows)[: len(rows) // 2].tolist() for rows in picked]
        found["one_subject_matched"] = rejected(texts, main_topic, iter(one_topic), rng)
        found["one_subject_unmatched"] = rejected(texts, None, iter(one_topic[: max(n_groups // 5, 10)]), rng)
    found["five_hands_twenty_accounts"] = one_hand(texts, max(n_groups // 5, 10), rng)
    return found


def rejected(
    texts: Sequence[Sequence[str]],
    topics: Sequence[str] | None,
    draws: Iterator[list[int]],
    rng: np.random.Generator,
) -> dict[str, Any]:
    p = []
    for members in draws:
        inside = set(members)
        if topics is None:
            others = [row for row in rng.permutation(len(texts)).tolist() if row not in inside][:200]
        else:
            subjects = {topics[row] for row in members}
            others = [row for row, topic in enumerate(topics) if row not in inside and topic in subjects]
        named = ([topics[row] for row in members], [topics[row] for row in others]) if topics is not None else None
        group, pool = [texts[row] for row in members], [texts[row] for row in others]
        if (result := group_style(group, pool, n_permutations=199, rng=rng, topics=named)).p is not None:
            p.append(result.p)
    return rate(p)


def one_hand(texts: Sequence[Sequence[str]], n_groups: int, rng: np.random.Generator) -> dict[str, Any]:
    """Five authors' posts dealt to four accounts each, against 200 accounts of others."""
    rich = [row for row, own in enumerate(texts) if len(own) >= 24]
    p = []
    for _ in range(n_groups if len(rich) >= 5 else 0):
        hands = rng.permutation(rich)[:5].tolist()
        group = []
        for row in hands:
            order = rng.permutation(len(texts[row])).tolist()
            group += [[texts[row][place] for place in order[start::4]] for start in range(4)]
        others = [row for row in rng.permutation(len(texts)).tolist() if row not in hands][:200]
        result = group_style(group, [texts[row] for row in others], n_permutations=199, rng=rng)
        if result.p is not None:
            p.append(result.p)
    return rate(p)


def rate(p: Sequence[float]) -> dict[str, Any]:
    n, k = len(p), sum(one <= 0.05 for one in p)
    if not n:
        return {"groups": 0}
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"groups": n, "rejected_at_5": round(k / n, 4), "interval_95": [round(low, 4), round(high, 4)]}


def weibo(order: str = "post_id") -> Corpus:
    path = Path(os.environ.get("ASSAY_DATA", "")) / "weibo_reposts" / "posts.parquet"
    if not path.is_file():
        return {}
    own = "split_part(text, '//@', 1)"
    rows = duckdb.sql(
        f"WITH rich AS (SELECT account_id FROM '{path}' WHERE length({own}) >= 5 GROUP BY 1 "
        f"HAVING count(DISTINCT {own}) >= 3) SELECT account_id, thread, {own} FROM '{path}' SEMI JOIN rich "
        f"USING (account_id) WHERE length({own}) >= 5 ORDER BY account_id, {order}"
    ).fetchall()
    return _corpus(rows)


def airlines() -> Corpus:
    path = Path(os.environ.get("ASSAY_DATA", "")) / "airline_tweets_2015" / "tweets.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["account_id"], row["airline"], row["text"]) for row in csv.DictReader(file)]
    return {account: posts for account, posts in _corpus(rows).items() if len(posts) >= 4}


def changelogs() -> Corpus:
    """Entries of Debian changelogs by the person who signed them; names are read and never kept."""
    rows: set[tuple[str, str, str]] = set()
    for path in sorted(Path("/usr/share/doc").glob("*/changelog.Debian*")):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows.update(_entries(content.decode("utf-8", "replace")))
    return {author: posts for author, posts in _corpus(sorted(rows)).items() if len(posts) >= 10}


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    package, pending, person = "", [], None
    for line in text.split("\n"):
        if found := re.match(r"(\S+) \(.*urgency", line):
            package, pending, person = found[1], [], None
        elif found := re.match(r" -- (.*?) <", line):
            yield from ((who or found[1], package, " ".join(words)) for who, words in pending)
            pending = []
        elif found := re.match(r"\s+\[ (.*) \]\s*$", line):
            person = found[1]
        elif found := re.match(r"\s+[*+-] (.*)", line):
            pending.append((person, [found[1]]))
        elif pending and line.strip():
            pending[-1][1].append(line.strip())


def _corpus(rows: Sequence[tuple[str, str, str]]) -> Corpus:
    corpus: Corpus = defaultdict(list)
    for account, subject, text in rows:
        if len(corpus[account]) < MOST_POSTS:
            corpus[account].append((subject, text))
    return dict(corpus)


READERS: dict[str, Callable[[], Corpus]] = {
    "weibo_reposts": weibo,
    "airline_tweets_2015": airlines,
    "debian_changelogs": changelogs,
}

if __name__ == "__main__":
    main()
