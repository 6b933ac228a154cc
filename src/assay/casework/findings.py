"""The frozen content of a finding: what was known about a listing or merchant at one moment, as JSON and back.

The JSON has one shape, said here and nowhere else: `Content.to_json()` gives it, `Content.read()` takes it back, and
`Content.sha256` is the hash of its canonical form (sorted keys, no spaces, UTF-8). Nothing in it is looked up again
later: a page, a statement of reasons and the API all show what was frozen. Points are hundredths of log-odds, scores go
from 0 to 100, money is in minor units, times are ISO 8601 texts in UTC, missing is null.

>>> content = Content(
...     about=About("listing", "L1", "run snapshot", "2026-06-01T00:00:00Z", "calibrated on verdicts", "ab" * 32),
...     merchant=Merchant("M1", "Shop"),
...     waterfall=Waterfall(91.0, 84.0, 95.0, 2.0, -389, (Step("price-gap", "price", "0.2 times", -1.6, 620, 2, 91),)),
... )
>>> Content.read(content.to_json()) == content
True
"""

from __future__ import annotations

import hashlib
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import orjson

from assay.market.errors import CallerError

# What people found out or put forward, in findings of runs: the id of a fact, and the signal of a discrepancy.
AUTHENTICATION = "authentication"
STRIKES_STANDING = "strikes-standing"
# Raised when a field changes its meaning or goes away; a reader refuses what it does not know.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class About:
    """Whose finding this is and what it rests on.

    `as_of` is the day the run looked at the market; `label` says what the score is calibrated on; `model` is the
    SHA-256 of the model that rated.
    """

    subject_type: str
    subject_id: str
    snapshot_id: str
    as_of: str
    label: str
    model: str


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant of the goods, or the merchant itself; `registered_at` is a day."""

    id: str
    name: str = ""
    country: str = ""
    registered_at: str | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the listing says of itself; empty texts for a merchant. `description` is cut at 2,000 characters."""

    title: str = ""
    description: str = ""
    brand: str = ""
    category: str = ""
    price_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the waterfall: from score `before` to score `after`. `note` is the value in words."""

    id: str
    label: str
    note: str
    value: float | None
    points: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The score and how it came about: `base_points` plus the points of all steps are the log-odds of `score`.

    `low` and `high` are null when the score is not calibrated. Steps of 0 points are left out; the last step may be
    `calibration`, which moves the sum to the calibrated scale.
    """

    score: float
    low: float | None
    high: float | None
    base: float
    base_points: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Two facts that do not fit, in one sentence; `points` is null where the model does not weigh the signal."""

    signal: str
    label: str
    value: float
    text: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A plain fact: `id` names it (`ships_from`) so that a page can say it in another language."""

    id: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Price:
    """The price among `n` offers of the same brand and category, or of the category; quantiles of these offers.

    `currency` may be empty where the market states none; `decimals` are those of the currency.
    """

    price_minor: int
    currency: str
    decimals: int
    among: str
    n: int
    p05_minor: int
    p25_minor: int
    p50_minor: int
    p75_minor: int
    p95_minor: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the listing, and how many other listings show the same file or fingerprint (up to five named).

    `elsewhere_uri` says where the picture of the first of these is.
    """

    image_id: str
    uri: str = ""
    sha256: str = ""
    pdq: str = ""
    ocr_text: str = ""
    n_elsewhere: int = 0
    elsewhere: tuple[str, ...] = ()
    elsewhere_uri: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """One of the merchant's goods with its score."""

    listing_id: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that a wording signal rests on: `text` as written in `place` (`title` or `description`).

    `start` and `end` are its place in the frozen text, null where it is not found there word for word.
    """

    signal: str
    label: str
    place: str
    text: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A signal that this market can give, but that was empty for this subject."""

    signal: str
    label: str


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A signal that the market cannot give, and what it would need."""

    signal: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything frozen about one subject. `discrepancies` are its own, `merchant_discrepancies` its merchant's.

    `goods` are the worst eight live listings of the merchant, whether the subject is the merchant or one of its goods
    (then without itself).
    """

    about: About
    merchant: Merchant
    waterfall: Waterfall
    offer: Offer = field(default_factory=Offer)
    discrepancies: tuple[Discrepancy, ...] = ()
    merchant_discrepancies: tuple[Discrepancy, ...] = ()
    facts: tuple[Fact, ...] = ()
    price: Price | None = None
    pictures: tuple[Picture, ...] = ()
    goods: tuple[Goods, ...] = ()
    marks: tuple[Mark, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    not_computed: tuple[NotComputed, ...] = ()
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values (dict, list, text, number, null), as `Finding.content` keeps them."""
        # There and back through orjson is a hundred times faster than dataclasses.asdict, which copies every value.
        plain: dict[str, Any] = orjson.loads(orjson.dumps(self))
        return plain

    @classmethod
    def read(cls, content: dict[str, Any]) -> Self:
        """The content back from its JSON. CallerError for another format or a field that is missing or unknown."""
        if content.get("format") != FORMAT:
            raise CallerError(
                f"This finding has format {content.get('format')!r}; this version of Assay reads format {FORMAT}.",
                value=content.get("format"),
                allowed=str(FORMAT),
            )
        read: Self = _read(cls, content)
        return read

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return canonical_sha256(self.to_json())

    @property
    def kinds(self) -> frozenset[str]:
        """Signals of all discrepancies: what did not fit, without its values."""
        return frozenset(each.signal for each in (*self.discrepancies, *self.merchant_discrepancies))


def canonical_sha256(content: dict[str, Any]) -> str:
    """The hash of a JSON object whatever the order of its keys: what `Finding.content_sha256` holds."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - a type of the fields above and its JSON
    """One value by the type of its field: a dataclass, a tuple of one, either or null, or plain."""
    if get_origin(kind) in (Union, UnionType):
        if value is None:
            return None
        return _read(next(each for each in get_args(kind) if each is not type(None)), value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if kind is float:
        return float(value)
    return _read_fields(kind, value) if is_dataclass(kind) else value


def _read_fields(kind: Any, value: Any) -> Any:  # noqa: ANN401
    kinds, needed = _shape(kind)
    if not isinstance(value, dict) or not needed <= value.keys() <= kinds.keys():
        found = sorted(value) if isinstance(value, dict) else value
        raise CallerError(
            f"A frozen {getattr(kind, '__name__', kind)} has the fields {found}; it must have {sorted(needed)} and may "
            f"have {sorted(kinds.keys() - needed)}.",
            value=found,
            allowed=", ".join(kinds),
        )
    return kind(**{name: _read(kinds[name], each) for name, each in value.items()})


@cache
def _shape(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:  # noqa: ANN401 - a dataclass
    """The fields of a dataclass with their types, and the names of those that must be there."""
    needed = frozenset(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)
    return get_type_hints(kind), needed
