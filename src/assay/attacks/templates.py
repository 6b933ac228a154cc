"""Templates: texts that a button or a habit writes, learned from the corpus and listed, never hidden.

A share button fills one frame with a changing middle; a stock text is posted word for word, at a steady rate, by people
who have nothing else in common. Both look like perfect campaigns to a search for near-copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.likeness import FoldedTexts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Fewer accounts than this are judged as people: a button has many users.
LEAST_ACCOUNTS = 20
# A frame: at least so many characters in common at the two ends together, in four of five
# different texts (twenty at least).
FRAME_CHARACTERS = 8
FRAME_RATE = 0.8
# Ends are compared over this many characters.
_END = 48
# A stock text: posted for three months and more, never more than a quarter of it within a week, nine of ten times word
# for word. A campaign that edits its texts, however slow, is not word for word.
STEADY_DAYS = 90
STEADY_WEEK_RATE = 0.25
IDENTICAL_RATE = 0.9
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Told:
    """The texts of narratives and their posts, as templates are learned from them.

    Per text: `texts`, `narrative`, `is_centre`. Per post: `post_text` (index of its text), `account`, `posted_at_s`.
    """

    texts: FoldedTexts
    narrative: Ints
    is_centre: npt.NDArray[np.bool_]
    post_text: Ints
    account: Ints
    posted_at_s: Ints


def template_reasons(told: Told) -> dict[int, str]:
    """Which narratives are templates, each with its reason in one sentence: {narrative: reason}."""
    n = int(told.narrative.max(initial=-1)) + 1
    of_post = told.narrative[told.post_text]
    width = int(told.account.max(initial=-1)) + 1
    each = np.unique(of_post * width + told.account)
    enough = np.bincount(each // max(width, 1), minlength=n) >= LEAST_ACCOUNTS
    found = _frames(told, enough)
    return found | _stock_texts(told, of_post, enough)


def _frames(told: Told, enough: npt.NDArray[np.bool_]) -> dict[int, str]:
    """Narratives whose texts share their ends and differ between them."""
    rows = np.flatnonzero(enough[told.narrative])
    if not len(rows):
        return {}
    centre_of = np.zeros(len(enough), dtype=np.int64)
    centre_of[told.narrative[told.is_centre]] = np.flatnonzero(told.is_centre)
    members, centres = told.texts.take(rows), told.texts.take(centre_of[told.narrative[rows]])
    head, tail = _common(members, centres, front=True), _common(members, centres, front=False)
    framed = head + tail
    middle = members.lengths - framed
    other = rows != centre_of[told.narrative[rows]]
    # The middle must be a real part of the text: a frame around one changed character is an edited copy.
    is_filled = other & (framed >= FRAME_CHARACTERS) & (middle >= np.maximum(3, 0.2 * members.lengths))
    n_other = np.bincount(told.narrative[rows][other], minlength=len(enough))
    n_filled = np.bincount(told.narrative[rows][is_filled], minlength=len(enough))
    least = np.maximum(LEAST_ACCOUNTS, FRAME_RATE * n_other)
    chosen = np.flatnonzero(enough & (n_filled >= least))
    return {
        int(number): f"{n_filled[number]} of {n_other[number]} other texts have the same frame around another middle"
        for number in chosen
    }


def _common(left: FoldedTexts, right: FoldedTexts, *, front: bool) -> Ints:
    """Length of the common beginning (or end) of each pair, up to `_END` characters."""
    same = _ends(left, front=front) == _ends(right, front=front)
    short = np.minimum(np.minimum(left.lengths, right.lengths), _END)
    same &= np.arange(_END) < short[:, None]
    return np.where(same.all(axis=1), _END, np.argmin(same, axis=1)).astype(np.int64)


def _ends(texts: FoldedTexts, *, front: bool) -> npt.NDArray[np.uint32]:
    steps = np.arange(_END)
    places = texts.starts[:-1, None] + steps if front else texts.starts[1:, None] - 1 - steps
    if not len(texts.points):
        return np.zeros((len(texts), _END), dtype=np.uint32)
    ends: npt.NDArray[np.uint32] = texts.points[np.clip(places, 0, len(texts.points) - 1)]
    return ends


def _stock_texts(told: Told, of_post: Ints, enough: npt.NDArray[np.bool_]) -> dict[int, str]:
    """Narratives posted word for word and steadily over months."""
    order = np.lexsort((told.posted_at_s, of_post))
    order = order[enough[of_post[order]]]
    if not len(order):
        return {}
    narrative, at = of_post[order], told.posted_at_s[order]
    starts = np.flatnonzero(np.concatenate(([True], narrative[1:] != narrative[:-1])))
    stops = np.append(starts[1:], len(narrative))
    found = {}
    for first, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        times = at[first:stop]
        days = (times[-1] - times[0]) / _DAY_S
        if days < STEADY_DAYS:
            continue
        most_in_week = int((np.searchsorted(times, times + 7 * _DAY_S) - np.arange(len(times))).max())
        _, copies = np.unique(told.post_text[order[first:stop]], return_counts=True)
        n = stop - first
        if most_in_week <= STEADY_WEEK_RATE * n and copies.max() >= IDENTICAL_RATE * n:
            found[int(narrative[first])] = (
                f"{copies.max()} of {n} posts are word for word the same over {days:.0f} days, at most {most_in_week} "
                "of them in one week"
            )
    return found
