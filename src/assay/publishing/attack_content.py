"""What is on the pages about organised attacks, as plain values: nothing here knows a table or a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from assay.publishing.content import Tile
from assay.publishing.differences import Piece

# What a group is called, by its status: never "attack", which is a person's word.
STATUS_WORDS = {
    "named": "acts together",
    "explained": "acts together; an innocent explanation fits",
    "listed": "listed, not named",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording of a narrative: how often it was posted, how it came in, and what it changed in the central text.

    `similarity` is the exact Jaccard similarity to the centre of its cluster (None for what came in as reworded),
    `coverage` the share of its characters in runs shared with the narrative's consensus; both 0 to 1.
    """

    text: str
    pieces: tuple[Piece, ...]
    n_posts: int
    n_accounts: int
    first_at: datetime
    first_account: str
    stage: str
    similarity: float | None
    coverage: float | None

    @property
    def how(self) -> str:
        """How it came in; for what is not a near copy, with the share of its characters that the others have too."""
        if self.stage in ("same", "near") or self.coverage is None:
            return self.stage
        return f"{self.stage}, {self.coverage:.0%} shared".replace("%", "\u00a0%")


@dataclass(frozen=True, slots=True)
class Narrative:
    """What a set of posts says, `label` being its short name on the page (N1, N2, ...). p and q as in the run."""

    label: str
    id: int
    language: str
    central_text: str
    terms: tuple[str, ...]
    n_posts: int
    n_accounts: int
    n_core: int
    n_wordings: int
    first_at: datetime
    last_at: datetime
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the group; `first_at` and `last_at` span its posts in the group, `active_days` counts days with
    such a post. `narratives` are labels. `signs` are those outside what is usual; they are shown and decide nothing."""

    id: str
    role: str
    n_posts: int
    narratives: tuple[str, ...]
    n_other_posts: int | None
    first_at: datetime
    last_at: datetime
    active_days: int
    signs: tuple[tuple[str, str], ...] = ()

    @property
    def narrative_ranges(self) -> str:
        """The narratives, runs of them drawn together: `N1–N3 N5`."""
        numbers = sorted(int(label[1:]) for label in self.narratives)
        firsts = [n for n in numbers if n - 1 not in numbers]
        lasts = [n for n in numbers if n + 1 not in numbers]
        return " ".join(f"N{a}" if a == b else f"N{a}–N{b}" for a, b in zip(firsts, lasts, strict=True))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure against its null: `low` to `high` is where the null mostly lies (None where it was not drawn).

    `is_drawn` False for what does not fit the scale of its layer; it stands in the table only.
    """

    label: str
    what: str
    observed: float
    expected: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    note: str = ""
    is_drawn: bool = True


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of evidence with its own null; `missing` says why there is nothing to show.

    `scale` is how its figures are drawn: symlog for counts, linear for shares, ratio for rates against 1.
    """

    id: str
    title: str
    question: str
    null: str
    tests: tuple[Figure, ...]
    n_tests: int
    scale: str = "symlog"
    missing: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A calendar event; `letter` marks its band on the timeline."""

    letter: str
    name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Bin:
    """Posts of the group from `starts_at` on, for as long as the timeline's bins last."""

    starts_at: datetime
    ends_at: datetime
    core: int
    periphery: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Posts over time, and the events whose bands lie behind them."""

    bins: tuple[Bin, ...]
    bin_words: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one setting finds: core accounts found again, accounts of the matched sample that would come in."""

    row: str
    column: str
    n_core: int
    n_sample: int
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """How the finding moves with a setting: rows by columns of `Cell`, out of `n_core` and `n_sample` accounts."""

    title: str
    rows_are: str
    columns_are: str
    cells: tuple[Cell, ...]
    n_core: int
    n_sample: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in order."""
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def rows(self) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
        """The rows in order, each with its cells."""
        names = dict.fromkeys(cell.row for cell in self.cells)
        return tuple((name, tuple(cell for cell in self.cells if cell.row == name)) for name in names)


@dataclass(frozen=True, slots=True)
class Explanation:
    """An innocent explanation and what testing it gave: `result` is fits, does not fit or not checked."""

    code: str
    label: str
    result: str
    figure: str


@dataclass(frozen=True, slots=True)
class StyleRow:
    """Likeness of style within the group against random groups of the same size and topics."""

    statistic: str
    observed: float | None
    null_mean: float | None
    null_sd: float | None
    p: float | None
    n_accounts: int | None
    n_posts: int | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Two events of the calendar around which more of the group's accounts posted than chance allows."""

    left: str
    right: str
    n_shared: int
    expected: float
    q: float


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign over the core: its middle value, what is usual for accounts as active, and how many are outside that.

    `low` to `high` hold the middle 90 % of accounts of no group; None where too few tell.
    """

    label: str
    core: float
    low: float | None
    middle: float | None
    high: float | None
    n_unusual: int
    n_known: int


@dataclass(frozen=True, slots=True)
class Target:
    """Whom or what the group's posts are about, and how many posts of anybody are."""

    id: str
    n_posts: int
    n_accounts: int
    n_posts_of_all: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """How every figure can be made again: commands by part, inputs with their hashes, settings, seed, versions."""

    commands: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    seed: str


@dataclass(frozen=True, slots=True)
class AttackPack:
    """Everything in an evidence pack. Lists may be empty; the page then says so. `redaction` is empty when nothing
    was masked. `as_of` dates the pack: the run's own date, so that making it again gives the same bytes."""

    name: str
    status: str
    claim: str
    limits: tuple[str, ...]
    tiles: tuple[Tile, ...]
    narratives: tuple[Narrative, ...]
    accounts: tuple[Account, ...]
    layers: tuple[Layer, ...]
    timeline: Timeline
    grids: tuple[Grid, ...]
    explanations: tuple[Explanation, ...]
    style: tuple[StyleRow, ...]
    recurrences: tuple[Recurrence, ...]
    provenance: Provenance
    as_of: datetime
    snapshot_id: str
    targets: tuple[Target, ...] = ()
    signs: tuple[Sign, ...] = ()
    redaction: str = ""
    not_computed: tuple[tuple[str, str], ...] = ()

    @property
    def status_words(self) -> str:
        """The status in words."""
        return STATUS_WORDS.get(self.status, self.status)

    @property
    def core(self) -> tuple[Account, ...]:
        """The accounts that the claim is about."""
        return tuple(each for each in self.accounts if each.role == "core")


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group on the page over all groups of a run."""

    name: str
    status: str
    claim: str
    facts: tuple[tuple[str, str], ...]
    narratives: tuple[Narrative, ...]
    layers: tuple[Layer, ...]
    explanations: tuple[Explanation, ...]
    timeline: Timeline
    command: str

    @property
    def status_words(self) -> str:
        """The status in words."""
        return STATUS_WORDS.get(self.status, self.status)


@dataclass(frozen=True, slots=True)
class Template:
    """A wording set aside because a share button, a client or a habit writes it, with the reason."""

    text: str
    n_posts: int
    n_accounts: int
    reason: str


@dataclass(frozen=True, slots=True)
class AttackPage:
    """Everything on the page over all groups of a run."""

    as_of: datetime
    snapshot_id: str
    summary: str
    tiles: tuple[Tile, ...]
    groups: tuple[GroupCard, ...]
    templates: tuple[Template, ...]
    n_templates: int
    set_aside: tuple[tuple[str, str], ...]
    not_computed: tuple[tuple[str, str], ...]
    provenance: Provenance = field(default_factory=lambda: Provenance((), (), (), (), ""))
