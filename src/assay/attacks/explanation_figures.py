"""What the rules for innocent explanations read off a group's posts: shares from 0 to 1, blind to praise and denial."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.attacks.explanation_words import VOCABULARY, blind
from assay.attacks.style_texts import masked, own_part
from assay.likeness import fold, jaccard, shingle
from assay.likeness.sketches import FEWEST_SHINGLES

Ints: TypeAlias = npt.NDArray[np.int64]

# Copies with 30 % of their characters edited still share this much; independent posts about one thing seldom do.
_RESEMBLES = 0.25
# Posts compared with each other, all pairs: 19,900 pairs take 0.3 s.
_MOST_COMPARED = 200
# A text that is passed on for years is in no hurry: months between its first and last tenth, no day with many of it.
LONG_SPAN_DAYS, _MOST_IN_A_DAY = 30, 0.2
# First and last characters that posts of one button share around a changing middle.
_FRAME = 6
# Middles of edited copies stay alike (0.5 and more after edits of 20 %); titles in a frame have nothing in common.
_MOST_ALIKE_MIDDLES = 0.2
# More headlines than one accusation has wordings (the published case had ten), each taken over within minutes.
LEAST_HEADLINES, _PROMPT_S = 20, 600
# A run of characters that this share of ordinary posts holds is no name.
COMMON_RUN = 0.005
# A clock shows in this many posts of one account; a person hits the same minute of the hour in 1 of 60.
_LEAST_ON_CLOCK, _SAME_MINUTE = 10, 0.5
_SECONDS_A_DAY = 86_400

ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
HASHTAG = re.compile(r"#[^#\s][^#\n]{0,38}#|#\w+")
MENTION = re.compile(r"@[\w\-·]{1,30}")


@dataclass(frozen=True, slots=True)
class GroupPosts:
    """A group's posts as the rules read them, one value per post; -1 where there is nothing."""

    texts: list[str]
    account: Ints
    at_s: Ints
    address: Ints
    answered: Ints
    target: Ints
    narrative: Ints

    def __len__(self) -> int:
        return len(self.texts)


def using(posts: GroupPosts, code: str) -> float:
    """Share of posts with a word of one explanation's vocabulary."""
    return sum(bool(VOCABULARY[code].search(text)) for text in posts.texts) / len(posts)


def largest(values: Ints) -> float:
    """Share of posts with the commonest value; posts without one count as others."""
    known = values[values >= 0]
    return float(np.bincount(known).max() / len(values)) if len(known) else 0.0


def in_largest(values: Ints, narrative: Ints) -> float:
    """Share of posts with the commonest value of their own narrative."""
    found = sum(largest(values[narrative == one]) * (narrative == one).sum() for one in np.unique(narrative))
    return float(found / len(values))


def most_shared(texts: list[str], pattern: re.Pattern[str]) -> float:
    """Share of posts with the commonest match of a pattern."""
    counts = Counter(found for text in texts for found in set(pattern.findall(text)))
    return max(counts.values(), default=0) / len(texts)


def one_run(texts: list[str], common: npt.NDArray[np.uint32]) -> float:
    """Share of posts that hold the commonest run of characters which is not common in the corpus."""
    runs, held = _held_by(texts)
    return float(held[~np.isin(runs, common)].max(initial=0) / len(texts))


def common_runs(texts: list[str], least_rate: float) -> npt.NDArray[np.uint32]:
    """Runs that at least this share of posts hold; never those that only one post holds."""
    runs, held = _held_by(texts)
    return runs[held >= max(least_rate * len(texts), 2)]


def _held_by(texts: list[str]) -> tuple[npt.NDArray[np.uint32], Ints]:
    """Every run of characters once, sorted, and how many posts hold it."""
    found = shingle(fold(pa.array([masked(text) for text in texts], pa.string())))
    post = np.repeat(np.arange(len(texts), dtype=np.uint64), found.counts)
    once = np.unique((found.hashes.astype(np.uint64) << np.uint64(32)) | post)
    runs, held = np.unique((once >> np.uint64(32)).astype(np.uint32), return_counts=True)
    return runs, held.astype(np.int64)


def prompt_rate(posts: GroupPosts) -> float:
    """Share of posts within ten minutes of the first of their narrative; 0 where narratives are too few for a feed."""
    narratives = np.unique(posts.narrative, return_inverse=True)[1]
    if narratives.max() + 1 < LEAST_HEADLINES:
        return 0.0
    first = np.full(narratives.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, narratives, posts.at_s)
    return float((posts.at_s - first[narratives] <= _PROMPT_S).mean())


def on_clock(posts: GroupPosts) -> float | None:
    """Share of accounts with ten posts or more that post at one minute of the hour; null when there is none."""
    n_posts = np.bincount(posts.account)
    cells = posts.account * 60 + posts.at_s // 60 % 60
    minutes = np.bincount(cells, minlength=60 * len(n_posts)).reshape(-1, 60)
    busy = n_posts >= _LEAST_ON_CLOCK
    return float((minutes[busy].max(axis=1) >= _SAME_MINUTE * n_posts[busy]).mean()) if busy.any() else None


def own_wording(texts: list[str]) -> float | None:
    """Share of posts, of up to 200 evenly spaced, that resemble no other; null when fewer than two can be compared."""
    folded = fold(pa.array([masked(text) for text in texts], pa.string()))
    long_enough = np.flatnonzero(shingle(folded).counts >= FEWEST_SHINGLES)
    if len(long_enough) < 2:
        return None
    rows = long_enough[np.linspace(0, len(long_enough) - 1, min(_MOST_COMPARED, len(long_enough))).astype(np.int64)]
    left, right = np.triu_indices(len(rows), k=1)
    similarity, _ = jaccard(folded.take(rows[left]), folded.take(rows[right]))
    alike = similarity >= _RESEMBLES
    resembled = np.zeros(len(rows), dtype=bool)
    resembled[left[alike]] = True
    resembled[right[alike]] = True
    return float(1.0 - resembled.mean())


def framed(every: list[str]) -> float:
    """Share of posts in the commonest frame: the same beginning and end around middles that are unlike each other."""
    texts = [ADDRESS.sub("", text).strip() for text in every]
    ends = Counter((text[:_FRAME], text[-_FRAME:]) for text in texts if len(text) >= 3 * _FRAME)
    if not ends:
        return 0.0
    (start, end), n = ends.most_common(1)[0]
    middles = sorted({t[_FRAME:-_FRAME] for t in texts if (t[:_FRAME], t[-_FRAME:]) == (start, end) and len(t) >= 18})
    if len(middles) < 3:
        return 0.0
    # Every middle with the next, once round: as many pairs as middles. Sorting puts like beside like.
    similarity, _ = jaccard(fold(pa.array(middles)), fold(pa.array(middles[1:] + middles[:1])))
    return n / len(texts) if float(np.median(similarity)) <= _MOST_ALIKE_MIDDLES else 0.0


def lasting(posts: GroupPosts) -> float:
    """Share of posts in narratives that were passed on for long, with no day that holds many of them."""
    n_lasting = 0
    for one in np.unique(posts.narrative[posts.narrative >= 0]):
        at_s = np.sort(posts.at_s[posts.narrative == one])
        span = float(np.quantile(at_s, 0.9) - np.quantile(at_s, 0.1)) / _SECONDS_A_DAY
        in_a_day = np.unique(at_s // _SECONDS_A_DAY, return_counts=True)[1].max() / len(at_s)
        n_lasting += len(at_s) if span >= LONG_SPAN_DAYS and in_a_day <= _MOST_IN_A_DAY else 0
    return n_lasting / len(posts)


def recurring(posts: GroupPosts) -> float:
    """Share of accounts with posts in two narratives or more."""
    told = posts.narrative >= 0
    pairs = np.unique(np.column_stack((posts.account[told], posts.narrative[told])), axis=0)
    return float((np.bincount(pairs[:, 0]) >= 2).mean()) if len(pairs) else 0.0


def read(posts: pa.Table) -> GroupPosts:
    """A group's posts as arrays; an address inside the text counts where the column has none."""
    texts = texts_of(posts)
    address = numbers(posts, "url")
    inside = [found[0] if (found := ADDRESS.findall(text)) else None for text in texts]
    of_text = _coded(pa.array(inside, pa.string()))
    at_s = posts["posted_at"].cast(pa.timestamp("s", posts.schema.field("posted_at").type.tz), safe=False)
    return GroupPosts(
        texts=texts,
        account=numbers(posts, "account_id"),
        at_s=at_s.cast(pa.int64()).to_numpy(),
        address=np.where(address >= 0, address, np.where(of_text >= 0, of_text + address.max(initial=0) + 1, -1)),
        answered=numbers(posts, "reply_to"),
        target=numbers(posts, "target"),
        narrative=numbers(posts, "narrative"),
    )


def texts_of(posts: pa.Table) -> list[str]:
    """The posts' own parts as the rules read them; a missing text is empty."""
    return [blind(own_part(text)) for text in pc.fill_null(posts["text"], "").to_pylist()]


def numbers(posts: pa.Table, name: str) -> Ints:
    """A column's values numbered from 0; -1 for null, and everywhere when the column is missing."""
    if name not in posts.column_names:
        return np.full(posts.num_rows, -1, dtype=np.int64)
    return _coded(posts[name].combine_chunks())


def _coded(values: pa.Array) -> Ints:
    codes = values.dictionary_encode().indices
    return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
