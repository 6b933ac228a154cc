from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa
import pytest

from assay.rating import (
    EvaluationSettings,
    TrainingSettings,
    card_markdown,
    evaluate,
    measure_model,
    read_examples,
    scorecard,
    train,
    with_figures,
)
from assay.rating.false_alarms import false_alarms, share_with_interval

from .worlds import TERMS, market

QUICK = TrainingSettings(outer_bags=1, max_bins=16)


@pytest.fixture(scope="module")
def trained():
    table, _ = market(np.random.default_rng(1), n=5000, sampled=0.1)
    return train(read_examples(table, TERMS), QUICK)


@pytest.fixture(scope="module")
def evaluation(trained):
    return evaluate(trained, EvaluationSettings(replicates=40), QUICK)


def test_every_part_is_measured_and_fits_in_json(evaluation):
    plain = orjson.loads(orjson.dumps(evaluation.as_dict()))
    assert plain["not_measured"] == {}
    for part in ("out_of_fold", "sampled", "forward", "random_split"):
        assert 0.6 < plain[part]["roc_auc"]["value"] < 1


def test_the_model_without_network_signals_is_measured_beside_the_full_one(evaluation):
    (tabular,) = evaluation.comparisons
    assert tabular.without == ("history",)
    assert tabular.gain["average_precision"].low > 0


def test_the_ablation_leaves_out_one_family_at_a_time(trained):
    only = EvaluationSettings(replicates=0, forward=False, random_split=False, tabular=False, ablation=True)
    fewer = replace(trained, examples=trained.examples.with_terms(trained.examples.terms[:2]))
    assert [each.without for each in evaluate(fewer, only, QUICK).comparisons] == [("price",), ("reviews",)]


def test_what_was_not_measured_says_why():
    table, _ = market(np.random.default_rng(2), n=3000)
    trained = train(read_examples(table.drop_columns(["listed_at"]), TERMS), QUICK)
    settings = EvaluationSettings(replicates=0, random_split=False, tabular=False)
    assert evaluate(trained, settings, QUICK).not_measured == {
        "sampled": "0 sampled verdicts with 0 counterfeit; 100 with 20 are needed",
        "forward": "fewer than half of the rows have a date",
        "random_split": "not asked for",
    }


def test_a_future_verdict_is_not_known_in_the_past(trained):
    late = np.full(len(trained.examples), trained.examples.times.max() + 1)
    blind = replace(trained, examples=replace(trained.examples, decided=late))
    settings = EvaluationSettings(replicates=0, random_split=False, tabular=False)
    assert "one side has only 0 counterfeits" in evaluate(blind, settings, QUICK).not_measured["forward"]


def test_the_scorecard_is_measured_with_the_same_figures(trained):
    got = measure_model(scorecard("listing"), trained.examples, replicates=0)
    assert got.n_rows == len(trained.examples) and got.roc_auc.value > 0.5


def test_false_alarms_name_each_segment_and_hide_small_ones(trained):
    found = false_alarms(trained.examples, trained.out_of_fold.score_points)
    assert {each.by for each in found} == {"merchant size", "country"}
    countries = [each for each in found if each.by == "country"]
    assert {each.segment for each in countries} == {"FR", "DE", "unknown"}
    genuine = trained.examples.labels == 0
    assert sum(each.n_genuine for each in countries) == genuine.sum()
    few = trained.examples.take(np.flatnonzero(genuine)[:9])
    assert all(each.share_at_80 is None for each in false_alarms(few, np.zeros(9, dtype=int)))


def test_shares_of_few_merchants_have_wide_intervals():
    hits, ones = np.zeros(1000, bool), np.ones(1000)
    one_merchant = share_with_interval(hits, np.zeros(1000, int), ones)
    many = share_with_interval(hits, np.arange(1000), ones)
    assert one_merchant.high > 0.5 > 0.01 > many.high


def test_the_card_shows_the_figures_and_every_signal(trained, evaluation):
    model = replace(trained.model, card=with_figures(trained.model.card, evaluation.as_dict()))
    page = card_markdown(model)
    assert "| roc auc |" in page and "without history" in page
    assert all(term.id in page for term in TERMS)
    assert "level set by" in page and "lower bound" not in page


def test_the_scorecards_card_says_that_it_is_not_calibrated():
    page = card_markdown(scorecard("listing"))
    assert "not calibrated" in page.splitlines()[0]
    assert pa.array([page]).null_count == 0
