"""Fills casework with made-up people and their work on a simulated market, for the demo and for looking at pages."""

from assay.casework.demonstration.cast import Login
from assay.casework.demonstration.making import Demonstration, SimulatedFolder, make

__all__ = ["Demonstration", "Login", "SimulatedFolder", "make"]
