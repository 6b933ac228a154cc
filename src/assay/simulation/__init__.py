"""A synthetic marketplace with adversaries and known truth, at any size, seeded to the byte.

`simulate` is the one function of the room; `docs/explanation/simulation.md` says what it imitates and where it fails.
"""

from assay.simulation.market import SimulatedMarket, simulate
from assay.simulation.settings import SimulationSettings

__all__ = ["SimulatedMarket", "SimulationSettings", "simulate"]
