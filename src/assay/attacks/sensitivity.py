"""How a finding moves with its settings: a group's posts and a sample of others looked at again, by exact comparison.

Only the cheap part is done again: whether each post still belongs to its narrative when the length of shingles, the
least similarity or the window of time is another. No candidates are drawn and nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from assay.likeness import fold, is_syllable

Ints: TypeAlias = npt.NDArray[np.int64]
Matrix: TypeAlias = npt.NDArray[np.float64]

# Rows of the similarity matrix held at once: 512 by 1,000 references are 4 MB.
_ROWS_PER_BLOCK = 512
# Wordings of one narrative that others are compared with; drawn evenly in the order of the rows. More cost time and
# find hardly more, because copies of one text are like many of each other.
MOST_REFERENCES = 1_000
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class ShingleRun:
    """Characters in a shingle: of letters and of syllables (Chinese, Japanese, Korean)."""

    letters: int
    syllables: int


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts to look at again, all arrays of one length.

    `text` indexes `texts`; `account` and `narrative` are any integers, narrative -1 for the posts of the sample.
    `is_core` marks posts of core accounts, `posted_at_s` are seconds.
    """

    texts: Sequence[str]
    text: Ints
    account: Ints
    narrative: Ints
    posted_at_s: Ints
    is_core: npt.NDArray[np.bool_]

    @property
    def is_sample(self) -> npt.NDArray[np.bool_]:
        """Posts of the matched sample."""
        return self.narrative < 0


@dataclass(frozen=True, slots=True)
class Found:
    """What one setting finds: core accounts found again, and accounts of the sample that come in."""

    n_core: int
    n_sample: int


def likenesses(posts: Posts, run: ShingleRun) -> Matrix:
    """The greatest Jaccard similarity of every post's text to a text of another account, by narrative.

    Shape (posts, narratives) in the order of `np.unique` of the narratives that are not -1; 0 where there is none.
    """
    narratives = np.unique(posts.narrative[~posts.is_sample])
    incidence = _incidence(posts.texts, run)
    sizes = np.asarray(incidence.sum(axis=1)).ravel()
    best = np.zeros((len(posts.text), len(narratives)))
    for column, narrative in enumerate(narratives):
        rows = np.flatnonzero(posts.narrative == narrative)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_REFERENCES)).astype(np.int64)]
        best[:, column] = _nearest(posts, rows, incidence, sizes)
    return best


def _nearest(posts: Posts, references: Ints, incidence: sparse.csr_matrix, sizes: Matrix) -> Matrix:
    """For every post the greatest similarity to the reference posts of other accounts; texts are compared once."""
    keys, place = np.unique(posts.text[references], return_inverse=True)
    first, is_shared = _writers(place, posts.account[references], len(keys))
    wanted = incidence[keys].T.tocsc()
    best = np.zeros(len(posts.text))
    for start in range(0, len(posts.text), _ROWS_PER_BLOCK):
        rows = slice(start, start + _ROWS_PER_BLOCK)
        texts = posts.text[rows]
        shared = (incidence[texts] @ wanted).toarray()
        union = sizes[texts][:, None] + sizes[keys][None, :] - shared
        similarity = np.divide(shared, union, out=np.zeros_like(shared, dtype=np.float64), where=union > 0)
        # A text that only this account wrote says nothing about another.
        own = (first[None, :] == posts.account[rows][:, None]) & ~is_shared[None, :]
        similarity[own] = 0
        best[rows] = similarity.max(axis=1, initial=0)
    return best


def _writers(place: Ints, account: Ints, n_texts: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """One account of every reference text, and whether a second one wrote it."""
    first = np.full(n_texts, -1, dtype=np.int64)
    first[place[::-1]] = account[::-1]
    is_shared = np.zeros(n_texts, dtype=bool)
    is_shared[place[account != first[place]]] = True
    return first, is_shared


def by_threshold(posts: Posts, likeness: Matrix, least: float) -> Found:
    """Core accounts whose posts reach `least` in two narratives or more, each in its own; sample accounts in any."""
    own = _own(posts, likeness) >= least
    pairs = np.unique(np.stack((posts.account, posts.narrative))[:, own & posts.is_core], axis=1)
    _, n_narratives = np.unique(pairs[0], return_counts=True)
    comes_in = posts.is_sample & (likeness.max(axis=1, initial=0) >= least)
    return Found(int((n_narratives >= 2).sum()), len(np.unique(posts.account[comes_in])))


def by_window(posts: Posts, likeness: Matrix, least: float, window_s: int) -> Found:
    """Accounts with a post of a narrative within `window_s` of a core account's post of the same narrative.

    Posts count in their own narrative when they reach `least`, those of the sample in the narrative they are most like.
    """
    narratives = np.unique(posts.narrative[~posts.is_sample])
    reaches = np.where(posts.is_sample, likeness.max(axis=1, initial=0), _own(posts, likeness)) >= least
    nearest = narratives[likeness.argmax(axis=1)] if len(narratives) else np.zeros(len(posts.text), np.int64)
    narrative = np.where(posts.is_sample, nearest, posts.narrative)
    close = np.zeros(len(posts.text), dtype=bool)
    for each in narratives:
        rows = np.flatnonzero((narrative == each) & reaches)
        close[rows] = _gap_to_core(posts, rows) <= window_s
    core, sample = close & posts.is_core, close & posts.is_sample
    return Found(len(np.unique(posts.account[core])), len(np.unique(posts.account[sample])))


def _gap_to_core(posts: Posts, rows: Ints) -> Ints:
    """Seconds from each of the posts to the nearest post of another core account among them."""
    gaps = np.full(len(rows), _NEVER, dtype=np.int64)
    core = rows[posts.is_core[rows]]
    core = core[np.argsort(posts.posted_at_s[core], kind="stable")]
    times, writers = posts.posted_at_s[core], posts.account[core]
    for step in (-1, 1):
        before = step < 0
        place = np.searchsorted(times, posts.posted_at_s[rows], side="right" if before else "left") - int(before)
        place = _past_own(place, step, writers, posts.account[rows])
        inside = (place >= 0) & (place < len(core))
        found = np.abs(times[place[inside]] - posts.posted_at_s[rows][inside])
        gaps[inside] = np.minimum(gaps[inside], found)
    return gaps


def _past_own(place: Ints, step: int, writers: Ints, account: Ints) -> Ints:
    """Moves each place on while the post there is of the same account."""
    while True:
        inside = (place >= 0) & (place < len(writers))
        own = inside.copy()
        own[inside] = writers[place[inside]] == account[inside]
        if not own.any():
            return place
        place = np.where(own, place + step, place)


def _own(posts: Posts, likeness: Matrix) -> Matrix:
    """Each post's likeness in its own narrative; 0 for the sample."""
    narratives = np.unique(posts.narrative[~posts.is_sample])
    own = np.zeros(len(posts.text))
    rows = np.flatnonzero(~posts.is_sample)
    own[rows] = likeness[rows, np.searchsorted(narratives, posts.narrative[rows])]
    return own


def _incidence(texts: Sequence[str], run: ShingleRun) -> sparse.csr_matrix:
    """Texts by shingles, 1 where a text holds a shingle; each shingle takes its length from its first character."""
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    starts = [0]
    folded = fold(pa.array(texts, pa.string()))
    lengths = np.where(is_syllable(folded.points), run.syllables, run.letters)
    for text, first in zip(folded.strings(), folded.starts.tolist(), strict=False):
        own = lengths[first : first + len(text)].tolist()
        cut = {text[at : at + n] for at, n in enumerate(own) if at + n <= len(text)}
        columns.extend(sorted(vocabulary.setdefault(each, len(vocabulary)) for each in sorted(cut)))
        starts.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    return sparse.csr_matrix((ones, columns, starts), shape=(len(starts) - 1, max(len(vocabulary), 1)))
