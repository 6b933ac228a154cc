"""Innocent crowds: people who post the same, or at the same time, without any campaign against anybody.

Fan drives and prize draws act together honestly; petitions, share buttons and press feeds copy by design; customers
angry about one failure only share the failure. The truth says `is_innocent` for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from assay.market.errors import CallerError
from assay.simulation.campaign_texts import LANGUAGES, Language
from assay.simulation.draws import Floats, Ints
from assay.simulation.planting import DAY_S, Background, MadePosts, Planted, background_of, merged, new_ids, own_phases
from assay.simulation.talk import crowd_pool, filled, sentences

CrowdKind = Literal["fan_drive", "prize_draw", "petition", "share_button", "press_feed", "angry_customers"]
KINDS: tuple[CrowdKind, ...] = get_args(CrowdKind)

# A press feed carries so many headlines a day for so many days, each by most of its accounts within ten minutes.
_HEADLINES, _FEED_RATE, _FEED_WINDOW_S = 40, 0.8, 600.0
_FEED_DAYS = 30


@dataclass(frozen=True, slots=True)
class CrowdSpec:
    """One innocent crowd: its kind, how many new accounts, and the instant it gathers around (None: the middle)."""

    kind: CrowdKind
    n_accounts: int = 100
    language: Language = "zh"
    event: datetime | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("kind", self.kind, KINDS), ("language", self.language, LANGUAGES)):
            if value not in allowed:
                raise CallerError(
                    f"A crowd's {name} is {value!r}; allowed are {', '.join(allowed)}.",
                    where={"setting": name},
                    value=value,
                    allowed=", ".join(allowed),
                )
        if self.n_accounts < 2:
            raise CallerError(
                f"A crowd's n_accounts is {self.n_accounts}; allowed is 2 or more.",
                where={"setting": "n_accounts"},
                value=self.n_accounts,
                allowed="2 or more",
            )


def gather(background: pa.Table, spec: CrowdSpec, rng: np.random.Generator) -> Planted:
    """An innocent crowd among the posts of a background; tables as from `plant`, with `is_innocent` true.

    Example: `gather(posts, CrowdSpec("prize_draw"), np.random.default_rng(1)).truth`
    """
    ordinary = background_of(background)
    middle = spec.event.timestamp() if spec.event else ordinary.middle_s
    said = _SAYING[spec.kind](spec, middle, rng)
    made = _made(ordinary, said, spec, rng)
    return merged(ordinary, made, new_ids(spec.n_accounts, rng), spec.kind, rng, innocent=True)


@dataclass(frozen=True, slots=True)
class _Said:
    """Who says what, about which thing (narrative, -1 for none), on which day or at which instant."""

    account: Ints
    texts: list[str]
    narrative: Ints
    at_s: Floats
    is_exact: bool = False  # `at_s` is the instant, not only the day


def _made(background: Background, said: _Said, spec: CrowdSpec, rng: np.random.Generator) -> MadePosts:
    n = len(said.account)
    phases = own_phases(spec.n_accounts, rng)[said.account]
    return MadePosts(
        account=said.account,
        posted_at_s=said.at_s if said.is_exact else background.on_own_clock(said.at_s, phases, rng),
        texts=pa.array(said.texts, pa.string()),
        narrative=said.narrative,
        event=np.zeros(n, dtype=np.int64),
        is_camouflage=np.zeros(n, dtype=bool),
        is_hired=np.zeros(n, dtype=bool),
    )


def _fan_drive(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """Each fan posts two to four of the drive's slogans within three days."""
    slogans = crowd_pool(spec.language)["fan_drive"]
    account, narrative = _some_each(spec.n_accounts, len(slogans), (2, 5), rng)
    hearts = ["", "❤", "✨", "💙💙", "[心]"]
    texts = [slogans[k] + hearts[h] for k, h in zip(narrative, rng.integers(0, len(hearts), len(account)), strict=True)]
    return _Said(account, texts, narrative, middle + DAY_S * rng.normal(0, 0.8, len(account)))


def _prize_draw(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """Some enter one draw, the hunters nearly all; draws lie two weeks apart; two friends are mentioned."""
    draws = crowd_pool(spec.language)["prize_draw"]
    account, narrative = _some_each(spec.n_accounts, len(draws), (1, len(draws)), rng)
    friends = rng.integers(1_000, 99_999, (len(account), 2)).tolist()
    texts = [f"{draws[k]} @user{a} @user{b}" for k, (a, b) in zip(narrative, friends, strict=True)]
    days = (narrative - len(draws) / 2) * 14 + rng.exponential(1.5, len(account))
    return _Said(account, texts, narrative, middle + DAY_S * days)


def _petition(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """Everybody signs once; a third add a word of their own."""
    account = np.arange(spec.n_accounts)
    text = crowd_pool(spec.language)["petition"].format(n=int(rng.integers(1_000, 9_999)))
    own = filled(["{remark}"], spec.n_accounts, spec.language, rng)
    adds = rng.random(spec.n_accounts) < 1 / 3
    texts = [f"{word} {text}" if add else text for word, add in zip(own, adds.tolist(), strict=True)]
    return _Said(account, texts, np.zeros_like(account), middle + DAY_S * rng.exponential(3.0, spec.n_accounts))


def _share_button(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """One template around many titles, over two months."""
    account = rng.integers(0, spec.n_accounts, spec.n_accounts * 2)
    n = len(account)
    template = crowd_pool(spec.language)["share_button"]
    titles = filled(["{thing} {feeling}", "{place} {time}"], n, spec.language, rng)
    links = rng.integers(10_000, 99_999, n).tolist()
    texts = [template.format(title=title, n=link) for title, link in zip(titles, links, strict=True)]
    return _Said(account, texts, np.full(n, -1), middle + DAY_S * 60 * (rng.random(n) - 0.5))


def _press_feed(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """Every headline goes out by most feeds within ten minutes, with one address."""
    headlines = filled(crowd_pool(spec.language)["headline"], _HEADLINES, spec.language, rng)
    starts = middle + DAY_S * _FEED_DAYS * (rng.random(_HEADLINES) - 0.5)
    carried = rng.random((_HEADLINES, spec.n_accounts)) < _FEED_RATE
    narrative, account = np.nonzero(carried)
    texts = [f"{headlines[k]} http://news.example/{k + 100}" for k in narrative.tolist()]
    at_s = starts[narrative] + _FEED_WINDOW_S * rng.random(len(account))
    return _Said(account, texts, narrative, at_s, is_exact=True)


def _angry_customers(spec: CrowdSpec, middle: float, rng: np.random.Generator) -> _Said:
    """One to three posts a customer within two days, about one failure, in words of their own."""
    counts = rng.integers(1, 4, spec.n_accounts)
    account = np.repeat(np.arange(spec.n_accounts), counts)
    texts = sentences(crowd_pool(spec.language)["angry"], len(account), spec.language, rng)
    return _Said(account, texts, np.full(len(account), -1), middle + DAY_S * rng.normal(0, 0.7, len(account)))


def _some_each(
    n_accounts: int, n_kinds: int, least_most: tuple[int, int], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """(account, kind): every account with a few different ones of the kinds."""
    counts = np.minimum(rng.integers(*least_most, n_accounts), n_kinds)
    order = np.argsort(rng.random((n_accounts, n_kinds)), axis=1)
    return np.repeat(np.arange(n_accounts), counts), order[np.arange(n_kinds) < counts[:, None]].astype(np.int64)


_SAYING: dict[CrowdKind, Callable[[CrowdSpec, float, np.random.Generator], _Said]] = {
    "fan_drive": _fan_drive,
    "prize_draw": _prize_draw,
    "petition": _petition,
    "share_button": _share_button,
    "press_feed": _press_feed,
    "angry_customers": _angry_customers,
}
