"""From signals to a calibrated 0 to 100 for listings and merchants, with every point explained."""

from assay.rating.explanation import Step, Waterfall, explain_row
from assay.rating.model import CalibrationTable, Model, Term, TermTable, score_of
from assay.rating.model_file import DamagedModel, load_model, model_hash, save_model
from assay.rating.scorecard import scorecard
from assay.rating.scoring import LISTING_KEYS, MERCHANT_KEYS, Scorer

__all__ = [
    "LISTING_KEYS",
    "MERCHANT_KEYS",
    "CalibrationTable",
    "DamagedModel",
    "Model",
    "Scorer",
    "Step",
    "Term",
    "TermTable",
    "Waterfall",
    "explain_row",
    "load_model",
    "model_hash",
    "save_model",
    "score_of",
    "scorecard",
]
