"""Made posts are shaped like those of a real micro-blog, hold one campaign, and come out the same again."""

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from assay.market.errors import CallerError
from assay.simulation import chatter
from assay.simulation.campaigns import small_campaign
from assay.simulation.chatter import EMPTY_RATE, ordinary_posts, scaled_posts
from assay.simulation.planting import POSTS_SCHEMA


@pytest.fixture(scope="module")
def posts():
    [table] = ordinary_posts(100_000, np.random.default_rng(1))
    return table


def test_lengths_are_those_of_the_background(posts):
    length = pc.fill_null(pc.utf8_length(posts["text"]), 0).to_numpy()
    assert (length == 0).mean() == pytest.approx(EMPTY_RATE, abs=0.01)
    assert 3 <= np.median(length) <= 5
    assert (length >= 12).mean() == pytest.approx(0.27, abs=0.03)
    assert np.quantile(length, 0.99) == pytest.approx(87, abs=15)


def test_most_accounts_post_once_and_a_few_very_often(posts):
    counts = posts["account_id"].value_counts().field("counts").to_numpy()
    assert len(posts) / len(counts) == pytest.approx(1.2, abs=0.05)
    assert (counts == 1).mean() == pytest.approx(0.88, abs=0.05)
    assert counts.max() >= 40


def test_short_texts_repeat_and_some_long_ones_are_copied(posts):
    texts = posts["text"].drop_null()
    length = pc.utf8_length(texts)
    for kept, least, most in ((pc.less(length, 12), 0.35, 0.6), (pc.greater_equal(length, 12), 0.03, 0.12)):
        counts = texts.filter(kept).value_counts().field("counts").to_numpy()
        assert least < counts[counts > 1].sum() / counts.sum() < most


def test_one_file_holds_the_ordinary_posts_and_the_campaign(tmp_path, monkeypatch):
    monkeypatch.setattr(chatter, "CHUNK_POSTS", 2_000)
    made = scaled_posts(5_000, np.random.default_rng(2), tmp_path, campaign=small_campaign(camouflage_rate=0.5))
    written, truth = pq.read_table(made.posts), pq.read_table(made.truth)
    assert written.schema.equals(POSTS_SCHEMA)
    assert len(written) == made.n_posts == 5_200
    assert len(written["post_id"].unique()) == 5_200
    assert set(truth["post_id"].to_pylist()) <= set(written["post_id"].to_pylist())


def test_the_same_seed_gives_the_same_corpus(tmp_path):
    one, two = (scaled_posts(2_000, np.random.default_rng(3), tmp_path / str(i)) for i in range(2))
    assert one.posts.read_bytes() == two.posts.read_bytes()


def test_too_few_posts_are_refused(tmp_path):
    with pytest.raises(CallerError, match=r"at least 1,000"):
        scaled_posts(10, np.random.default_rng(4), tmp_path)
