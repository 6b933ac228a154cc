"""A post is compared by its writer's own words only."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from assay.attacks.wording import PREPARED_SCHEMA, Prepared, distinct_shingles, own_words
from assay.likeness import fold

LONG = "this shop sold me a copy of the shoes I paid for"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("回复@某人:说得对//@别人: 原来的话", "说得对"),
        ("说得对 //@别人: 原来的话", "说得对"),
        ("RT @somebody: their words", ""),
        ("so true RT @somebody: their words", "so true"),
        ("“@somebody: their words” mine", ""),
        ("@one @two look at this #wow", "look at this"),
        ("#双十一狂欢# 东西不错[鼓掌][鼓掌]", "东西不错"),
        ("price is 5 # 6", "price is 5 # 6"),
        ("no marks at all", "no marks at all"),
        ("[a headline that is longer than an emoticon] text", "[a headline that is longer than an emoticon] text"),
        ("part of a word: SMART @home", "part of a word: SMART"),
    ],
)
def test_forwards_names_hashtags_and_emoticons_are_not_own(text: str, own: str) -> None:
    assert " ".join(own_words(text).split()) == own


def prepared(*texts: str | None) -> list[dict[str, object]]:
    n = len(texts)
    batch = pa.RecordBatch.from_pydict(
        {
            "post_id": [str(i) for i in range(n)],
            "account_id": ["a"] * n,
            "posted_at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * n, pa.timestamp("ms", "UTC")),
            "text": pa.array(texts, pa.string()),
        }
    )
    found = Prepared()(batch)
    assert found.schema == PREPARED_SCHEMA
    return found.to_pylist()


def test_every_post_comes_back_with_a_key_or_a_reason() -> None:
    rows = prepared(LONG, None, "", "   ", "RT @x: " + LONG, "ok", "哈" * 40)
    assert [row["why_not"] for row in rows] == [None, "empty", "empty", "empty", "forward", "short", "short"]
    assert [row["text_key"] is None for row in rows] == [False, True, True, True, True, True, True]


def test_posts_that_differ_in_names_case_and_marks_have_one_key() -> None:
    rows = prepared(LONG, f"@friend {LONG.upper()}!!! #angry", f"{LONG} http://x.example/1")
    assert len({row["text_key"] for row in rows}) == 1


def test_repeating_a_word_adds_no_shingles() -> None:
    once, often = distinct_shingles(fold(pa.array(["wonderful shoes", "wonderful shoes " * 20]))).tolist()
    assert often <= once + 4
