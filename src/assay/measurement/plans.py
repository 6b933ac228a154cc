"""The plan of a period's test buys: which goods are in the frame, how it is divided, how many buys each part gets.

One budget, three pots. `enforce`: the buys that stop the most harm per cost, a stratum bought whole, and a few explored
beyond it. `measure`: strata over all the rest. `control`: goods whose truth is known, for the examiner's own errors.
Every buy of the frame has a known inclusion probability, so the first two pots measure together.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.market.errors import CallerError
from assay.measurement.enforcement import BuyValues, Harm, choose_buys
from assay.measurement.frame import FrameCounts
from assay.measurement.samples import Estimand
from assay.measurement.sealing import BrokenSeal, canonical_json, read_canonical
from assay.measurement.strata import DEFENSIVE_SHARE, LEAST_BUYS, allocate, stratify, unit_spread, weight_floors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FORMAT, FORMAT_VERSION = "assay-test-buy-plan", 1
CERTAIN, EXPLORE = "certain", "explore"
# Beyond a quarter the interval widens faster than the fakes found are worth (1,000 buys at 1 %: 25 % picked leaves a
# relative width of 1.08, 50 % leaves 1.41; measurement simulations, table in docs/explanation/test-buys.md).
MOST_ENFORCE = 0.25
# One explored buy in eight of the enforcement pot, and never so few that their stratum hangs on luck.
_EXPLORE_SHARE = 0.12
_LEAST_EXPLORED = 30
# Explored goods are drawn from ten times as many runners-up, so that each stands for ten.
_EXPLORE_FROM = 10
# At low prevalence the examiner's false alarms weigh most, so three controls in four are genuine.
_GENUINE_CONTROLS = 0.75
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a plan is made with. Shares are of all buys; they add up to 1 with the measuring share.

    `for_sales` shares the precision between listings and sales; without it the strata serve the share of listings
    alone, whose interval is then narrower, and orders and value are not measured.
    """

    n_buys: int
    enforce_share: float = 0.25
    control_share: float = 0.20
    plain_share: float = 0.15
    n_strata: int = 9
    confidence: float = 0.95
    looks: int = 1
    defensive_share: float = DEFENSIVE_SHARE
    enforce_budget_minor: int | None = None
    most_per_merchant: int = 3
    for_sales: bool = True

    def __post_init__(self) -> None:
        checks = (
            ("buys", self.n_buys, self.n_buys >= 2 * LEAST_BUYS, f"{2 * LEAST_BUYS} or more"),
            ("share for enforcement", self.enforce_share, 0 <= self.enforce_share <= MOST_ENFORCE, "0 to 0.25"),
            ("share for controls", self.control_share, 0 <= self.control_share <= 0.5, "0 to 0.5"),
            ("plain random share", self.plain_share, 0 <= self.plain_share <= 0.5, "0 to 0.5"),
            ("number of strata", self.n_strata, 1 <= self.n_strata <= 20, "1 to 20"),
            ("confidence", self.confidence, 0.5 < self.confidence < 1, "above 0.5, below 1"),
            ("number of looks", self.looks, 1 <= self.looks <= 20, "1 to 20"),
            ("defensive share", self.defensive_share, 0 <= self.defensive_share <= 1, "0 to 1"),
        )
        for name, value, right, allowed in checks:
            if not right:
                raise CallerError(
                    f"The {name} of the plan is {value}; allowed is {allowed}.",
                    where={"setting": name},
                    value=value,
                    allowed=allowed,
                )

    @property
    def n_enforce(self) -> int:
        """Buys for enforcement."""
        return int(self.n_buys * self.enforce_share)

    @property
    def n_control(self) -> int:
        """Controls to mix in."""
        return int(self.n_buys * self.control_share)

    @property
    def n_plain(self) -> int:
        """Buys of the plain random share; at most half of those that measure."""
        return min(int(self.n_buys * self.plain_share), (self.n_buys - self.n_enforce - self.n_control) // 2)


@dataclass(frozen=True, slots=True)
class PlannedStratum:
    """One part of the frame: its size and sales, how many of it are bought, what the score expects."""

    stratum: str
    pot: str
    n_units: int
    n_orders: int
    revenue_minor: int
    largest_n_orders: int
    largest_revenue_minor: int
    n_drawn: int
    n_plain: int
    expected_rate: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What a plan should yield if the score is right: share, half width of its interval, the same for random buys."""

    estimand: str
    share: float
    half_width: float
    random_half_width: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan rests on: instants (ISO, UTC), market, model; `seed_sha256` commits to the secret of the draw."""

    sealed_at: str
    as_of: str
    period_days: int
    snapshot_id: str
    model: str
    model_label: str
    seed_sha256: str
    frame_sha256: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is settled before the draw; `plan_bytes` is what is sealed."""

    circumstances: Circumstances
    settings: PlanSettings
    harm: Harm
    frame: FrameCounts
    strata: tuple[PlannedStratum, ...]
    n_genuine_controls: int
    n_fake_controls: int
    estimands: tuple[str, ...]
    expected: tuple[Expected, ...]

    @property
    def n_drawn(self) -> int:
        """Buys of the frame: all but the controls."""
        return sum(each.n_drawn for each in self.strata)


@dataclass(frozen=True, slots=True)
class FrameUnits:
    """The frame as arrays, one entry per unit in the order of listing_id; chance is score / 100."""

    chance: Floats
    n_orders: Ints
    revenue_minor: Ints
    merchant: Ints

    @property
    def sales(self) -> Floats:
        """Sales as strata see them: the larger of the share of orders and the share of revenue."""
        parts = [x / x.sum() for x in (self.n_orders, self.revenue_minor) if x.sum() > 0]
        return np.asarray(np.max([np.zeros(len(self.chance)), *parts], axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Division:
    """The stratum of every unit (index into `names`) and what each stratum gets."""

    names: tuple[str, ...]
    stratum: Ints
    n_drawn: Ints
    n_plain: Ints
    chosen: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def divide(
    units: FrameUnits,
    values: BuyValues | None,
    settings: PlanSettings,
    secret: str,
    *,
    open_units: npt.NDArray[np.bool_] | None = None,
) -> Division:
    """Divides a frame into the certainty stratum, the explored one and the measuring strata, and allocates the buys.

    `values` are what enforcement would gain by each unit (None: no enforcement), `open_units` those whose merchant the
    stop rule has not settled. What enforcement does not use measures. CallerError when the frame is empty.
    """
    n = len(units.chance)
    if n == 0:
        raise CallerError("The frame is empty: no listing of the market can be bought; see the exclusions.")
    part = np.full(n, 2, dtype=np.int64)
    certain = np.zeros(0, dtype=np.int64)
    n_explored = 0
    if values is not None and settings.n_enforce:
        certain, runners_up, n_explored = _enforcement(units, values, settings, open_units)
        part[certain], part[runners_up] = 0, 1
    rest = np.flatnonzero(part == 2)
    stratum = part.copy()
    if len(rest):
        size, n_left = _size(units, settings)[rest], settings.n_buys - settings.n_control - len(certain) - n_explored
        eta, n_strata = settings.defensive_share, settings.n_strata
        stratum[rest] += stratify(units.chance[rest], size, n_strata, n_buys=n_left, eta=eta)
    return _allocated(units, stratum, settings, n_explored, certain, secret)


def _size(units: FrameUnits, settings: PlanSettings) -> Floats:
    return units.sales if settings.for_sales else np.ones(len(units.chance))


def _enforcement(
    units: FrameUnits, values: BuyValues, settings: PlanSettings, open_units: npt.NDArray[np.bool_] | None
) -> tuple[Ints, Ints, int]:
    """(units bought for certain, runners-up to explore, how many of those)."""
    n_explored = max(_LEAST_EXPLORED, int(settings.n_enforce * _EXPLORE_SHARE))
    if settings.n_enforce < 2 * _LEAST_EXPLORED:
        n_explored = 0
    certain = choose_buys(
        values,
        units.merchant,
        settings.n_enforce - n_explored,
        budget_minor=settings.enforce_budget_minor,
        most_per_merchant=settings.most_per_merchant,
        open_units=open_units,
    )
    left = np.ones(len(units.chance), dtype=bool) if open_units is None else open_units.copy()
    left[certain] = False
    # Any number per merchant: the runners-up are a population to draw from, not buys.
    many = len(units.chance)
    runners_up = choose_buys(
        values, units.merchant, _EXPLORE_FROM * n_explored, most_per_merchant=many, open_units=left
    )
    if len(runners_up) <= n_explored:
        return np.concatenate([certain, runners_up]), np.zeros(0, dtype=np.int64), 0
    return certain, runners_up, n_explored


def _allocated(
    units: FrameUnits, stratum: Ints, settings: PlanSettings, n_explored: int, certain: Ints, secret: str
) -> Division:
    codes, stratum = np.unique(stratum, return_inverse=True)
    names = tuple((CERTAIN, EXPLORE)[code] if code < 2 else f"m{code - 1}" for code in codes)
    n_units = np.bincount(stratum)
    drawn = np.where(codes == 0, n_units, np.where(codes == 1, n_explored, 0)).astype(np.int64)
    random = codes > 0
    n_plain = min(settings.n_plain, int(n_units[random].sum()))
    share = n_plain * n_units * random / max(int(n_units[random].sum()), 1)
    measured = codes > 1
    if measured.any():
        # The spread is adjusted with the mean chance of what is measured, so no second defence is needed (eta 0).
        rows = codes[stratum] > 1
        size = _size(units, settings)
        spread = unit_spread(units.chance[rows], size[rows], eta=settings.defensive_share)
        squares = np.bincount(stratum[rows], weights=spread**2, minlength=len(codes))[measured]
        n_left = settings.n_buys - settings.n_control - int(drawn.sum())
        by_weight = weight_floors(size, stratum, n_left)[measured] if settings.for_sales else 0
        floor = np.maximum(np.maximum(np.ceil(share[measured]), LEAST_BUYS), by_weight)
        s = np.sqrt(squares / n_units[measured])
        drawn[measured] = allocate(n_units[measured], s, n_left, eta=0.0, floor=floor)
    plain = np.minimum(_rounded_at_random(share, secret), drawn)
    return Division(names, stratum, drawn, plain, certain)


def _rounded_at_random(share: Floats, secret: str) -> Ints:
    """Whole numbers that add up to the sum of `share`, each equal to it on average: systematic rounding.

    Rounded to the nearest, a stratum's plain share would be off by up to half a buy for every seed alike.
    """
    start = int.from_bytes(hashlib.sha256(f"plain:{secret}".encode()).digest()[:6]) / 2**48
    ends = np.floor(np.round(np.cumsum(share), 9) + start).astype(np.int64)
    return np.asarray(np.diff(ends, prepend=0), dtype=np.int64)


def make_plan(
    units: FrameUnits,
    division: Division,
    frame: FrameCounts,
    settings: PlanSettings,
    harm: Harm,
    about: Circumstances,
) -> Plan:
    """The plan of a divided frame: strata with totals, controls, and what to expect. Nothing is drawn yet."""
    n = len(division.names)
    squares = {"n_orders": units.n_orders, "revenue_minor": units.revenue_minor}
    totals = {name: _sums(division.stratum, x, n) for name, x in squares.items()}
    largest = {name: _largest(division.stratum, x, n) for name, x in squares.items()}
    n_units = np.bincount(division.stratum, minlength=n)
    rate = np.bincount(division.stratum, weights=units.chance, minlength=n) / n_units
    strata = tuple(
        PlannedStratum(
            stratum=name,
            pot="enforce" if name in (CERTAIN, EXPLORE) else "measure",
            n_units=int(n_units[h]),
            n_orders=totals["n_orders"][h],
            revenue_minor=totals["revenue_minor"][h],
            largest_n_orders=largest["n_orders"][h],
            largest_revenue_minor=largest["revenue_minor"][h],
            n_drawn=int(division.n_drawn[h]),
            n_plain=int(division.n_plain[h]),
            expected_rate=round(float(rate[h]), 6),
        )
        for h, name in enumerate(division.names)
    )
    n_genuine = round(settings.n_control * _GENUINE_CONTROLS)
    sizes = {Estimand.LISTINGS: np.ones(len(units.chance), dtype=np.int64)}
    sizes |= {Estimand.ORDERS: units.n_orders, Estimand.VALUE: units.revenue_minor}
    served = tuple(Estimand) if settings.for_sales else (Estimand.LISTINGS,)
    measured = {str(estimand): sizes[estimand] for estimand in served if sizes[estimand].sum() > 0}
    expected = tuple(_expected(name, x, units.chance, division) for name, x in measured.items())
    controls = (n_genuine, settings.n_control - n_genuine)
    return Plan(about, settings, harm, frame, strata, *controls, tuple(measured), expected)


def _expected(estimand: str, size: Ints, chance: Floats, division: Division) -> Expected:
    """Planning figures by the normal approximation (Cochran 1977, section 5.3), with chances taken as true."""
    n = len(division.names)
    x = size / size.sum()
    n_units = np.bincount(division.stratum, minlength=n).astype(np.float64)
    means = np.bincount(division.stratum, weights=chance * x, minlength=n) / n_units
    square = np.bincount(division.stratum, weights=chance * x**2, minlength=n) / n_units
    bought = np.maximum(division.n_drawn, 1)
    variance = n_units**2 * (1.0 - division.n_drawn / n_units) * (square - means**2) / bought
    every = len(chance) ** 2 * ((chance * x**2).mean() - (chance * x).mean() ** 2) / max(bought.sum(), 1)
    return Expected(
        estimand,
        round(float((chance * x).sum()), 8),
        round(float(_Z95 * np.sqrt(max(variance.sum(), 0.0))), 8),
        round(float(_Z95 * np.sqrt(every)), 8),
    )


def _sums(stratum: Ints, x: Ints, n: int) -> list[int]:
    """Exact sums per stratum: floats would lose units of money beyond 2^53."""
    found = np.zeros(n, dtype=np.int64)
    np.add.at(found, stratum, x)
    return [int(each) for each in found]


def _largest(stratum: Ints, x: Ints, n: int) -> list[int]:
    found = np.zeros(n, dtype=np.int64)
    np.maximum.at(found, stratum, x)
    return [int(each) for each in found]


def strata_table(plan: Plan) -> pa.Table:
    """The strata of a plan as a table, one row each in the plan's order."""
    names = [each.name for each in fields(PlannedStratum)]
    kinds = {"stratum": pa.string(), "pot": pa.string(), "expected_rate": pa.float64()}
    columns = [pa.array([getattr(s, name) for s in plan.strata], kinds.get(name, pa.int64())) for name in names]
    return pa.table(columns, names=names)


def plan_bytes(plan: Plan) -> bytes:
    """The plan as canonical JSON: what is hashed, signed and published."""
    return canonical_json({"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(plan)})


def read_plan(content: bytes, name: str = "plan.json") -> Plan:
    """The plan in canonical JSON. BrokenSeal when it was written otherwise or lacks a part."""
    plain = read_canonical(content, name)
    try:
        if (plain.pop("format"), plain.pop("format_version")) != (FORMAT, FORMAT_VERSION):
            raise ValueError(f"it is not {FORMAT} {FORMAT_VERSION}")
        return _plan(plain)
    except (KeyError, TypeError, ValueError, AttributeError, CallerError) as error:
        raise BrokenSeal(f"{name} is not a plan of test buys: {error}.", where={"file": name}) from error


def _plan(plain: dict[str, Any]) -> Plan:
    if set(plain) != {each.name for each in fields(Plan)}:
        raise ValueError(f"its parts are {', '.join(sorted(plain))}")
    return Plan(
        circumstances=Circumstances(**plain["circumstances"]),
        settings=PlanSettings(**plain["settings"]),
        harm=Harm(**plain["harm"]),
        frame=FrameCounts(**plain["frame"]),
        strata=tuple(PlannedStratum(**each) for each in plain["strata"]),
        n_genuine_controls=int(plain["n_genuine_controls"]),
        n_fake_controls=int(plain["n_fake_controls"]),
        estimands=tuple(plain["estimands"]),
        expected=tuple(Expected(**each) for each in plain["expected"]),
    )
