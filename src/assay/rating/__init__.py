"""From signals to a calibrated 0 to 100 for listings and merchants, with every point explained.

`read_examples` and `train` make a model from verdicts, `scorecard` makes one without; `Scorer` rates batches with
either, `explain_row` shows why, `evaluate` says how good it is.
"""

from assay.rating.card import card_markdown, with_figures
from assay.rating.evaluation import Evaluation, EvaluationSettings, evaluate, measure_model
from assay.rating.examples import Examples, read_examples
from assay.rating.explanation import Step, Waterfall, explain_row
from assay.rating.labels import attach_labels, sample_rows
from assay.rating.merchants import (
    GOODS_TERMS,
    attach_merchant_labels,
    merchant_goods,
    merchant_terms,
    plain_numbers,
)
from assay.rating.model import CalibrationTable, Model, Term, TermTable, score_of
from assay.rating.model_file import DamagedModel, load_model, model_hash, save_model
from assay.rating.out_of_fold import OutOfFoldScorer
from assay.rating.scorecard import scorecard
from assay.rating.scoring import LISTING_KEYS, MERCHANT_KEYS, Scorer
from assay.rating.training import Trained, TrainingSettings, train

__all__ = [
    "GOODS_TERMS",
    "LISTING_KEYS",
    "MERCHANT_KEYS",
    "CalibrationTable",
    "DamagedModel",
    "Evaluation",
    "EvaluationSettings",
    "Examples",
    "Model",
    "OutOfFoldScorer",
    "Scorer",
    "Step",
    "Term",
    "TermTable",
    "Trained",
    "TrainingSettings",
    "Waterfall",
    "attach_labels",
    "attach_merchant_labels",
    "card_markdown",
    "evaluate",
    "explain_row",
    "load_model",
    "measure_model",
    "merchant_goods",
    "merchant_terms",
    "model_hash",
    "plain_numbers",
    "read_examples",
    "sample_rows",
    "save_model",
    "score_of",
    "scorecard",
    "train",
    "with_figures",
]
