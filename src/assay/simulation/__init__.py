"""A synthetic marketplace with adversaries and known truth, and posts with planted campaigns, seeded to the byte.

`simulate` writes a market; `plant` and `gather` put a campaign or an innocent crowd among posts; `scaled_posts` makes
a corpus of any size. `docs/explanation/simulation.md` says what they imitate and where they fail.
"""

from assay.simulation.campaigns import CampaignSpec, plant, small_campaign
from assay.simulation.chatter import ScaledPosts, scaled_posts
from assay.simulation.crowds import CrowdSpec, gather
from assay.simulation.market import SimulatedMarket, simulate
from assay.simulation.planting import Planted
from assay.simulation.settings import SimulationSettings

__all__ = [
    "CampaignSpec",
    "CrowdSpec",
    "Planted",
    "ScaledPosts",
    "SimulatedMarket",
    "SimulationSettings",
    "gather",
    "plant",
    "scaled_posts",
    "simulate",
    "small_campaign",
]
