"""How often drift is seen, and whether a re-fit brings the score's level nearer to the truth.

    python benchmarks/prevalence/drift.py --runs 60

Each row: 100,000 listings at 1 % and AUC 0.97, a period of test buys with an examiner who errs, the check at 5 %, the
re-fit where it is not refused; `better`: the share of re-fits after which the mean chance is nearer to the true share.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from purchases import a_period

from assay.measurement.recalibration import CheckSettings, Examiner, check_score
from assay.measurement.refitting import refit_score
from assay.simulation.purchases import WorldSettings, make_frame, next_period

# (what happened, true share times, score off by in log-odds, share of counterfeits that the score does not see)
CASES = (
    ("nothing", 1.0, 0.0, 0.0),
    ("a tenth hidden", 1.0, 0.0, 0.1),
    ("true share up by half", 1.5, 0.0, 0.0),
    ("true share doubled", 2.0, 0.0, 0.0),
    ("score twice too high", 1.0, 0.7, 0.0),
    ("score half too low", 1.0, -0.7, 0.0),
    ("half of them hidden", 1.0, 0.0, 0.5),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60)
    options = parser.parse_args()
    print("| what happened | buys | drift seen | re-fitted | with slope | better |\n|---|---|---|---|---|---|")
    for name, ratio, shift, hidden in CASES:
        for n_buys in (1_000, 3_000):
            seen = [one((ratio, shift, hidden), n_buys, seed) for seed in range(options.runs)]
            refits = [each for each in seen if each[1]]
            better = f"{np.mean([each[3] for each in refits]):.2f}" if refits else "–"
            rates = (f"{np.mean([each[k] for each in seen]):.2f}" for k in range(3))
            print(f"| {name} | {n_buys:,} | {' | '.join(rates)} | {better} |", flush=True)


def one(case: tuple[float, float, float], n_buys: int, seed: int) -> tuple[bool, bool, bool, bool]:
    """(drift seen, re-fitted, with slope, nearer to the truth)."""
    ratio, shift, hidden = case
    rng = np.random.default_rng(seed)
    frame = make_frame(WorldSettings(100_000, level_shift=shift, hidden_rate=hidden), rng)
    if ratio != 1.0:
        frame = next_period(frame, ratio, rng)
    units, strata, _ = a_period(frame, n_buys, rng)
    # Two blind examinations with sensitivity 0.97 and specificity 0.995 each.
    examiner = Examiner(0.97**2, 1 - 0.005**2)
    check = check_score(units, strata, examiner=examiner, settings=CheckSettings(replicates=1_000), rng=rng)
    refit = refit_score(units, strata, check, examiner=examiner)
    chance = np.clip(frame.score / 100, 5e-5, 1 - 5e-5)
    away = np.log(chance / (1 - chance)) - refit.centre
    after = 1 / (1 + np.exp(-(refit.shift.share + refit.centre + refit.slope.share * away)))
    errors = [abs(np.log(each.mean() / frame.is_counterfeit.mean())) for each in (after, chance)]
    return check.drifted, refit.refused is None, refit.slope.share != 1.0, bool(errors[0] < errors[1])


if __name__ == "__main__":
    main()
