"""The words of a post that are its writer's own: what two posts are compared by.

A forwarded text is its first writer's; names, addresses, hashtags and emoticons are what ordinary people share at an
event. What is left, folded, decides whether two accounts wrote the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.likeness import FoldedTexts, fold, parts, shingle, text_key

# A post with fewer distinct shingles says little of its own ("what a fine day"): twelve Chinese characters, or three
# words, is what published work on near-copied micro-blog posts keeps. Lower finds shorter slogans, and with them people
# who say the same proverb.
FEWEST_SHINGLES = 11

# Where the forwarded part begins: Weibo's //@name, Twitter's RT @name and its quoting forms.
_FORWARD = re.compile(r"//\s*[@＠].*|(?<!\w)(?:RT|MT|QT|via)[ :]*[@＠]\w.*|[“\"][@＠]\w.*", re.DOTALL)
_REPLY = re.compile(r"(?:回复|回覆|reply to)\s*(?=[@＠])", re.IGNORECASE)
_MENTION = re.compile(r"[@＠][\w·-]+[:：]?")
# Weibo's hashtags are closed by a second sign, others end with the word.
_HASHTAG = re.compile(r"[#＃][^#＃\n]{1,40}[#＃]|[#＃]\w+")
# Emoticons as their names in brackets; longer brackets are headlines.
_EMOTICON = re.compile(r"\[[^\[\]\s]{1,8}\]")
_MASKS = ((_REPLY, " "), (_MENTION, " "), (_HASHTAG, " "), (_EMOTICON, " "))
_MARKED = re.compile(r"[@＠#＃\[]")

PREPARED_SCHEMA = pa.schema(
    [
        ("post_id", pa.string()),
        ("account_id", pa.string()),
        ("posted_at", pa.timestamp("us", "UTC")),
        ("text_key", pa.int64()),
        ("text", pa.string()),
        ("why_not", pa.string()),
    ]
)


def own_words(text: str) -> str:
    """The writer's own part of a post, without names, hashtags and emoticons.

    >>> own_words("回复@someone: fine by me //@other: see #this# now")
    'fine by me'
    """
    if _MARKED.search(text):
        text = _FORWARD.sub(" ", text)
        for mask, instead in _MASKS:
            text = mask.sub(instead, text)
    return text.strip()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The map step over posts: `PREPARED_SCHEMA`, one row for each post.

    `text_key` and `text` are null for posts that are not compared; `why_not` then says why: empty (no text), forward
    (nothing but somebody else's), short (fewer than `fewest` distinct shingles of its own).
    """

    fewest: int = FEWEST_SHINGLES

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Prepares one batch with the columns post_id, account_id, posted_at and text."""
        whole = pc.fill_null(batch.column("text"), "").to_pylist()
        own = [own_words(text) for text in whole]
        folded = fold(pa.array(own, pa.string()))
        kept = distinct_shingles(folded) >= self.fewest
        keys = pc.if_else(pa.array(kept), text_key(folded), pa.scalar(None, pa.int64()))
        texts = pa.array(own, pa.string(), mask=~kept)
        why_not = [_why_not(is_kept, text, written) for is_kept, text, written in zip(kept, whole, own, strict=True)]
        columns = [batch.column(name) for name in ("post_id", "account_id", "posted_at")]
        times = columns[2].cast(PREPARED_SCHEMA.field("posted_at").type)
        return pa.RecordBatch.from_arrays(
            [*columns[:2], times, keys, texts, pa.array(why_not, pa.string())], schema=PREPARED_SCHEMA
        )


def _why_not(is_kept: bool, text: str, own: str) -> str | None:
    if is_kept:
        return None
    if not text.strip():
        return "empty"
    return "short" if own else "forward"


def distinct_shingles(texts: FoldedTexts) -> npt.NDArray[np.int64]:
    """Different shingles of every text, shape (texts,): twenty times the same word is one or two."""
    counts = np.zeros(len(texts), dtype=np.int64)
    for first, part in parts(texts):
        found = shingle(part)
        owners = np.repeat(np.arange(len(part), dtype=np.uint64), found.counts)
        keys = np.sort((owners << np.uint64(32)) | found.hashes)
        is_new = np.concatenate(([True], keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, dtype=bool)
        counts[first : first + len(part)] = np.bincount(
            (keys[is_new] >> np.uint64(32)).astype(np.int64), minlength=len(part)
        )
    return counts
