"""Narratives hold together by shared words and not by chains of links."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from assay.attacks.copies import verified_links
from assay.attacks.narratives import narratives
from assay.likeness import fold
from assay.simulation.campaign_texts import base_texts, edited


def one_each(language, n, rng):
    """Base texts of n narratives."""
    return [wordings[0] for wordings in base_texts(language, (), (1, n, 1), rng)[0]]


def linked(texts: list[str]):
    """All pairs that the verification accepts, as indices."""
    pairs = [(i, j) for i in range(len(texts)) for j in range(i)]
    batch = pa.RecordBatch.from_pydict(
        {
            "left_key": [i for i, _ in pairs],
            "right_key": [j for _, j in pairs],
            "left_text": [texts[i] for i, _ in pairs],
            "right_text": [texts[j] for _, j in pairs],
        }
    )
    found = verified_links(batch)
    return found.column("left").to_numpy(), found.column("right").to_numpy()


def grouped(texts: list[str], weight: list[int] | None = None):
    left, right = linked(texts)
    return narratives(fold(pa.array(texts)), left, right, np.array(weight or [1] * len(texts)))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edit_rate", [0.1, 0.2, 0.3])
def test_edited_copies_of_three_texts_become_three_narratives(language: str, edit_rate: float) -> None:
    rng = np.random.default_rng([1, round(edit_rate * 10)])
    bases = one_each(language, 3, rng)
    texts = edited([base for base in bases for _ in range(20)], edit_rate, language, rng)
    found = grouped(texts)
    truth = np.repeat(np.arange(3), 20)
    mine = [found.narrative[truth == number] for number in range(3)]
    largest = [np.bincount(each[each >= 0]).max() for each in mine]
    assert min(largest) >= 17
    for number in range(len(found)):
        assert len(set(truth[found.narrative == number])) == 1


def test_a_chain_of_texts_does_not_become_one_narrative() -> None:
    # Every text shares half with the next and nothing with the one after.
    rng = np.random.default_rng(3)
    halves = ["".join(chr(point) for point in rng.integers(0x4E00, 0x9FA5, 20)) for _ in range(13)]
    texts = [first + second for first, second in pairwise(halves)]
    found = grouped(texts)
    sizes = np.bincount(found.narrative[found.narrative >= 0])
    assert sizes.max(initial=0) <= 3


def test_a_passage_inside_long_articles_joins_them() -> None:
    rng = np.random.default_rng(4)

    def prose(n: int) -> str:
        return "".join(chr(point) for point in rng.integers(0x4E00, 0x9FA5, n))

    passage = prose(80)
    texts = [prose(400) + passage + prose(300) for _ in range(4)] + [prose(700) for _ in range(4)]
    found = grouped(texts)
    assert len(set(found.narrative[:4])) == 1 and found.narrative[0] >= 0
    assert (found.narrative[4:] == -1).all()


def test_texts_without_links_are_in_no_narrative() -> None:
    found = narratives(fold(pa.array(["one", "two"])), np.empty(0, np.int64), np.empty(0, np.int64), np.ones(2, int))
    assert found.narrative.tolist() == [-1, -1]
    assert len(found) == 0


def test_no_texts_give_no_narratives() -> None:
    nothing = np.empty(0, np.int64)
    assert len(narratives(fold(pa.array([], pa.string())), nothing, nothing, nothing)) == 0


def test_every_narrative_has_one_centre_and_numbers_follow_first_texts() -> None:
    rng = np.random.default_rng(5)
    bases = one_each("zh", 2, rng)
    texts = edited([bases[i % 2] for i in range(12)], 0.1, "zh", rng)
    found = grouped(texts)
    assert found.narrative.tolist() == [0, 1] * 6
    assert np.bincount(found.narrative[found.centre]).tolist() == [1, 1]


def test_the_order_of_links_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    texts = edited([base for base in one_each("zh", 3, rng) for _ in range(8)], 0.2, "zh", rng)
    left, right = linked(texts)
    folded, weight = fold(pa.array(texts)), np.ones(len(texts), int)
    order = rng.permutation(len(left))
    one, other = narratives(folded, left, right, weight), narratives(folded, left[order], right[order], weight)
    assert one.narrative.tolist() == other.narrative.tolist()
