import numpy as np
import pyarrow as pa
import pytest

from assay.market.errors import CallerError
from assay.rating import TrainingSettings, explain_row, read_examples, train
from assay.rating.examples import merchant_folds
from assay.rating.training import fit_tables, training_rows

from .worlds import TERMS, market

QUICK = TrainingSettings(outer_bags=1, max_bins=16)


@pytest.fixture(scope="module")
def trained():
    table, _ = market(np.random.default_rng(1))
    return train(read_examples(table, TERMS), QUICK, offered=[*TERMS])


def test_a_certain_sign_stays_one_way_after_rounding(trained):
    points = {table.column: table.points for table in trained.model.terms}
    assert list(points["reviews_fake"]) == sorted(points["reviews_fake"])
    assert list(points["listing_age"]) == sorted(points["listing_age"], reverse=True)


def test_a_two_sided_signal_may_rise_on_both_sides(trained):
    gap = next(table for table in trained.model.terms if table.column == "price_gap")
    assert gap.points_of(-2.5) > gap.points_of(0.0) < gap.points_of(2.5)


def test_training_twice_gives_the_same_model(trained):
    table, _ = market(np.random.default_rng(1))
    again = train(read_examples(table, TERMS), QUICK, offered=[*TERMS])
    assert again.model == trained.model


def test_the_calibrated_scores_of_unseen_merchants_have_the_right_level(trained):
    scores = trained.scores()["score"].to_numpy()
    assert scores.mean() / 100 == pytest.approx(trained.examples.labels.mean(), rel=0.1)


def test_the_card_says_how_many_rows_were_only_presumed_genuine(trained):
    data = trained.model.card["data"]
    n_counterfeit = int(trained.examples.labels.sum())
    assert data["n_counterfeit_verdicts"] == n_counterfeit
    assert data["n_presumed_genuine"] == len(trained.examples) - n_counterfeit
    assert "presumed genuine" in trained.model.card["label_meaning"]
    assert "lower bound" in trained.model.card["calibration_rests_on"]


def test_no_merchant_stands_in_two_folds(trained):
    examples = trained.examples
    pairs = set(zip(examples.merchants.tolist(), examples.folds.tolist(), strict=True))
    assert len(pairs) == len(set(examples.merchants.tolist()))


def test_a_merchants_fold_does_not_depend_on_the_rows_around_it():
    alone = merchant_folds(pa.chunked_array([["M7"]]))
    among = merchant_folds(pa.chunked_array([["M1", "M2"], ["M7", "M3"]]))
    assert alone[0] == among[2]


def test_a_ring_stays_in_one_fold():
    table, _ = market(np.random.default_rng(2), n=1500, n_merchants=60)
    ring = pa.array(["R" + str(int(name[1:]) % 7) for name in table["merchant_id"].to_pylist()])
    examples = read_examples(table.append_column("group_id", ring), TERMS)
    assert len(set(zip(ring.to_pylist(), examples.folds.tolist(), strict=True))) == 7


def test_a_sample_of_the_negatives_does_not_move_the_level():
    table, _ = market(np.random.default_rng(3), n=12_000, n_merchants=800)
    examples = read_examples(table, TERMS)
    rows, weights = training_rows(examples, TrainingSettings(max_rows=4000))
    assert examples.labels[rows].sum() == examples.labels.sum()
    assert len(rows) == pytest.approx(4000, rel=0.05)
    assert weights.sum() == pytest.approx(len(examples), rel=0.03)
    whole, _ = fit_tables(examples, QUICK)
    part, _ = fit_tables(examples, TrainingSettings(max_rows=4000, outer_bags=1, max_bins=16))
    assert part.base_points == pytest.approx(whole.base_points, abs=40)


def test_sampled_verdicts_alone_weigh_one_over_their_probability_up_to_twenty():
    table, _ = market(np.random.default_rng(4), sampled=0.02)
    examples = read_examples(table, TERMS, verdicts_only=True)
    rows, weights = training_rows(examples, TrainingSettings())
    drawn = examples.sampled[rows]
    assert np.allclose(weights[drawn], np.minimum(1 / examples.inclusion[rows][drawn], 20))
    assert (weights[~drawn] == 1).all()


def test_sampled_verdicts_weigh_one_where_the_goods_they_stand_for_are_learnt_from_too():
    table, _ = market(np.random.default_rng(4), sampled=0.02)
    assert (training_rows(read_examples(table, TERMS), TrainingSettings())[1] == 1).all()


def test_with_verdicts_only_nothing_is_presumed():
    table, _ = market(np.random.default_rng(5), sampled=0.2)
    examples = read_examples(table, TERMS, verdicts_only=True)
    assert examples.judged.all() and len(examples) < table.num_rows


def test_signals_that_say_nothing_are_left_out_and_named():
    table, _ = market(np.random.default_rng(6), n=1500)
    table = table.set_column(table.schema.get_field_index("spec_gap"), "spec_gap", pa.nulls(1500, pa.float64()))
    trained = train(read_examples(table, TERMS), QUICK, offered=TERMS)
    assert "spec_gap" not in trained.model.columns
    assert trained.model.card["signals_not_available"] == ["spec-gap"]
    fall = explain_row(trained.model, {"price_gap": 2.0})
    assert fall.base_points + sum(step.points for step in fall.steps) == fall.score_points


def test_too_few_counterfeits_are_refused_with_the_count():
    table, _ = market(np.random.default_rng(7), n=200, n_merchants=20)
    with pytest.raises(CallerError, match=r"training needs 30 counterfeit listings .* scorecard"):
        read_examples(table.slice(0, 60), TERMS)
