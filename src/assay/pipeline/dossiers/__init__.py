"""Everything a run and its market know about the subjects that somebody should look at, in batches of bounded size."""

from assay.pipeline.dossiers.dossier import Dossier, PictureUse, PricePlace, Span
from assay.pipeline.dossiers.opening import Dossiers, open_dossiers
from assay.pipeline.dossiers.selecting import HARM_DAYS, Wanted, expected_harm

__all__ = [
    "HARM_DAYS",
    "Dossier",
    "Dossiers",
    "PictureUse",
    "PricePlace",
    "Span",
    "Wanted",
    "expected_harm",
    "open_dossiers",
]
