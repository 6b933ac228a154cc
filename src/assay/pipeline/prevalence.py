"""How much is counterfeit: estimates from test buys, their publication, comparison between periods, verification."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from assay.engine import whole_folder
from assay.engine.folders import outside
from assay.market.errors import CallerError, OutsideError
from assay.measurement.estimation import Estimand, Estimate
from assay.measurement.ledger import head
from assay.measurement.plans import Plan, read_plan, strata_table
from assay.measurement.power import LEAST_POWER, Claim, buys_needed, claim
from assay.measurement.publication import FILES, MANIFEST, Custody, Verification, publish, verify
from assay.measurement.sealing import BrokenSeal, read_canonical
from assay.measurement.studies import Figures, measure, public_units, seen_units
from assay.measurement.trends import Change, Trend, change
from assay.measurement.unit_file import read_units
from assay.pipeline.custody import TestBuys, open_test_buys, read_file
from assay.pipeline.keys import signing_key
from assay.pipeline.outcomes import look_ready
from assay.pipeline.testbuys import redraw

# A published folder is a few hundred KB; more files than this are not one, and are not read into memory.
_MOST_FILES = 200
_MOST_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class PeriodShare:
    """One estimand in one period, for a plot over time. `period` is the day the frame was taken (YYYY-MM-DD)."""

    period: str
    estimand: str
    share: float
    low: float
    high: float
    n_buys: int
    n_positive: int


@dataclass(frozen=True, slots=True)
class PrevalenceStudy:
    """Everything there is to show of a period's test buys.

    `plan` holds frame, strata, settings and expectations; `figures` the estimates with their intervals, the domains,
    the examiner's errors and the plain share of one look. `units` are the units as published (columns of
    `measurement.drawing.UNITS`), for plots and for checking the score against its plain random share. `outcomes` counts
    buys by (pot, outcome). `periods` are earlier periods and this one, oldest first.
    """

    plan: Plan
    plan_sha256: str
    key_fingerprint: str
    figures: Figures
    units: pa.Table
    outcomes: dict[tuple[str, str], int]
    periods: tuple[PeriodShare, ...]
    published: Path | None

    def estimate(self, estimand: Estimand | str = Estimand.LISTINGS) -> Estimate:
        """The estimate of one estimand. CallerError when the plan does not measure it."""
        return _of(self.figures, estimand)


def estimate_prevalence(
    folder: Path,
    *,
    look: int | None = None,
    publish_to: Path | None = None,
    key_file: Path | None = None,
    history: Sequence[Path] = (),
    published_at: datetime | None = None,
) -> PrevalenceStudy:
    """The figures of a folder of test buys at a planned look (None: the last that is complete).

    `publish_to` writes the published folder, signed with the key of the plan, after drawing the units once more to see
    that they are the plan's. `history` are earlier folders, of test buys or published, for the figures by period.
    CallerError when buys of the look have no outcome yet, BrokenSeal when something was changed.
    """
    buys = open_test_buys(folder)
    units = buys.units()
    chosen = look if look is not None else max(look_ready(units, buys.plan.settings.looks), 1)
    if publish_to is not None:
        _need_drawn_as_planned(buys, publish_to)
    public = public_units(units, buys.plan, chosen)
    figures = measure(public, buys.plan, chosen)
    if publish_to is not None:
        custody = _custody(buys, published_at)
        with whole_folder(publish_to) as to:
            for name, content in publish(public, figures, buys.plan, buys.seal, custody, signing_key(key_file)).items():
                (to / name).write_bytes(content)
    earlier = [share for each in history for share in _shares(_open_period(each))]
    now = _Period(folder, buys.plan, public, chosen, figures)
    pots = zip(public["pot"].to_pylist(), public["outcome"].fill_null("outstanding").to_pylist(), strict=True)
    return PrevalenceStudy(
        plan=buys.plan,
        plan_sha256=buys.seal.sha256,
        key_fingerprint=buys.seal.fingerprint,
        figures=figures,
        units=public,
        outcomes=dict(sorted(Counter(pots).items())),
        periods=tuple(sorted([*earlier, *_shares(now)], key=lambda share: (share.period, share.estimand))),
        published=publish_to,
    )


def _custody(buys: TestBuys, published_at: datetime | None) -> Custody:
    at = (published_at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Custody(at, head(buys.history()), len(buys.entries()))


def _need_drawn_as_planned(buys: TestBuys, publish_to: Path) -> None:
    if publish_to.exists():
        raise CallerError(f"{publish_to} exists; name a new folder to publish in.", {"path": str(publish_to)})
    if not redraw(buys).equals(buys.drawn_units().combine_chunks()):
        raise BrokenSeal(f"The units in {buys.folder} are not those that its sealed plan draws; draw again.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What may be said of two periods for one estimand.

    `supported`: a rise or fall may be claimed. Where it may not, `buys_needed` a period would show a change of the
    observed size with a chance of 0.8 (None where nothing was found before or after, or nothing changed).
    `differences` say what else changed between the frames.
    """

    before: PeriodShare
    after: PeriodShare
    change: Change
    supported: bool
    buys_needed: int | None
    differences: tuple[str, ...]


def compare_prevalence(
    before: Path, after: Path, estimand: Estimand | str = Estimand.LISTINGS, *, confidence: float = 0.95
) -> Comparison:
    """Compares two periods, each a folder of test buys with outcomes or a published folder.

    A difference that the buys cannot carry is no claim: `supported` is false and says how many buys it would take.
    CallerError when either does not measure the estimand, or values are in different currencies.
    """
    first, second = _open_period(before), _open_period(after)
    if estimand == Estimand.VALUE and first.plan.frame.currency != second.plan.frame.currency:
        raise CallerError(
            f"Values in {first.plan.frame.currency} and {second.plan.frame.currency} cannot be compared; plan both "
            "periods in one currency.",
            value=second.plan.frame.currency,
            allowed=first.plan.frame.currency,
        )
    tables = [(seen_units(each.units, each.plan, each.look), strata_table(each.plan)) for each in (first, second)]
    found = change(tables[0], tables[1], estimand, confidence=confidence)
    shares = [next(s for s in _shares(each) if s.estimand == str(estimand)) for each in (first, second)]
    supported = found.trend is not Trend.NO_CLAIM
    needed = None if supported else _needed(_of(first.figures, estimand), found.ratio)
    return Comparison(shares[0], shares[1], found, supported, needed, _differences(first.plan, second.plan))


def plan_claim(
    folder: Path | None, ratio: float, n_buys: int, *, rate: float | None = None, estimand: str = "listings"
) -> Claim:
    """Whether `n_buys` a period can show a change by `ratio`, before they are bought.

    `folder` (test buys with outcomes, or published) gives the rate and the design effect of what was bought so far;
    without it `rate` is taken with the design effect of uniform sampling, 1. CallerError when neither is given.
    """
    if folder is None:
        if rate is None:
            raise CallerError("Power needs a rate: give --rate, or a folder of test buys to take it from.")
        return claim(rate, ratio, n_buys)
    estimate = _of(_open_period(folder).figures, estimand)
    if estimate.share <= 0 and rate is None:
        raise CallerError(f"Nothing counterfeit was found in {folder}; give a rate with --rate.", {"path": str(folder)})
    return claim(rate or estimate.share, ratio, n_buys, _design_effect(estimate))


def verify_prevalence(folder: Path, *, key_fingerprint: str | None = None) -> Verification:
    """Checks a published folder, offline: signature, hashes, plan, strata, units, and every figure computed again.

    `key_fingerprint` is the publisher's, from elsewhere; without it a folder that was replaced as a whole, its key
    included, passes. CallerError when the folder is none.
    """
    return verify(_files(folder), key_fingerprint=key_fingerprint)


def _files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder by its name; what is no plain file (a folder, a link) has an entry as well."""
    if not folder.is_dir():
        raise CallerError(f"{folder} is no folder; name the published one.", {"path": str(folder)}, str(folder))
    try:
        places = sorted(folder.rglob("*"))
        size = sum(place.stat().st_size for place in places if place.is_file())
    except OSError as error:
        raise outside(error, folder) from error
    if len(places) > _MOST_FILES or size > _MOST_BYTES:
        raise OutsideError(f"{folder} holds {len(places)} files and {size:,} bytes: it is not a published folder.")
    if not (folder / MANIFEST).exists() and not set(FILES) & {str(place.relative_to(folder)) for place in places}:
        raise CallerError(
            f"{folder} is not a published folder: it has no {MANIFEST}; make one with "
            "`assay prevalence estimate FOLDER --publish OUT`.",
            where={"path": str(folder)},
        )
    found = {}
    for place in places:
        name = place.relative_to(folder).as_posix()
        plain = place.is_file() and not place.is_symlink()
        # A name that no published file has: whatever is not a plain file makes the list of files differ.
        found[name if plain else f"{name} (no plain file)"] = read_file(place) if plain else b""
    return found


@dataclass(frozen=True, slots=True)
class _Period:
    """One period opened, from either kind of folder."""

    folder: Path
    plan: Plan
    units: pa.Table
    look: int
    figures: Figures


def _open_period(folder: Path) -> _Period:
    if not (folder / MANIFEST).is_file():
        buys = open_test_buys(folder)
        stored = buys.units()
        look = max(look_ready(stored, buys.plan.settings.looks), 1)
        units = public_units(stored, buys.plan, look)
        return _Period(folder, buys.plan, units, look, measure(units, buys.plan, look, by_domain=False))
    files = _files(folder)
    checked = verify(files)
    if not checked.holds:
        raise BrokenSeal(f"{folder} does not verify: {checked.checks[-1].said}", where={"path": str(folder)})
    plan, units = read_plan(files["plan.json"]), read_units(files["units.csv"])
    look = int(read_canonical(files[MANIFEST], MANIFEST)["look"])
    return _Period(folder, plan, units, look, measure(units, plan, look, by_domain=False))


def _shares(period: _Period) -> list[PeriodShare]:
    day = period.plan.circumstances.as_of[:10]
    return [
        PeriodShare(day, str(e.estimand), e.share, e.low, e.high, e.n_buys, e.n_positive)
        for e in period.figures.estimates
    ]


def _of(figures: Figures, estimand: Estimand | str) -> Estimate:
    found = next((each for each in figures.estimates if each.estimand == str(estimand)), None)
    if found is None:
        allowed = ", ".join(str(each.estimand) for each in figures.estimates)
        raise CallerError(
            f"The plan does not measure {str(estimand)!r}; it measures {allowed}.", value=str(estimand), allowed=allowed
        )
    return found


def _design_effect(estimate: Estimate) -> float:
    return estimate.n_buys / estimate.effective_n if estimate.effective_n > 0 else 1.0


def _needed(before: Estimate, ratio: float | None) -> int | None:
    if not ratio or ratio == 1.0 or not 0 < before.share < 1:
        return None
    return buys_needed(before.share, ratio, _design_effect(before), wanted=LEAST_POWER)


def _differences(before: Plan, after: Plan) -> tuple[str, ...]:
    found = []
    if before.circumstances.period_days != after.circumstances.period_days:
        days = (before.circumstances.period_days, after.circumstances.period_days)
        found.append(f"sales were counted over {days[0]} days before and {days[1]} days after")
    if before.frame.currency != after.frame.currency:
        found.append(f"values are in {before.frame.currency} before and {after.frame.currency} after")
    sizes = (before.frame.n_units, after.frame.n_units)
    if sizes[0] and not 0.8 <= sizes[1] / sizes[0] <= 1.25:
        found.append(f"the frame held {sizes[0]:,} listings before and {sizes[1]:,} after")
    return tuple(found)
