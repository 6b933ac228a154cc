"""Shared runs survive edits that leave hardly a shingle in common."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.likeness import fold, run_fingerprints, shared_runs
from assay.likeness.runs import LETTER_RUN, MOST_RUNS, SYLLABLE_RUN

_CHINESE = "平台强迫商家只能二选一不签独家协议就降低搜索排名这样做对消费者和小商家都不公平希望有人来管"
_ENGLISH = "they force every small shop to choose between two sites and push those who refuse down the list"


def folded(*texts: str):
    return fold(pa.array(texts))


def test_a_text_shares_everything_with_itself() -> None:
    found = shared_runs(folded(_CHINESE, _ENGLISH), folded(_CHINESE, _ENGLISH))
    assert found.coverage.tolist() == [1.0, 1.0]
    assert found.n_stretches.tolist() == [1, 1]
    assert found.longest.tolist() == [len(_CHINESE), len(_ENGLISH)]


def test_unrelated_texts_share_nothing() -> None:
    found = shared_runs(folded(_CHINESE), folded(_ENGLISH))
    assert found.coverage.tolist() == [0.0]
    assert found.longest.tolist() == [0]


def test_a_changed_character_splits_a_stretch_in_two() -> None:
    changed = _CHINESE[:20] + "啊" + _CHINESE[21:]
    found = shared_runs(folded(changed), folded(_CHINESE))
    assert found.n_stretches.tolist() == [2]
    assert found.coverage[0] == pytest.approx(1 - 1 / len(_CHINESE))


def test_neighbouring_texts_do_not_run_into_each_other() -> None:
    found = shared_runs(folded("商家只能二选一", "商家只能二选一"), folded("商家只能二选一", "商家只能二选一"))
    assert found.n_stretches.tolist() == [1, 1]
    assert found.longest.tolist() == [7, 7]


def test_texts_shorter_than_a_piece_share_nothing() -> None:
    found = shared_runs(folded("好", "", "ab"), folded("好", "", "ab"))
    assert found.coverage.tolist() == [0.0, 0.0, 0.0]


def test_fingerprints_of_letters_begin_at_words() -> None:
    text = "alpha beta gamma delta"
    n_starts = sum(len(text) - at >= LETTER_RUN for at in (0, 6, 11, 17))
    assert run_fingerprints(folded(text)).counts.tolist() == [n_starts]


def test_fingerprints_of_chinese_begin_everywhere() -> None:
    assert run_fingerprints(folded(_CHINESE)).counts.tolist() == [len(_CHINESE) - SYLLABLE_RUN + 1]


def test_fingerprints_are_positive_as_int64() -> None:
    assert (run_fingerprints(folded(_CHINESE)).hashes.astype(np.int64) >= 0).all()


def test_a_long_article_keeps_about_the_same_number_of_fingerprints() -> None:
    rng = np.random.default_rng(1)
    article = "".join(chr(point) for point in rng.integers(0x4E00, 0x9FA5, 6_000))
    (count,) = run_fingerprints(folded(article)).counts.tolist()
    assert MOST_RUNS / 4 <= count <= MOST_RUNS * 1.5


def test_a_passage_in_two_long_articles_shares_a_fingerprint() -> None:
    rng = np.random.default_rng(2)
    parts = ["".join(chr(point) for point in rng.integers(0x4E00, 0x9FA5, n)) for n in (1_500, 120, 900)]
    found = run_fingerprints(folded(parts[0] + parts[1], parts[1] + parts[2]))
    first, second = np.split(found.hashes, found.starts[1:-1])
    assert len(np.intersect1d(first, second)) >= 3


@given(st.lists(st.text(max_size=40), max_size=6), st.integers(0, 5))
def test_a_batch_gives_what_its_texts_give_alone(texts: list[str], shift: int) -> None:
    others = texts[shift:] + texts[:shift]
    whole = shared_runs(fold(pa.array(texts, pa.string())), fold(pa.array(others, pa.string())))
    for row, (left, right) in enumerate(zip(texts, others, strict=True)):
        alone = shared_runs(folded(left), folded(right))
        assert whole.coverage[row] == alone.coverage[0]
        assert whole.n_stretches[row] == alone.n_stretches[0]
        assert whole.longest[row] == alone.longest[0]
