"""How often each layer of timing and text reuse calls ordinary people, and what it finds: the real background.

Run: `ASSAY_DATA=... python benchmarks/calendar/background.py [--groups N] [--out background.json]`. Groups are drawn
from weibo_reposts: posts or accounts at random within a week, and posts of one thread. Only shares are written.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import stats

from assay.attacks.bursts import burst_overlaps
from assay.attacks.calendar import CalendarEvent, calendar_test
from assay.attacks.reuse import ReuseBackground, densest_windows, length_class
from assay.attacks.sleep import common_sleep
from assay.attacks.timing import DAY_S, SynchronySettings, synchrony

LEVELS = (0.01, 0.05, 0.10)
SHUFFLES = SynchronySettings(n_shuffles=99)


@dataclass(frozen=True)
class Posts:
    account: np.ndarray
    thread: np.ndarray
    text: np.ndarray
    n_characters: np.ndarray
    at_s: np.ndarray

    def weeks(self, n: int, least: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Rows of n weeks with at least so many posts, chosen by a post at random."""
        order = np.argsort(self.at_s)
        at = self.at_s[order]
        while n:
            start = at[rng.integers(len(at))]
            low, high = np.searchsorted(at, [start, start + 7 * DAY_S])
            if high - low >= least:
                n -= 1
                yield order[low:high]

    def threads(self, n: int, least: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        names, counts = np.unique(self.thread, return_counts=True)
        for name in rng.choice(names[counts >= least], n, replace=False):
            yield rng.permutation(np.flatnonzero(self.thread == name))


def read() -> Posts:
    table = pq.read_table(Path(os.environ["ASSAY_DATA"]) / "weibo_reposts" / "posts.parquet")
    at = pc.strptime(table["posted_at"].cast(pa.string()), "%Y-%m-%d %H:%M:%S", "s", error_is_null=True)
    table = table.set_column(table.schema.get_field_index("posted_at"), "posted_at", at).filter(pc.is_valid(at))
    own = pc.utf8_trim_whitespace(pc.replace_substring_regex(table["text"].cast(pa.string()), r"//@.*$", ""))
    columns = [pc.dictionary_encode(column) for column in (table["account_id"], table["thread"], own)]
    codes = [column.combine_chunks().indices.to_numpy().astype(np.int64) for column in columns]
    lengths = pc.utf8_length(own).combine_chunks().to_numpy().astype(np.int64)
    return Posts(*codes, lengths, table["posted_at"].combine_chunks().cast(pa.int64()).to_numpy())


def called(p: list[float | None] | np.ndarray) -> dict[str, Any]:
    """Shares called at 1, 5 and 10 % of the tests that could be done, with the exact 95 % interval at 5 %."""
    done = np.array([value for value in p if value is not None and not np.isnan(value)])
    if not len(done):
        return {"tests": 0}
    interval = stats.binomtest(int(np.sum(done <= 0.05)), len(done)).proportion_ci(method="exact")
    shares = [round(float(np.mean(done <= level + 1e-12)), 4) for level in LEVELS]
    return {"tests": len(done), "at_1_5_10_percent": shares, "interval_at_5": [round(x, 4) for x in interval]}


def by_test(groups: list[list[Any]]) -> dict[str, Any]:
    return {test.test: called([each[i].p for each in groups]) for i, test in enumerate(groups[0])}


def synchrony_figures(posts: Posts, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Groups of 300 posts on three texts; the reference is the rest of the same week or thread, or other threads."""
    runs: dict[str, list[list[Any]]] = {}

    def add(name: str, own: np.ndarray, rest: np.ndarray | None) -> None:
        reference = None if rest is None else posts.at_s[rest]
        texts = np.arange(len(own)) % 3
        tests = synchrony(posts.account[own], texts, posts.at_s[own], reference_s=reference, settings=SHUFFLES, rng=rng)
        runs.setdefault(name, []).append(tests)

    for week in posts.weeks(n, 3000, rng):
        own = rng.choice(week, 300, replace=False)
        add("posts at random in a week, against that week", own, np.setdiff1d(week, own))
        add("posts at random in a week, no reference", own, None)
        chosen = rng.choice(np.unique(posts.account[week]), 200, replace=False)
        own = week[np.isin(posts.account[week], chosen)]
        add("accounts at random in a week, against that week", own, np.setdiff1d(week, own))
    for thread in posts.threads(n, 600, rng):
        add("one thread, against the rest of it", thread[:200], thread[200:2200])
        near = np.abs(posts.at_s - np.median(posts.at_s[thread])) < 4 * DAY_S
        others = np.flatnonzero(near & (posts.thread != posts.thread[thread[0]]))
        if len(others) >= 500:
            add("one thread, against other threads of the week", thread[:200], others)
    return {name: by_test(groups) for name, groups in runs.items()}


def planted_synchrony(posts: Posts, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """20 accounts x 5 posts at times of the week's posts; some accounts follow one order within ten minutes."""
    figures = {}
    for n_followers in (3, 6, 10):
        p = []
        for week in posts.weeks(n, 3000, rng):
            at = rng.choice(posts.at_s[week], 100)
            at[: 5 * n_followers : 5] = rng.choice(posts.at_s[week]) + rng.integers(0, 600, n_followers)
            columns = np.arange(100) // 5, np.arange(100) % 5, at
            tests = synchrony(*columns, reference_s=posts.at_s[week], settings=SHUFFLES, rng=rng)
            p.append(tests[0].p)
        figures[f"{n_followers} of 20 accounts follow one order"] = called(p)
    return figures


def sleep_figures(posts: Posts, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Groups of 30 accounts with four posts or more, against all such accounts."""
    accounts, counts = np.unique(posts.account, return_counts=True)
    active = accounts[counts >= 4]
    kept = np.flatnonzero(np.isin(posts.account, active))
    account, at, thread = posts.account[kept], posts.at_s[kept], posts.thread[kept]
    some = np.isin(account, rng.choice(active, min(3000, len(active)), replace=False))
    random, together, planted = [], [], []
    for _ in range(n):
        own = np.isin(account, rng.choice(np.unique(account[some]), 30, replace=False)) & some
        rest = some & ~own
        random.append(common_sleep(account[own], at[own], account[rest], at[rest], n_shuffles=99, rng=rng).p)
        moved = at[own] // DAY_S * DAY_S + (2 * 3600 + rng.normal(0, 3 * 3600, own.sum())).astype(np.int64)
        planted.append(common_sleep(account[own], moved, account[rest], at[rest], n_shuffles=99, rng=rng).p)
    for name in rng.permutation(np.unique(thread)):
        crowd = np.unique(account[thread == name])
        if len(crowd) < 30:
            continue
        own = np.isin(account, rng.choice(crowd, 30, replace=False))
        rest = some & ~own
        together.append(common_sleep(account[own], at[own], account[rest], at[rest], n_shuffles=99, rng=rng).p)
        if len(together) == n:
            break
    return {
        "accounts at random": called(random),
        "accounts of one thread": called(together),
        "planted: posts at 10:00 Beijing time, 3 h about it": called(planted),
    }


def calendar_figures(posts: Posts, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """40 random dates of three days in two years; share of groups with any date called at q = 0.05."""
    years = np.flatnonzero((posts.at_s >= 1_325_376_000) & (posts.at_s < 1_388_534_400))
    at, thread = posts.at_s[years], posts.thread[years]
    first, n_days = int(at.min()), int(at.max() - at.min()) // DAY_S
    runs: dict[str, list[bool]] = {"posts at random": [], "one thread": []}
    names, counts = np.unique(thread, return_counts=True)
    for name in rng.choice(names[counts >= 300], n, replace=False):
        for kind, own in (("posts at random", rng.random(len(at)) < 3000 / len(at)), ("one thread", thread == name)):
            days = rng.choice(n_days // 4, 40, replace=False) * 4
            events = [CalendarEvent(str(d), "", first + d * DAY_S, first + (d + 3) * DAY_S) for d in days.tolist()]
            tests = calendar_test(at[own], at[~own], events)
            runs[kind].append(any(test.q is not None and test.q <= 0.05 for test in tests))
    figures = {}
    for kind, hits in runs.items():
        interval = stats.binomtest(sum(hits), len(hits)).proportion_ci(method="exact")
        figures[kind] = {
            "groups": len(hits),
            "with_any_date_called": sum(hits),
            "interval": [round(x, 4) for x in interval],
        }
    return figures


def reuse_figures(posts: Posts) -> dict[str, Any]:
    """Identical texts of eight characters or more, one day: earlier half of the texts against the later, both ways."""
    long_enough = posts.n_characters >= 8
    at, text = posts.at_s[long_enough], posts.text[long_enough]
    windows = densest_windows(text, posts.account[long_enough], at)
    n_characters, first = np.zeros(posts.text.max() + 1, dtype=int), np.full(posts.text.max() + 1, 2**60)
    n_characters[posts.text] = posts.n_characters
    np.minimum.at(first, text, at)
    kind, early = length_class(n_characters[windows.narrative]), first[windows.narrative] < np.median(at)
    figures: dict[str, Any] = {}
    for name, reference in (("earlier half tests the later", early), ("later half tests the earlier", ~early)):
        background = ReuseBackground.of(windows.n_accounts[reference], kind[reference])
        figures[name] = called(background.test(windows.n_accounts[~reference], kind[~reference]).p)
    whole = ReuseBackground.of(windows.n_accounts, kind)
    needed = {str(p): whole.accounts_needed(p, -1) for p in (0.05, 0.01, 0.001)}
    trimmed = ReuseBackground.of(windows.n_accounts, kind, trimmed_rate=0.1)
    figures["narratives of 5 accounts or more"] = len(whole.sizes)
    figures["accounts needed in a day at p"] = needed
    figures["the same, largest tenth hidden"] = {str(p): trimmed.accounts_needed(p, -1) for p in (0.05, 0.01, 0.001)}
    dirty = np.append(windows.n_accounts, np.full(10, 300))
    pooled = np.zeros(len(dirty))
    rates = {"none": 0.0, "a tenth": 0.1, "a fifth": 0.2}
    figures["p of 300 accounts, ten such in the background, hidden"] = {
        name: round(float(ReuseBackground.of(dirty, pooled, trimmed_rate=rate).test([300], [0]).p[0]), 5)
        for name, rate in rates.items()
    }
    return figures


def overlap_figures(posts: Posts, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """All pairs of threads drawn at random, and of days at least four weeks apart."""
    accounts, counts = np.unique(posts.account, return_counts=True)
    day = posts.at_s // DAY_S
    days, n_posts = np.unique(day, return_counts=True)
    apart: list[int] = []
    for each in rng.permutation(days[n_posts >= 1000]).tolist():
        if all(abs(each - other) >= 28 for other in apart):
            apart.append(each)
    bursts = {
        "threads": [posts.account[thread] for thread in posts.threads(n, 200, rng)],
        "days four weeks apart": [posts.account[day == each] for each in apart],
    }
    figures = {}
    for name, sets in bursts.items():
        pairs = burst_overlaps(sets, accounts, counts)
        share = round(float(np.mean([(pair.q or 0.0) <= 0.05 for pair in pairs])), 5)
        figures[name] = {**called([pair.p for pair in pairs]), "called_at_q_0.05": share}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("background.json"))
    chosen = parser.parse_args()
    posts, n = read(), chosen.groups
    started = time.perf_counter()
    whole = {
        "groups": n,
        "synchrony": synchrony_figures(posts, n, np.random.default_rng(1)),
        "synchrony planted, ten minutes": planted_synchrony(posts, n, np.random.default_rng(2)),
        "common sleep": sleep_figures(posts, n, np.random.default_rng(3)),
        "calendar": calendar_figures(posts, n // 2, np.random.default_rng(4)),
        "text reuse": reuse_figures(posts),
        "shared accounts": overlap_figures(posts, min(60, n), np.random.default_rng(5)),
    }
    whole["seconds"] = round(time.perf_counter() - started)
    text = json.dumps(whole, indent=2) + "\n"
    chosen.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
