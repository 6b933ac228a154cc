"""Innocent crowds: each does what its name says, and the truth calls none of them a campaign."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assay.likeness import fold, jaccard
from assay.market.errors import CallerError
from assay.simulation.crowds import KINDS, CrowdSpec, gather
from assay.simulation.planting import POSTS_SCHEMA
from assay.simulation.talk import ordinary_texts

DAY = datetime(2025, 11, 11, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def ordinary():
    rng = np.random.default_rng(1)
    return pa.table(
        {
            "post_id": [f"p{i}" for i in range(2_000)],
            "account_id": [f"a{i}" for i in rng.integers(0, 1_500, 2_000)],
            "posted_at": [DAY + timedelta(days=float(d)) for d in rng.normal(0, 40, 2_000)],
            "text": ordinary_texts(2_000, "zh", rng),
        },
        schema=POSTS_SCHEMA,
    )


def said(ordinary, kind, language="zh", n=60):
    made = gather(ordinary, CrowdSpec(kind, n, language, DAY), np.random.default_rng(2))
    rows = made.posts.filter(pc.is_in(made.posts["post_id"], made.truth["post_id"]))
    return made, rows


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_crowd_is_innocent_and_has_its_accounts(ordinary, kind, language):
    made, rows = said(ordinary, kind, language)
    assert set(made.truth["is_innocent"].to_pylist()) == {True}
    assert set(made.truth["campaign"].to_pylist()) == {kind}
    assert 45 <= len(rows["account_id"].unique()) <= 60
    assert not any("{" in text for text in rows["text"].to_pylist())


def test_signers_post_once_and_feeds_within_ten_minutes(ordinary):
    _, signed = said(ordinary, "petition")
    assert len(signed["account_id"].unique()) == len(signed) == 60
    made, _ = said(ordinary, "press_feed", n=6)
    joined = made.truth.join(made.posts.select(["post_id", "posted_at"]), "post_id")
    spans = joined.group_by("narrative").aggregate([("posted_at", "max"), ("posted_at", "min")])
    seconds = pc.subtract(spans["posted_at_max"], spans["posted_at_min"]).cast("int64").to_numpy() / 1e6
    assert seconds.max() <= 600


def test_fans_and_hunters_recur_in_several_texts(ordinary):
    for kind in ("fan_drive", "prize_draw"):
        made, _ = said(ordinary, kind)
        own = made.truth.group_by("account_id").aggregate([("narrative", "count_distinct")])
        assert pc.mean(own["narrative_count_distinct"]).as_py() > 1.5


@pytest.mark.parametrize("language", ["zh", "en"])
def test_angry_customers_write_in_words_of_their_own(ordinary, language):
    _, rows = said(ordinary, "angry_customers", language)
    left, right = zip(*combinations(rows["text"].to_pylist(), 2), strict=True)
    alike = jaccard(fold(pa.array(left)), fold(pa.array(right)))[0]
    assert (alike >= 0.5).mean() < 0.002


@pytest.mark.parametrize("language", ["zh", "en"])
def test_longer_ordinary_texts_are_hardly_ever_near_copies(language):
    texts = [t for t in ordinary_texts(1_500, language, np.random.default_rng(3)) if t and len(t) >= 16]
    left, right = zip(*combinations(texts[:400], 2), strict=True)
    alike = jaccard(fold(pa.array(left)), fold(pa.array(right)))[0]
    assert (alike >= 0.5).mean() < 0.0005


@pytest.mark.parametrize("changes", [{"kind": "mob"}, {"n_accounts": 1}, {"language": "fr"}])
def test_a_crowd_that_cannot_be_is_refused(changes):
    with pytest.raises(CallerError, match=next(iter(changes))):
        CrowdSpec(**({"kind": "petition"} | changes))
