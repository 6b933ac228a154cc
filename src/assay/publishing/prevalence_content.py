"""What is on the page of a measured prevalence, as plain values: nothing here knows a table or an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """What may be said of a change between two periods; nothing else ever is."""

    ROSE = "rose"
    FELL = "fell"
    NO_CLAIM = "no claim"


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its interval, low <= share <= high: shares from 0 to 1, ratios from 0 up."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Headline:
    """One estimand of the period: `estimand` is "listings", "orders" or "value", all shares run from 0 to 1.

    `figure` is the published interval by `method`; `corrected` the one that takes the authenticator's errors away,
    None where no controls were examined. `best_case` and `worst_case` count every failed buy as genuine and as
    counterfeit, `complete_case` leaves failed buys out. `check` is the difference estimate, which uses the scores.
    """

    estimand: str
    figure: Interval
    method: str
    n_buys: int
    n_positive: int
    confidence: float = 0.95
    corrected: Interval | None = None
    best_case: float | None = None
    worst_case: float | None = None
    complete_case: float | None = None
    check: float | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the series: `shares` by estimand, and the goods taken down in it (None: not counted)."""

    label: str
    shares: tuple[tuple[str, Interval], ...]
    n_buys: int
    n_takedowns: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one estimand between two periods: the later share over the earlier one, with its interval.

    `power` is the chance that so many buys show a change by `power_ratio`; `buys_needed` how many buys a
    period it would take to see that change 8 times in 10.
    """

    estimand: str
    before: str
    after: str
    verdict: Direction
    ratio: float | None
    low: float | None
    high: float | None
    power: float | None = None
    power_ratio: float | None = None
    buys_needed: int | None = None


@dataclass(frozen=True, slots=True)
class StratumRow:
    """One stratum: goods in the frame, goods drawn, the share its scores expect and the counterfeits found.

    `pot` is "measure" or "enforce"; `n_found` is None while outcomes are missing.
    """

    name: str
    pot: str
    n_units: int
    n_drawn: int
    expected_rate: float
    n_found: int | None = None


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Test buys of similar score: mean chance that the score gave, share found with its interval (all 0 to 1)."""

    mean_chance: float
    found: Interval
    n_buys: int


class Drift(StrEnum):
    """What the test buys say of the score's level."""

    NONE_SEEN = "no drift seen"
    DRIFTED = "drifted"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The score checked by test buys: `observed` of `expected` counterfeits in the plain share and in all buys.

    `ratio` is observed over expected with its interval; `false_alarm_rate` what the test was set to; `action` what
    was done (re-fitted, or refused with the reason), as a sentence.
    """

    drift: Drift
    plain: Interval
    plain_expected: float
    n_plain: int
    ratio: Interval
    n_measured: int
    p_value: float | None
    false_alarm_rate: float
    action: str = ""
    bins: tuple[CalibrationBin, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a domain; `figure` is None where fewer than ten buys lie in it, which the page says."""

    name: str
    figure: Interval | None
    n_buys: int | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """Cells by one property (category, brand, size of merchant, origin, safety class)."""

    by: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What the blind controls say of the examiner: right answers among known ones, with intervals.

    `n_confirmed` of `n_second` positives were found counterfeit again by a second examiner who did not know.
    """

    sensitivity: Interval
    n_known_counterfeit: int
    specificity: Interval
    n_known_genuine: int
    n_second: int = 0
    n_confirmed: int = 0


@dataclass(frozen=True, slots=True)
class NotClaimable:
    """A claim that these buys cannot support: what, the chance of seeing it if it is so, and what it would take."""

    claim: str
    power: float | None
    buys_needed: int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What the buys were drawn from: live listings, their orders and value, what was left out with the reason."""

    n_listings: int
    n_orders: int
    value: str
    as_of: str
    sha256: str
    exclusions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """How a stranger checks the figure: the command, the hashes of plan and unit file, the key that signed."""

    command: str
    plan_sha256: str
    units_sha256: str = ""
    signed_by: str = ""
    sealed_at: str = ""


@dataclass(frozen=True, slots=True)
class PrevalencePage:
    """Everything on the page. Parts may be empty; the page then says so instead of leaving a hole.

    `outcomes` counts buys by outcome in words ("counterfeit", "not delivered" …). `looks` says how often the figure
    was looked at and what that costs. `versions` are names and versions of what computed it.
    """

    title: str
    period: str
    headlines: tuple[Headline, ...]
    frame: Frame
    periods: tuple[Period, ...] = ()
    changes: tuple[Change, ...] = ()
    strata: tuple[StratumRow, ...] = ()
    calibration: Calibration | None = None
    domains: tuple[Domain, ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()
    authenticator: Authenticator | None = None
    not_claimable: tuple[NotClaimable, ...] = ()
    verification: Verification | None = None
    looks: str = ""
    notes: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
