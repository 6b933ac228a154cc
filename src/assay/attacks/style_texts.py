"""The posts by which an account's style is judged: its own words only, each wording once.

Folding for copies throws away what style lives in (punctuation, case, emoji), so style has this light form of its own.
Who copied a text did not write it: a text with a near-copy at another account says nothing about either one's style
and is left out on both sides, and near-copies within one account count once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.likeness import fold, jaccard, sketch, text_key

# Stand for what is masked. One character each, so that *that* somebody links or tags stays visible as a habit.
ADDRESS, MENTION, HASHTAG = "\u241f", "@", "#"
# Wider than the 0.7 of listings: here a false near-copy costs one post, a missed one counts copied words as style.
NEAR_COPY = 0.6
# Shorter posts ("ok", one emoji) hold no wording to compare; at 3 the count of posts would mean less.
LEAST_CHARACTERS = 5

_FORWARDED = re.compile(r"//\s?@.*", re.DOTALL)
_REPLY = re.compile(r"^\s*(?:回复|RT|Re)\s?@[^\s:：]{1,30}\s?[:：]?", re.IGNORECASE)
_ADDRESSES = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+", re.IGNORECASE)
_MENTIONS = re.compile(r"@[\w\-·]{1,30}[:：]?")
_HASHTAGS = re.compile(r"#[^#\s][^#\n]{0,38}#|#\w+")
_BLANK = re.compile(r"\s+")
_MASKS = re.compile(rf"[{ADDRESS}{MENTION}{HASHTAG}\s]")

Rows = npt.NDArray[np.int64]


def own_part(text: str) -> str:
    """A post without what it forwards and without the name that it answers.

    >>> own_part("回复@anna: so true//@bob: really?")
    ' so true'
    """
    return _REPLY.sub("", _FORWARDED.sub("", text))


def masked(text: str) -> str:
    """A post's own part with addresses, mentions and hashtags replaced by one sign each; case and marks are kept.

    >>> masked("So TRUE!! @anna see http://a.example #win#//@bob: really?")
    'So TRUE!! @ see \u241f #'
    """
    own = _ADDRESSES.sub(ADDRESS, own_part(text))
    return _BLANK.sub(" ", _HASHTAGS.sub(HASHTAG, _MENTIONS.sub(MENTION, own))).strip()


def own_posts(accounts: Sequence[Sequence[str]]) -> list[list[tuple[int, str]]]:
    """For every account its posts that may speak for its style: (place in the account's list, masked text), in order.

    Left out: posts with fewer than `LEAST_CHARACTERS` characters besides masks; all but the first of an account's
    near-copies (exact Jaccard similarity `NEAR_COPY` or more); and every post with a near-copy at another account,
    unless it is too short to be anybody's ("happy birthday"). Give all accounts that are compared in one call.
    """
    owner = np.repeat(np.arange(len(accounts)), [len(texts) for texts in accounts])
    place = list(chain.from_iterable(range(len(texts)) for texts in accounts))
    texts = [masked(text) for text in chain.from_iterable(accounts)]
    long_enough = np.array([len(_MASKS.sub("", text)) >= LEAST_CHARACTERS for text in texts], dtype=bool)
    kept = np.zeros(len(texts), dtype=bool)
    rows = np.flatnonzero(long_enough)
    kept[rows] = _is_single([texts[row] for row in rows.tolist()], owner[rows])
    found: list[list[tuple[int, str]]] = [[] for _ in accounts]
    for row in np.flatnonzero(kept).tolist():
        found[owner[row]].append((place[row], texts[row]))
    return found


def _is_single(texts: list[str], owner: Rows) -> npt.NDArray[np.bool_]:
    """Which texts stay: no near-copy at another account, and the first of the near-copies of one account."""
    kept = np.ones(len(texts), dtype=bool)
    if not texts:
        return kept
    folded = fold(pa.array(texts, pa.string()))
    sketched = sketch(folded)
    keys = text_key(folded)
    # A text without letters folds to nothing: its own characters tell it from others.
    exact = np.unique(
        [str(key) if key is not None else text for key, text in zip(keys.to_pylist(), texts, strict=True)],
        return_inverse=True,
    )[1]
    worth = sketched.is_worth_comparing
    _drop(kept, _neighbours(exact, np.arange(len(texts))), owner, worth)
    rows = np.flatnonzero(worth)
    buckets = sketched.buckets[rows]
    pairs = [_neighbours(buckets[:, band], rows) for band in range(buckets.shape[1])]
    candidates = np.unique(np.concatenate(pairs), axis=0)
    if len(candidates):
        similarity, _ = jaccard(folded.take(candidates[:, 0]), folded.take(candidates[:, 1]))
        _drop(kept, candidates[similarity >= NEAR_COPY], owner, worth)
    return kept


def _neighbours(keys: Rows, rows: Rows) -> Rows:
    """Pairs (earlier, later) of rows with one key: every row with the first and with the one before it."""
    if not len(keys):
        return np.empty((0, 2), dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    new = np.concatenate(([True], keys[order][1:] != keys[order][:-1]))
    first = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    later = ~new
    before = np.concatenate((order[:1], order[:-1]))
    to_first = np.column_stack((rows[first[later]], rows[order[later]]))
    to_previous = np.column_stack((rows[before[later]], rows[order[later]]))
    return np.concatenate((to_first, to_previous))


def _drop(kept: npt.NDArray[np.bool_], pairs: Rows, owner: Rows, worth: npt.NDArray[np.bool_]) -> None:
    earlier, later = pairs[:, 0], pairs[:, 1]
    same = owner[earlier] == owner[later]
    kept[later[same]] = False
    shared = ~same & worth[earlier]
    kept[earlier[shared]] = False
    kept[later[shared]] = False
