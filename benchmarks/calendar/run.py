"""Whether true bursts among 40 decoy dates rank on top at a false-discovery rate of 5 %, and what a call is worth.

Run: `python benchmarks/calendar/run.py [--seeds N] [--out results.json]` (`--quick` for 20 seeds). Everything is
simulated here from the seed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from assay.attacks.calendar import CalendarEvent, calendar_test, follows_calendar

DAY = 86_400
START = 1_356_998_400  # 2013-01-01 00:00 UTC
N_DECOYS, N_TRUE, EVENT_DAYS = 40, 5, 3
LEVEL = 0.05


@dataclass(frozen=True)
class World:
    """What a group posts over `n_days` with bursts at the true events; `background` posts outside bursts in all."""

    n_days: int = 365
    background: int = 4_000
    in_bursts: int = 5_700
    n_true: int = N_TRUE
    # Posts that one order sets off: 1 is independent posting, 20 makes clumps of 20 on average within two hours.
    clump: float = 1.0
    # Amplitudes of the rhythms: 0.5 makes the busiest weekday three times the quietest.
    weekly: float = 0.0
    seasonal: float = 0.0
    # Bursts of the same size on dates of no event.
    n_stray: int = 0
    # The corpus' own rate at every event, decoys too, which the group follows; None: no reference is given.
    corpus_ratio: float | None = None
    # The group's life as a share of the period.
    life: float = 1.0
    # How far a burst's middle lies from its event's (standard deviation).
    off_centre_hours: float = 12.0


WORLDS: dict[str, World] = {
    "plain": World(),
    "the published case's size, two years": World(n_days=730, background=4_000, in_bursts=5_700),
    "small bursts (60 posts each)": World(in_bursts=300),
    "small group (100 posts, 60 in bursts)": World(background=40, in_bursts=60),
    "clumps of 20": World(clump=20.0),
    "weekly and seasonal rhythm": World(weekly=0.5, seasonal=0.5),
    "five stray bursts": World(n_stray=5),
    "corpus bursts threefold at all events": World(corpus_ratio=3.0),
    "corpus bursts, rhythm, clumps": World(corpus_ratio=3.0, weekly=0.5, seasonal=0.5, clump=5.0),
    "one true event": World(n_true=1, in_bursts=1_140),
    "active in one month only, one true event": World(n_true=1, life=30 / 365, in_bursts=5_700),
    "nothing true": World(n_true=0, in_bursts=0),
    "nothing true, clumps of 20": World(n_true=0, in_bursts=0, clump=20.0),
    "nothing true, 500 posts in clumps of 10": World(n_true=0, background=500, in_bursts=0, clump=10.0),
    "nothing true, rhythm": World(n_true=0, in_bursts=0, weekly=0.5, seasonal=0.5),
    "nothing true, corpus bursts": World(n_true=0, in_bursts=0, corpus_ratio=3.0),
    "nothing true, small group in clumps": World(n_true=0, background=100, in_bursts=0, clump=10.0),
    "nothing true, one stray burst": World(n_true=0, in_bursts=1_140, n_stray=1),
}


def events_of(world: World, rng: np.random.Generator) -> tuple[list[CalendarEvent], np.ndarray]:
    """Dates of true events and decoys, no two closer than their length; which of them are true."""
    n = N_DECOYS + world.n_true
    slots = rng.choice(world.n_days // (EVENT_DAYS + 1), n, replace=False) * (EVENT_DAYS + 1)
    events = [
        CalendarEvent(f"e{i}", f"event {i}", START + int(day) * DAY, START + int(day + EVENT_DAYS) * DAY)
        for i, day in enumerate(slots)
    ]
    return events, np.arange(n) < world.n_true


def day_weights(world: World) -> np.ndarray:
    days = np.arange(world.n_days)
    weekly = 1 + world.weekly * np.cos(2 * np.pi * days / 7)
    return weekly * (1 + world.seasonal * np.cos(2 * np.pi * days / 365))


def clumped(at: np.ndarray, clump: float, rng: np.random.Generator) -> np.ndarray:
    """The same mean number of posts, set off in clumps of geometric size."""
    if clump <= 1:
        return at
    seeds = at[rng.random(len(at)) < 1 / clump]
    sizes = rng.geometric(1 / clump, len(seeds))
    return np.repeat(seeds, sizes) + rng.exponential(7200, sizes.sum()).astype(np.int64)


def posts_of(world: World, events: list[CalendarEvent], rng: np.random.Generator) -> tuple[np.ndarray, Any]:
    weights = day_weights(world)
    corpus = None
    if world.corpus_ratio is not None:
        for event in events:
            first = (event.starts_at_s - START) // DAY
            weights[first : first + EVENT_DAYS] *= world.corpus_ratio
        corpus = spread(weights, 60_000, rng)
    alive = weights.copy()
    lifetime = int(world.life * world.n_days)
    begins = min(max(0, (events[0].starts_at_s - START) // DAY - lifetime // 2), world.n_days - lifetime)
    alive[:begins] = alive[begins + lifetime :] = 0
    parts = [spread(alive, rng.poisson(world.background), rng)]
    late = (world.off_centre_hours * 3600 * rng.standard_normal(world.n_true)).astype(np.int64).tolist()
    bursts = [events[i].starts_at_s + EVENT_DAYS * DAY // 2 + late[i] for i in range(world.n_true)]
    taken = {(event.starts_at_s - START) // DAY // (EVENT_DAYS + 1) for event in events}
    free = [slot for slot in range(world.n_days // (EVENT_DAYS + 1)) if slot not in taken]
    bursts += [
        START + int(slot) * (EVENT_DAYS + 1) * DAY + EVENT_DAYS * DAY // 2
        for slot in rng.choice(free, world.n_stray, replace=False)
    ]
    for centre in bursts:
        n = rng.poisson(world.in_bursts / max(1, world.n_true or world.n_stray))
        parts.append((centre + rng.normal(0, 18 * 3600, n)).astype(np.int64))
    return clumped(np.concatenate(parts), world.clump, rng), corpus


def spread(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    days = rng.choice(len(weights), n, p=weights / weights.sum())
    return START + days * DAY + rng.integers(0, DAY, n)


def one(world: World, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    events, is_true = events_of(world, rng)
    posts, corpus = posts_of(world, events, rng)
    period = (START, START + world.n_days * DAY)
    tests = calendar_test(posts, corpus, events, period_s=period)
    p = np.array([1.0 if test.p is None else test.p for test in tests])
    called = np.array([(test.q or 1.0) <= LEVEL if test.q is not None else False for test in tests])
    decoys = [test for test, true in zip(tests, is_true, strict=True) if not true]
    covers = [test.low <= 1 and (test.high is None or test.high >= 1) for test in decoys if test.low is not None]
    whole = follows_calendar(posts, corpus, events, period_s=period, n_shuffles=121)
    return {
        "found": float(called[is_true].sum()),
        "false": float(called[~is_true].sum()),
        "on_top": float(p[is_true].max() < p[~is_true].min()) if is_true.any() else np.nan,
        "at_1": float(np.mean(p[~is_true] <= 0.01)),
        "at_5": float(np.mean(p[~is_true] <= 0.05)),
        "at_10": float(np.mean(p[~is_true] <= 0.10)),
        "coverage": float(np.mean(covers)) if covers else np.nan,
        "by_rate": float(np.mean([test.basis == "rate" for test in tests])),
        "follows": float((whole.p or 1.0) <= LEVEL),
    }


def share(k: float, n: float) -> list[float]:
    """A share with its Clopper-Pearson interval."""
    found = stats.binomtest(int(k), int(n)).proportion_ci(method="exact")
    return [round(k / n, 4), round(found.low, 4), round(found.high, 4)]


def measure(world: World, n_seeds: int) -> dict[str, Any]:
    runs = [one(world, seed) for seed in range(n_seeds)]
    column: Callable[[str], np.ndarray] = lambda name: np.array([run[name] for run in runs])  # noqa: E731
    found, false = column("found"), column("false")
    proportion = false / np.maximum(1, found + false)
    error = 1.96 * proportion.std(ddof=1) / np.sqrt(n_seeds)
    interval = (proportion.mean(), max(0.0, proportion.mean() - error), proportion.mean() + error)
    sizes = [round(float(column(name).mean()), 4) for name in ("at_1", "at_5", "at_10")]
    covers = column("coverage")
    covers = covers[~np.isnan(covers)]
    figures: dict[str, Any] = {
        "false_discovery_proportion": [round(float(x), 4) for x in interval],
        "runs_with_a_false_call": share(float(np.sum(false > 0)), n_seeds),
        "size_on_decoys_at_1_5_10_percent": sizes,
        "interval_of_a_decoys_ratio_covers_1": round(float(covers.mean()), 4) if len(covers) else None,
        "tested_by_rate": round(float(column("by_rate").mean()), 4),
        "calendar_as_a_whole_called": share(float(column("follows").sum()), n_seeds),
    }
    if world.n_true:
        figures["power"] = share(float(found.sum()), n_seeds * world.n_true)
        figures["runs_with_all_true_events_above_all_decoys"] = share(float(column("on_top").sum()), n_seeds)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="20 seeds")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    chosen = parser.parse_args()
    n_seeds = 20 if chosen.quick else chosen.seeds
    started = time.perf_counter()
    results = {name: measure(world, n_seeds) for name, world in WORLDS.items()}
    whole = {"seeds": n_seeds, "decoys": N_DECOYS, "results": results, "seconds": round(time.perf_counter() - started)}
    text = json.dumps(whole, indent=2) + "\n"
    if not chosen.quick:
        chosen.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
