"""What is on the report, as plain values: nothing here knows a table, a model or a page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.publishing import charts
from assay.publishing.waterfall import Scale, scale_over


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure with a line of meaning under it."""

    figure: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StepBar:
    """One step of a waterfall: points are hundredths of log-odds, `score` is where it leads (0 to 100).

    `note` says the value in words, or that it was not checked.
    """

    label: str
    note: str
    points: int
    score: float


@dataclass(frozen=True, slots=True)
class PlacedBar:
    """A step with its bar's left end and width in percent of the scale."""

    step: StepBar
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A discrepancy in words, the signal it comes from, and the points it adds; None where the model weighs it not."""

    text: str
    label: str
    points: int | None


@dataclass(frozen=True, slots=True)
class PriceContext:
    """A price among the others of its brand and category: quantiles in major units of `currency`, `n` offers."""

    price: float
    currency: str
    decimals: int
    among: str
    n: int
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float

    def written(self, name: str) -> str:
        """One of the figures with the decimals of its currency."""
        return f"{getattr(self, name):,.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Case:
    """A listing or merchant shown in full. `low` and `high` are None when the score is not calibrated.

    `base_points` and the points of `steps` add up to the log-odds of `score`. `reasons` are the subject's own
    discrepancies, `merchant_reasons` those of a listing's merchant. `goods` are a merchant's: id, title, score.
    """

    kind: str
    id: str
    name: str
    score: float
    low: float | None
    high: float | None
    base: float
    base_points: int
    steps: tuple[StepBar, ...]
    reasons: tuple[Reason, ...] = ()
    merchant_reasons: tuple[Reason, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    not_checked: tuple[str, ...] = ()
    price: PriceContext | None = None
    goods: tuple[tuple[str, str, float], ...] = ()

    @property
    def band(self) -> str:
        """`flag` from 80 on, `risk` from 40 on, else `pass`: also said in words on the page, never by colour alone."""
        return "flag" if self.score >= 80 else "risk" if self.score >= 40 else "pass"

    @property
    def band_words(self) -> str:
        """The band in words."""
        return {"flag": "red flag", "risk": "at risk", "pass": "no flag"}[self.band]

    @property
    def first_reason(self) -> str:
        """The reason that adds the most points; empty when none adds any."""
        weighed = [r for r in (*self.reasons, *self.merchant_reasons) if r.points is not None and r.points > 0]
        return max(weighed, key=lambda r: r.points or 0).text if weighed else ""

    @property
    def scale(self) -> Scale:
        """The scale that every running sum of the waterfall fits on."""
        return scale_over(self._sums)

    @property
    def bars(self) -> tuple[PlacedBar, ...]:
        """The steps with their places on the scale; a hair where a bar would vanish."""
        sums, scale = self._sums, self.scale
        placed = []
        for i, step in enumerate(self.steps):
            ends = sorted((scale.place(sums[i]), scale.place(sums[i + 1])))
            placed.append(PlacedBar(step, ends[0], max(ends[1] - ends[0], 0.4)))
        return tuple(placed)

    @property
    def _sums(self) -> list[int]:
        sums = [self.base_points]
        for step in self.steps:
            sums.append(sums[-1] + step.points)
        return sums

    @property
    def price_chart(self) -> str:
        """SVG of the price among its peers; empty without peers."""
        return charts.price_chart(self.price) if self.price else ""


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """Mean score and share found counterfeit of a bin, both 0 to 100, and how many goods it holds."""

    mean_score: float
    found: float
    n: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure as text with its interval under it; the interval may be empty."""

    value: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A figure by split."""

    name: str
    values: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one model by split, and what could not be measured, with the reason."""

    title: str
    splits: tuple[str, ...]
    rows: tuple[MetricRow, ...]
    not_measured: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """False alarms of one segment: at the red flag and at risk, with their intervals."""

    by: str
    segment: str
    n_genuine: str
    at_80: Estimate
    at_40: Estimate


@dataclass(frozen=True, slots=True)
class SignalRow:
    """How often a signal could be checked and was worth showing, as shares from 0 to 1; `shown` None: never is."""

    id: str
    label: str
    subject: str
    checked: float
    shown: float | None
    rationale: str


@dataclass(frozen=True, slots=True)
class NotComputedRow:
    """Why some signals could not be computed, and which."""

    reason: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    """One table of the market: rows, and the columns that are mostly empty (name, share filled)."""

    name: str
    rows: int
    thin: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything on the page. Lists may be empty; the page then says so instead of leaving a hole."""

    title: str
    as_of: str
    snapshot_id: str
    label: str
    is_calibrated: bool
    score_means: str
    rests_on: str
    tiles: tuple[Tile, ...]
    histogram: tuple[int, ...]
    merchants: tuple[Case, ...]
    goods: tuple[Case, ...]
    signals: tuple[SignalRow, ...]
    not_computed: tuple[NotComputedRow, ...]
    tables: tuple[DataTable, ...]
    intake: tuple[tuple[str, ...], ...] = ()
    reject_reasons: tuple[tuple[str, int, str], ...] = ()
    reliability: tuple[ReliabilityPoint, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    segments: tuple[SegmentRow, ...] = ()
    model_facts: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
