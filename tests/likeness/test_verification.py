import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.likeness import PairSimilarity, fold, jaccard, parts, sketch

TEXT = st.text(alphabet="abc 新款鞋", max_size=30)


def shingle_set(text):
    """The definition, one character at a time."""
    found = set()
    for i, character in enumerate(text):
        run = 2 if ord(character) > 0x2E80 else 4
        if i + run <= len(text):
            found.add(text[i : i + run])
    return found


def similarity(left, right):
    return float(jaccard(fold(pa.array([left])), fold(pa.array([right])))[0][0])


@given(TEXT, TEXT)
def test_jaccard_is_the_share_of_common_shingles(left, right):
    a, b = (shingle_set(fold(pa.array([text])).strings()[0]) for text in (left, right))
    assert similarity(left, right) == pytest.approx(len(a & b) / len(a | b) if a | b else 0.0)


@given(st.lists(TEXT, min_size=1, max_size=8))
def test_a_batch_gives_what_its_rows_give(texts):
    both = fold(pa.array(texts)), fold(pa.array(texts[::-1]))
    assert jaccard(*both)[0].tolist() == [similarity(a, b) for a, b in zip(texts, texts[::-1], strict=True)]


def test_chinese_texts_are_compared_by_pairs_of_characters():
    assert similarity("新款男鞋运动", "新款男鞋运动") == 1.0
    assert similarity("新款男鞋", "新款女鞋") == pytest.approx(1 / 5)


def test_parts_cover_every_text_once_in_order():
    texts = fold(pa.array(["a" * 30, "", "b" * 200, "c" * 10, ""]))
    cut = list(parts(texts, points_per_part=64))
    assert [first for first, _ in cut] == [0, 2, 3]
    assert [text for _, part in cut for text in part.strings()] == texts.strings()


def test_sketches_agree_as_often_as_texts_are_alike():
    rng = np.random.default_rng(5)
    words = [f"w{i}x" for i in range(400)]
    left = [list(rng.choice(words, 20)) for _ in range(400)]
    right = [[w if rng.random() > 0.1 else str(rng.choice(words)) for w in text] for text in left]
    a, b = (fold(pa.array([" ".join(text) for text in texts])) for texts in (left, right))
    exact = jaccard(a, b)[0]
    agreed = (sketch(a).buckets == sketch(b).buckets).mean(axis=1)
    # Expected share of common bands is s^3; 400 pairs of 10 bands: standard error below 0.008.
    assert float(agreed.mean()) == pytest.approx(float((exact**3).mean()), abs=0.03)


def test_digests_of_unlike_texts_agree_by_chance_in_a_quarter_of_their_fields():
    texts = fold(pa.array([f"{i * 7919:08d} {i * 104729:09d} {i * 1299709:09d}" for i in range(1, 400)]))
    digests = sketch(texts).digests
    fields = [(digests >> (2 * place)) & 3 for place in range(30)]
    agreed = np.mean([field[1:] == field[:-1] for field in fields])
    assert agreed == pytest.approx(0.25, abs=0.06)


def test_a_text_of_few_shingles_is_not_worth_comparing():
    assert sketch(fold(pa.array(["new shoes", "new shoes for men", "鞋", None]))).is_worth_comparing.tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_pairs_below_the_threshold_or_with_little_to_compare_are_dropped():
    batch = pa.RecordBatch.from_pydict(
        {
            "left_key": [1, 2, 3],
            "right_key": [9, 9, 9],
            "left_text": ["one long enough text", "something else entirely", "new"],
            "right_text": ["one long enough text!", "one long enough text", "new"],
        }
    )
    assert PairSimilarity(0.7)(batch).to_pylist() == [{"left_key": 1, "right_key": 9, "similarity": 1.0}]


def test_a_book_is_compared_by_its_beginning():
    rng = np.random.default_rng(1)
    book = " ".join(str(n) for n in rng.integers(0, 10**6, 2_000))
    assert similarity(book, book + "a different end" * 500) == 1.0
