"""Campaigns: many accounts saying a few things in many slightly different words, planted among ordinary posts.

The default is the published case (The Drum, 24 November 2017): 9,700 negative posts by 500 anonymous accounts around a
sales day, 4,600 of them with one accusation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from assay.market.errors import CallerError
from assay.simulation.campaign_texts import LANGUAGES, Language, base_texts, edited, topic_names
from assay.simulation.draws import Flags, Floats, Ints, split_total
from assay.simulation.planting import (
    DAY_S,
    Background,
    MadePosts,
    Planted,
    background_of,
    joined,
    merged,
    new_ids,
    own_phases,
)

PUBLISHED_ACCOUNTS, PUBLISHED_POSTS, PUBLISHED_MAIN_POSTS = 500, 9_700, 4_600


def shares_with_main(main_rate: float, n_narratives: int) -> tuple[float, ...]:
    """One narrative with `main_rate` of the posts, the others with equal parts of the rest."""
    return (main_rate, *[(1 - main_rate) / (n_narratives - 1)] * (n_narratives - 1))


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """One campaign. Rates are shares from 0 to 1; accounts and posts are counted for each event.

    `events` are the days it gathers around (empty: the median time of the background). `carry_over_rate` of an event's
    accounts were at the event before; the others are new. Each event has texts of its own.
    """

    name: str = "campaign"
    language: Language = "zh"
    n_accounts: int = PUBLISHED_ACCOUNTS
    n_posts: int = PUBLISHED_POSTS
    # Published: 4,600 of 9,700 on one accusation; nine others share the rest evenly (not published).
    narrative_shares: tuple[float, ...] = shares_with_main(PUBLISHED_MAIN_POSTS / PUBLISHED_POSTS, 10)
    topics: tuple[str, ...] = ()  # what the narratives are about (campaign_texts.topic_names); empty: any
    wordings: int = 1  # base texts for each narrative
    edit_rate: float = 0.1
    camouflage_rate: float = 0.0  # of each account's posts, those copied from ordinary ones; they come on top
    hired_rate: float = 0.0  # of the accounts, those that are ordinary accounts of the background
    burst_rate: float = 0.6  # of the posts, those within the burst; 0 makes a slow campaign
    burst_sd_hours: float = 18.0
    spread_days: float = 30.0  # the others are spread evenly over so many days around the event
    events: tuple[datetime, ...] = ()
    carry_over_rate: float = 1.0
    # Gamma shape of the posts by account: 4 gives a standard deviation of half the mean; infinity makes all equal.
    activity_shape: float = 4.0

    def __post_init__(self) -> None:
        for name in ("edit_rate", "camouflage_rate", "hired_rate", "burst_rate", "carry_over_rate"):
            most = 0.95 if name == "camouflage_rate" else 1.0
            _require(0 <= getattr(self, name) <= most, name, getattr(self, name), f"0 to {most}")
        _require(self.language in LANGUAGES, "language", self.language, ", ".join(LANGUAGES))
        known = topic_names(self.language)
        _require(set(self.topics) <= set(known), "topics", self.topics, ", ".join(known))
        _require(self.n_accounts >= 1, "n_accounts", self.n_accounts, "1 or more")
        _require(self.n_posts >= self.n_accounts, "n_posts", self.n_posts, f"n_accounts ({self.n_accounts}) or more")
        _require(len(self.narrative_shares) >= 1, "narrative_shares", self.narrative_shares, "one share or more")
        _require(min(self.narrative_shares) > 0, "narrative_shares", self.narrative_shares, "shares above 0")
        _require(self.wordings >= 1, "wordings", self.wordings, "1 or more")
        _require(self.activity_shape > 0, "activity_shape", self.activity_shape, "above 0")


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise CallerError(
            f"A campaign's {name} is {value}; allowed is {allowed}.",
            where={"setting": name},
            value=value,
            allowed=allowed,
        )


def small_campaign(**changes: object) -> CampaignSpec:
    """20 accounts with 5 posts each on four narratives, equally often; other fields as given."""
    small: dict[str, object] = {
        "n_accounts": 20,
        "n_posts": 100,
        "narrative_shares": (0.25,) * 4,
        "activity_shape": float("inf"),
    }
    return CampaignSpec(**(small | changes))  # type: ignore[arg-type]


def plant(background: pa.Table, spec: CampaignSpec, rng: np.random.Generator) -> Planted:
    """A campaign among the posts of a background (post_id, account_id, posted_at, text; other columns are dropped).

    Posts come back in the order of time; plants carry identifiers that look like hashes and keep the background's
    hours of the day, each account moved by its own phase. CallerError for a background without times, or with fewer
    accounts than are to be hired.

    Example: `plant(posts, CampaignSpec(edit_rate=0.2, camouflage_rate=0.5), np.random.default_rng(1)).truth`
    """
    ordinary = background_of(background)
    instants = [event.timestamp() for event in spec.events] or [ordinary.middle_s]
    crews = _crews(ordinary, spec, min(instants), rng)
    texts = base_texts(spec.language, spec.topics, (len(instants), len(spec.narrative_shares), spec.wordings), rng)
    parts = []
    for number, instant in enumerate(instants):
        scene = _Scene(ordinary, spec, crews.members[number], number, instant)
        n_posts = _posts_by_account(spec, rng)
        parts += [_plants(scene, n_posts, texts[number], rng), _camouflage(scene, n_posts, rng)]
    return merged(ordinary, joined(parts), crews.accounts, spec.name, rng, innocent=False)


@dataclass(frozen=True, slots=True)
class _Crews:
    """All accounts of a campaign, and those active at each event."""

    accounts: pa.Array
    members: list[_Crew]


@dataclass(frozen=True, slots=True)
class _Crew:
    account: Ints
    phase_s: Floats
    is_hired: Flags


def _crews(background: Background, spec: CampaignSpec, first_s: float, rng: np.random.Generator) -> _Crews:
    n_events, n = max(1, len(spec.events)), spec.n_accounts
    n_new = n - round(spec.carry_over_rate * n)
    n_all = n + n_new * (n_events - 1)
    n_hired = round(spec.hired_rate * n_all)
    # Hired accounts were there before the campaign; a day more, since posts keep only the day they are drawn for.
    hired = background.accounts(n_hired, first_s - DAY_S * (spec.spread_days / 2 + 1), rng)
    accounts = pa.concat_arrays([new_ids(n_all - n_hired, rng), hired])
    order = rng.permutation(n_all)
    is_hired, phase_s = (np.arange(n_all) >= n_all - n_hired)[order], own_phases(n_all, rng)
    members, active = [], np.arange(n)
    for event in range(n_events):
        if event:
            fresh = np.arange(n_new) + n + n_new * (event - 1)
            active = np.concatenate((rng.choice(active, n - n_new, replace=False), fresh))
        members.append(_Crew(active, phase_s[active], is_hired[active]))
    return _Crews(accounts.take(pa.array(order)), members)


@dataclass(frozen=True, slots=True)
class _Scene:
    """One event of a campaign: who, among whom, and when (epoch seconds)."""

    background: Background
    spec: CampaignSpec
    crew: _Crew
    event: int
    instant: float

    def made(self, member: Ints, day_s: Floats, texts: pa.Array, rng: np.random.Generator) -> MadePosts:
        """Posts of these members on these days, each on its account's own clock, before they have a narrative."""
        return MadePosts(
            account=self.crew.account[member],
            posted_at_s=self.background.on_own_clock(day_s, self.crew.phase_s[member], rng),
            texts=texts,
            narrative=np.full(len(member), -1),
            event=np.full(len(member), self.event),
            is_camouflage=np.zeros(len(member), dtype=bool),
            is_hired=self.crew.is_hired[member],
        )


def _plants(scene: _Scene, n_posts: Ints, bases: list[list[str]], rng: np.random.Generator) -> MadePosts:
    spec = scene.spec
    member = np.repeat(np.arange(spec.n_accounts), n_posts)
    shares = split_total(spec.n_posts, np.array(spec.narrative_shares))
    narrative = rng.permutation(np.repeat(np.arange(len(shares)), shares))
    wording = rng.integers(0, spec.wordings, len(narrative))
    texts = [bases[n][w] for n, w in zip(narrative.tolist(), wording.tolist(), strict=True)]
    worded = pa.array(edited(texts, spec.edit_rate, spec.language, rng), pa.string())
    return replace(scene.made(member, _days(scene, len(member), rng), worded, rng), narrative=narrative)


def _camouflage(scene: _Scene, n_posts: Ints, rng: np.random.Generator) -> MadePosts:
    """Posts copied from ordinary ones, spread evenly around the event."""
    spec = scene.spec
    n_copied = np.round(n_posts * spec.camouflage_rate / (1 - spec.camouflage_rate)).astype(np.int64)
    copier = np.repeat(np.arange(spec.n_accounts), n_copied)
    days = scene.instant + spec.spread_days * DAY_S * (rng.random(len(copier)) - 0.5)
    made = scene.made(copier, days, scene.background.texts(len(copier), rng), rng)
    return replace(made, is_camouflage=np.ones(len(copier), dtype=bool))


def _posts_by_account(spec: CampaignSpec, rng: np.random.Generator) -> Ints:
    n = spec.n_accounts
    weights = np.ones(n) if np.isinf(spec.activity_shape) else rng.gamma(spec.activity_shape, 1.0, n)
    # Two posts at least where there are enough: nobody joins a campaign to post once, and recurrence needs two.
    return split_total(spec.n_posts, weights, least=min(2, spec.n_posts // n))


def _days(scene: _Scene, n: int, rng: np.random.Generator) -> Floats:
    spec = scene.spec
    in_burst = rng.random(n) < spec.burst_rate
    burst = rng.normal(0, spec.burst_sd_hours * 3600, n)
    return scene.instant + np.where(in_burst, burst, spec.spread_days * DAY_S * (rng.random(n) - 0.5))
