"""The analyst's report: one self-contained HTML page, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from assay.publishing import charts


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure with a line of meaning under it."""

    figure: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StepBar:
    """One step of a waterfall: points are hundredths of log-odds, scores run from 0 to 100.

    `note` says the value in words, or that it was not checked.
    """

    label: str
    note: str
    points: int
    before: float
    after: float

    @property
    def left(self) -> float:
        """Left end of the bar, in percent of the score axis."""
        return min(self.before, self.after)

    @property
    def width(self) -> float:
        """Width of the bar, in percent of the score axis; a hair where it would vanish."""
        return max(abs(self.after - self.before), 0.3)


@dataclass(frozen=True, slots=True)
class PriceContext:
    """A price among the others of its brand and category: quantiles in major units of `currency`, `n` offers."""

    price: float
    currency: str
    among: str
    n: int
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


@dataclass(frozen=True, slots=True)
class Case:
    """A listing or merchant shown in full. `low` and `high` are None when the score is not calibrated."""

    kind: str
    id: str
    name: str
    score: float
    low: float | None
    high: float | None
    base: float
    steps: tuple[StepBar, ...]
    sentences: tuple[str, ...]
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
class MetricRow:
    """A figure by split, as text."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """False alarms of one segment, as text: at the red flag and at risk, with their intervals."""

    by: str
    segment: str
    n_genuine: str
    at_80: str
    at_40: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """How often a signal could be checked and how often it was worth showing, as shares from 0 to 1."""

    id: str
    subject: str
    checked: float
    shown: float
    rationale: str


@dataclass(frozen=True, slots=True)
class NotComputedRow:
    """A signal that this market cannot give, and what it needs."""

    id: str
    reason: str


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
    metric_splits: tuple[str, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    not_measured: tuple[tuple[str, str], ...] = ()
    segments: tuple[SegmentRow, ...] = ()
    versions: tuple[tuple[str, str], ...] = field(default=())


def report_html(data: ReportData) -> str:
    """The whole page as text. Every value is escaped; the charts are inline SVG."""
    page = _environment().get_template("report.html")
    return page.render(
        data=data,
        histogram=charts.histogram(data.histogram),
        reliability=charts.reliability(data.reliability) if data.reliability else "",
        style=_style(),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("assay.publishing", "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: _percent(float(share))
    environment.filters["listed"] = _listed
    return environment


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 0 or share >= 0.01 else f"{share:.2%}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _style() -> str:
    source = PackageLoader("assay.publishing", "templates").get_source(Environment(autoescape=True), "report.css")
    return source[0]
