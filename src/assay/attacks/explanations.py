"""Innocent reasons for which accounts post alike: each tested on a group's posts and reported by itself.

Two questions are kept apart. *Do they act together?* is answered by the layers of evidence. *Is it true, is it meant to
harm?* is for a person, and nothing here touches it: no rule reads praise, blame or denial. An explanation that fits
does not prove innocence, and one that does not fit proves nothing; the figures are shown for a reader to weigh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.attacks.explanation_figures import (
    ADDRESS,
    COMMON_RUN,
    HASHTAG,
    LEAST_HEADLINES,
    LONG_SPAN_DAYS,
    MENTION,
    GroupPosts,
    common_runs,
    framed,
    in_largest,
    largest,
    lasting,
    most_shared,
    numbers,
    on_clock,
    one_run,
    own_wording,
    prompt_rate,
    read,
    recurring,
    texts_of,
    using,
)
from assay.attacks.explanation_words import VOCABULARY, is_quotation
from assay.market.errors import MissingColumn

Result: TypeAlias = Literal["fits", "does not fit", "not checked"]

CODES = (
    "fan_drive",
    "prize_draw",
    "petition",
    "press_agency",
    "bot",
    "share_button",
    "shared_failure",
    "quotation",
    "one_thread",
    "greeting",
)

# An explanation must hold for most of the posts: what explains fewer than half leaves the group unexplained.
LEAST_RATE = 0.5
# And it must be commoner than in the corpus; words that everybody uses explain nobody.
LEAST_RATIO = 2.0
# All but a few stray posts answer one post, or name one target.
_NEARLY_ALL = 0.8
# Of ten honest complaints about one failure seven or more are worded by themselves (the airline tweets: 0.90 to 0.99).
_LEAST_OWN_WORDING = 0.7
_MOST_PER_CUSTOMER = 3
# People who pass on a saying share that saying and nothing else; up to this share may share two by chance.
_MOST_RECURRING = 0.2


@dataclass(frozen=True, slots=True)
class Explanation:
    """One innocent explanation: whether it fits, and one sentence with what the group and the corpus have."""

    code: str
    result: Result
    figure: str


@dataclass(frozen=True, slots=True, eq=False)
class CorpusSummary:
    """What ordinary posts of the corpus are like; small, and made once per corpus.

    `rates`: share of posts that use the words of each explanation, 0 to 1. `linked_rate`: with an address;
    `answering_rate`: that answer a post; `quoting_rate`: given as somebody else's words. `common_runs`: hashes of the
    runs of characters (shingles) that one post in two hundred holds, sorted.
    """

    n_posts: int
    rates: Mapping[str, float]
    linked_rate: float
    answering_rate: float
    quoting_rate: float
    common_runs: npt.NDArray[np.uint32]


def summarise(posts: pa.Table) -> CorpusSummary:
    """What is ordinary, from a sample of the corpus's posts: text, and url and reply_to where known.

    A uniform sample of 100,000 posts gives every rate to 0.3 percentage points; about 15 microseconds a post. Posts
    without text count as posts without such words.
    """
    texts = texts_of(posts)
    n = max(len(texts), 1)
    linked = numbers(posts, "url") >= 0
    return CorpusSummary(
        n_posts=len(texts),
        rates={code: sum(bool(words.search(text)) for text in texts) / n for code, words in VOCABULARY.items()},
        linked_rate=sum(bool(a) or bool(ADDRESS.search(t)) for a, t in zip(linked.tolist(), texts, strict=True)) / n,
        answering_rate=float((numbers(posts, "reply_to") >= 0).sum()) / n,
        quoting_rate=sum(map(is_quotation, texts)) / n,
        common_runs=common_runs(texts, COMMON_RUN),
    )


def explain(posts: pa.Table, corpus: CorpusSummary) -> tuple[Explanation, ...]:
    """Tests every innocent explanation on a group's posts, in the order of `CODES`.

    `posts`: account_id, posted_at, text; where known url, reply_to, target, narrative. Give the posts that tie the
    group together. A rule whose column is missing or empty is "not checked", with the column that it needs.

    >>> at = pa.array([0, 60], pa.timestamp("s", "UTC"))
    >>> posts = pa.table({"account_id": ["a", "b"], "posted_at": at, "text": ["Sign the petition", "petition, sign!"]})
    >>> [found.code for found in explain(posts, summarise(posts.slice(0, 0))) if found.result == "fits"]
    ['petition']
    """
    for name in ("account_id", "posted_at", "text"):
        if name not in posts.column_names:
            raise MissingColumn(f"explanations: posts have no column {name}.", {"column": name}, posts.column_names)
    own = read(posts)
    if not len(own):
        return tuple(Explanation(code, "not checked", "The group has no posts.") for code in CODES)
    return tuple(_RULES[code](own, corpus) for code in CODES)


def _fan_drive(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    said = using(posts, "fan_drive")
    subject = max(most_shared(posts.texts, HASHTAG), one_run(posts.texts, corpus.common_runs), largest(posts.target))
    # Fans gather under one name; without one, nearly all must speak of what fans do.
    holds = _is_commoner(said, corpus.rates["fan_drive"]) and (subject >= LEAST_RATE or said >= _NEARLY_ALL)
    return _explanation(
        "fan_drive",
        holds,
        f"{_percent(said)} of {len(posts):,} posts speak of what fans do for an artist, of the corpus "
        f"{_percent(corpus.rates['fan_drive'])}; {_percent(subject)} share one hashtag, target or uncommon word.",
    )


def _prize_draw(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    said = using(posts, "prize_draw")
    calling = sum(len(MENTION.findall(text)) >= 2 for text in posts.texts) / len(posts)
    answering = largest(posts.answered)
    holds = _is_commoner(said, corpus.rates["prize_draw"]) or (calling >= LEAST_RATE and answering >= _NEARLY_ALL)
    return _explanation(
        "prize_draw",
        holds,
        f"{_percent(said)} of {len(posts):,} posts speak of a draw or prize, of the corpus "
        f"{_percent(corpus.rates['prize_draw'])}; {_percent(calling)} call two people or more, {_percent(answering)} "
        "answer one post.",
    )


def _petition(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    return _by_words("petition", "speak of signing", posts, corpus)


def _greeting(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    return _by_words("greeting", "greet, congratulate or condole", posts, corpus)


def _bot(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    return _by_words("bot", "say that a program posts them", posts, corpus)


def _press_agency(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    said = using(posts, "press_agency")
    one_address = in_largest(posts.address, posts.narrative)
    clocked = on_clock(posts)
    named = _is_commoner(said, corpus.rates["press_agency"])
    prompt = prompt_rate(posts)
    # An address alone is no press agency: a smear links its article too. A clock alone is a machine, open or not. A
    # feed links every headline, and runs by the clock or brings many headlines at once.
    runs = max(clocked or 0.0, prompt) >= LEAST_RATE
    holds = named or (one_address >= _NEARLY_ALL and runs)
    clock = "no account has ten posts" if clocked is None else f"{_percent(clocked)} of busy accounts post by the clock"
    return _explanation(
        "press_agency",
        holds,
        f"{_percent(said)} of {len(posts):,} posts name a press source, of the corpus "
        f"{_percent(corpus.rates['press_agency'])}; {_percent(one_address)} link the address of their narrative, "
        f"of the corpus {_percent(corpus.linked_rate)} link any; {clock}; "
        f"{_percent(prompt)} are posted within ten minutes of one of {LEAST_HEADLINES} first reports or more.",
    )


def _share_button(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    said = using(posts, "share_button")
    in_frame = framed(posts.texts)
    holds = _is_commoner(said, corpus.rates["share_button"]) or in_frame >= LEAST_RATE
    return _explanation(
        "share_button",
        holds,
        f"{_percent(said)} of {len(posts):,} posts carry the words of a share button or app, of the corpus "
        f"{_percent(corpus.rates['share_button'])}; {_percent(in_frame)} have one frame around different middles.",
    )


def _shared_failure(posts: GroupPosts, _: CorpusSummary) -> Explanation:
    named = max(largest(posts.target), most_shared(posts.texts, MENTION), largest(posts.answered))
    own = own_wording(posts.texts)
    # A customer says it once or a few times.
    per_account = float(np.median(np.bincount(posts.account)))
    if own is None:
        return Explanation("shared_failure", "not checked", "The posts are too short to tell their wordings apart.")
    holds = named >= LEAST_RATE and own >= _LEAST_OWN_WORDING and per_account <= _MOST_PER_CUSTOMER
    facts = (
        f"{_percent(own)} of the posts are in words of their own, independent complaints in "
        f"{_percent(_LEAST_OWN_WORDING)} or more; {_percent(named)} have one target, and the middle "
        f"account has {per_account:.0f} of them."
    )
    if not holds and own >= _LEAST_OWN_WORDING and not (posts.target >= 0).any():
        return Explanation("shared_failure", "not checked", f"{facts} Needs posts.target.")
    return _explanation("shared_failure", holds, facts)


def _quotation(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    quoted = sum(map(is_quotation, posts.texts)) / len(posts)
    long_passed, in_two = lasting(posts), recurring(posts)
    holds = _is_commoner(quoted, corpus.quoting_rate) or (long_passed >= LEAST_RATE and in_two <= _MOST_RECURRING)
    return _explanation(
        "quotation",
        holds,
        f"{_percent(quoted)} of {len(posts):,} posts are given as somebody else's words, of the corpus "
        f"{_percent(corpus.quoting_rate)}; {_percent(long_passed)} are of texts passed on over {LONG_SPAN_DAYS} "
        f"days or more, and {_percent(in_two)} of the accounts share two texts or more.",
    )


def _one_thread(posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    if not (posts.answered >= 0).any():
        return Explanation("one_thread", "not checked", "No post says which post it answers; needs posts.reply_to.")
    one = largest(posts.answered)
    return _explanation(
        "one_thread",
        one >= _NEARLY_ALL,
        f"{_percent(one)} of {len(posts):,} posts answer one post; {_percent(corpus.answering_rate)} of the corpus "
        "answer any.",
    )


_RULES: dict[str, Callable[[GroupPosts, CorpusSummary], Explanation]] = {
    "fan_drive": _fan_drive,
    "prize_draw": _prize_draw,
    "petition": _petition,
    "press_agency": _press_agency,
    "bot": _bot,
    "share_button": _share_button,
    "shared_failure": _shared_failure,
    "quotation": _quotation,
    "one_thread": _one_thread,
    "greeting": _greeting,
}


def _by_words(code: str, what: str, posts: GroupPosts, corpus: CorpusSummary) -> Explanation:
    said, usual = using(posts, code), corpus.rates[code]
    figure = f"{_percent(said)} of {len(posts):,} posts {what}, of the corpus {_percent(usual)}."
    return _explanation(code, _is_commoner(said, usual), figure)


def _explanation(code: str, holds: bool, figure: str) -> Explanation:
    return Explanation(code, "fits" if holds else "does not fit", figure)


def _is_commoner(rate: float, usual: float) -> bool:
    return rate >= LEAST_RATE and rate >= LEAST_RATIO * usual


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f}\u00a0%" if rate >= 0.1 or rate == 0 else f"{100 * rate:.1f}\u00a0%"
