"""Live rating: one listing at the moment it is created, by the same signals and model as the batch."""

from assay.pipeline.live.checking import Agreement, check_live
from assay.pipeline.live.preparing import LivePreparation, prepare_live
from assay.pipeline.live.rater import LiveRater, open_live

__all__ = ["Agreement", "LivePreparation", "LiveRater", "check_live", "open_live", "prepare_live"]
