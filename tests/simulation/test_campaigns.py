"""What a planted campaign promises: its counts, its edits, a truth that matches, and plants that look like any post."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assay.likeness import fold, jaccard
from assay.market.errors import CallerError
from assay.simulation.campaign_texts import base_texts, edited
from assay.simulation.campaigns import CampaignSpec, plant, small_campaign
from assay.simulation.planting import POSTS_SCHEMA, TRUTH_SCHEMA

DAY = datetime(2024, 11, 11, 12, tzinfo=UTC)


def ordinary(n=3_000, n_accounts=2_000, seed=1):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "post_id": [f"p{i}" for i in range(n)],
            "account_id": [f"a{i}" for i in rng.integers(0, n_accounts, n)],
            "posted_at": [DAY + timedelta(days=float(d)) for d in rng.normal(0, 40, n)],
            "text": [f"ordinary {i}" for i in range(n)],
        },
        schema=POSTS_SCHEMA,
    )


def similarity(left, right):
    return jaccard(fold(pa.array(left)), fold(pa.array(right)))[0]


def test_the_default_is_the_published_case():
    made = plant(ordinary(), CampaignSpec(camouflage_rate=0.5), np.random.default_rng(2))
    own = made.truth.filter(pc.invert(made.truth["is_camouflage"]))
    counts = np.bincount(own["narrative"].to_numpy())
    assert (len(own), len(counts), counts[0]) == (9_700, 10, 4_600)
    assert len(made.truth["account_id"].unique()) == 500
    assert len(made.truth) == pytest.approx(2 * 9_700, rel=0.01)


def test_posts_are_the_background_and_the_plants_in_the_order_of_time():
    background = ordinary()
    made = plant(background, small_campaign(camouflage_rate=0.5), np.random.default_rng(3))
    assert made.posts.schema == POSTS_SCHEMA
    assert made.truth.schema == TRUTH_SCHEMA
    assert len(made.posts) == len(background) + 200
    ids = made.posts["post_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    assert set(made.truth["post_id"].to_pylist()) == set(ids) - set(background["post_id"].to_pylist())
    times = made.posts["posted_at"].cast("int64").to_numpy()
    assert (np.diff(times) >= 0).all()


def test_the_same_seed_plants_the_same_posts():
    one, two = (plant(ordinary(), small_campaign(), np.random.default_rng(4)) for _ in range(2))
    assert one.posts.equals(two.posts)
    assert one.truth.equals(two.truth)


def test_sixty_base_texts_a_language_are_distinct_and_of_the_stated_length():
    for language, length, shortest, longest in (("zh", len, 35, 110), ("en", lambda t: len(t.split()), 15, 45)):
        texts = [
            t
            for [topic] in zip(*base_texts(language, (), (1, 12, 5), np.random.default_rng(5)), strict=True)
            for t in topic
        ]
        assert len(set(texts)) == 60
        assert all(shortest <= length(text) <= longest for text in texts)
        left, right = zip(*combinations(texts, 2), strict=True)
        assert similarity(left, right).max() < 0.3


def test_narratives_of_several_events_have_texts_of_their_own():
    events = base_texts("zh", (), (4, 10, 1), np.random.default_rng(6))
    assert len({text for event in events for [text] in event}) == 40


@pytest.mark.parametrize("language", ["zh", "en"])
def test_more_edits_make_texts_less_alike_and_none_leave_them_alone(language):
    rng = np.random.default_rng(7)
    bases = [text for [text] in base_texts(language, (), (1, 12, 1), rng)[0]] * 20
    means = [float(similarity(bases, edited(bases, rate, language, rng)).mean()) for rate in (0, 0.1, 0.2, 0.3)]
    assert means[0] == 1.0
    assert means[0] > means[1] > means[2] > means[3] > 0.1


def test_chinese_characters_are_edited_at_the_stated_rate():
    rng = np.random.default_rng(8)
    base = "一" * 50_000  # no synonyms in it
    [text] = edited([base], 0.2, "zh", rng)
    left_alone = text.count("一")
    # A third of the edits only inserts: 1 - 0.2 * 2/3 of the characters stay, and one in 350 drawn is this one.
    assert left_alone / len(base) == pytest.approx(1 - 0.2 * 2 / 3, abs=0.01)


def test_plants_keep_the_hours_of_the_background_and_gather_around_the_event():
    background = ordinary(20_000)
    spec = CampaignSpec(events=(DAY,))
    made = plant(background, spec, np.random.default_rng(9))
    planted = made.posts.filter(pc.is_in(made.posts["post_id"], made.truth["post_id"]))
    days = (planted["posted_at"].cast("int64").to_numpy() / 1e6 - DAY.timestamp()) / 86_400
    assert np.abs(days).max() < 16
    inside = (np.abs(days) < 2.5).mean()
    assert inside == pytest.approx(0.6 + 0.4 * 5 / 30, abs=0.03)


def test_a_slow_campaign_has_no_burst():
    spec = CampaignSpec(events=(DAY,), burst_rate=0.0, spread_days=120)
    made = plant(ordinary(), spec, np.random.default_rng(10))
    planted = made.posts.filter(pc.is_in(made.posts["post_id"], made.truth["post_id"]))
    days = (planted["posted_at"].cast("int64").to_numpy() / 1e6 - DAY.timestamp()) / 86_400
    assert np.histogram(days, bins=12, range=(-60, 60))[0].max() / len(days) < 0.1


def test_hired_accounts_were_there_before():
    background = ordinary()
    made = plant(background, small_campaign(hired_rate=0.5), np.random.default_rng(11))
    hired = made.truth.filter(made.truth["is_hired"])["account_id"].unique()
    assert len(hired) == 10
    assert set(hired.to_pylist()) <= set(background["account_id"].to_pylist())


def test_camouflage_is_copied_from_ordinary_posts():
    background = ordinary()
    made = plant(background, small_campaign(camouflage_rate=0.5), np.random.default_rng(12))
    cover = made.truth.filter(made.truth["is_camouflage"])
    texts = made.posts.filter(pc.is_in(made.posts["post_id"], cover["post_id"]))["text"]
    assert set(texts.to_pylist()) <= set(background["text"].to_pylist())
    assert set(np.unique(cover["account_id"].to_pylist(), return_counts=True)[1]) == {5}


def test_accounts_carry_over_from_event_to_event():
    events = (DAY, DAY + timedelta(days=200))
    made = plant(ordinary(), small_campaign(events=events, carry_over_rate=0.75), np.random.default_rng(13))
    first, second = (set(made.truth.filter(pc.equal(made.truth["event"], e))["account_id"].to_pylist()) for e in (0, 1))
    assert (len(first), len(second), len(first & second)) == (20, 20, 15)


@pytest.mark.parametrize(
    "changes",
    [
        {"edit_rate": 1.5},
        {"camouflage_rate": 1.0},
        {"n_posts": 3},
        {"language": "fr"},
        {"wordings": 0},
        {"topics": ("war",)},
    ],
)
def test_a_specification_that_cannot_be_is_refused(changes):
    with pytest.raises(CallerError, match=next(iter(changes))):
        CampaignSpec(**changes)


def test_posts_without_times_are_refused():
    posts = ordinary().set_column(2, POSTS_SCHEMA.field("posted_at"), pa.nulls(3_000, pa.timestamp("us", "UTC")))
    with pytest.raises(CallerError, match=r"3,000 of 3,000"):
        plant(posts, small_campaign(), np.random.default_rng(14))
    with pytest.raises(CallerError, match="hire"):
        plant(ordinary(5, 3), small_campaign(hired_rate=0.5), np.random.default_rng(15))
