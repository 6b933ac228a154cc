"""How often the examiner is wrong, and the share of counterfeits once that is allowed for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError
from assay.measurement.intervals import Limits, clopper_pearson
from assay.measurement.samples import final_outcomes


@dataclass(frozen=True, slots=True)
class Authentication:
    """What blind controls said of the examiner: fakes found among known fakes, genuine passed among known genuine."""

    n_fakes_found: int
    n_fakes: int
    n_genuine_passed: int
    n_genuine: int

    def __post_init__(self) -> None:
        for found, known, what in (
            (self.n_fakes_found, self.n_fakes, "fakes found"),
            (self.n_genuine_passed, self.n_genuine, "genuine goods passed"),
        ):
            if not 0 <= found <= known or known < 1:
                raise CallerError(
                    f"{found} {what} of {known} controls is impossible; at least one control of each kind is needed.",
                    value=found,
                    allowed=f"0 to {known}",
                )

    @property
    def sensitivity(self) -> float:
        """Share of known fakes found counterfeit."""
        return self.n_fakes_found / self.n_fakes

    @property
    def specificity(self) -> float:
        """Share of known genuine goods found genuine."""
        return self.n_genuine_passed / self.n_genuine

    def sensitivity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Clopper-Pearson."""
        return _pair(clopper_pearson(self.n_fakes_found, self.n_fakes, confidence=confidence))

    def specificity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Clopper-Pearson."""
        return _pair(clopper_pearson(self.n_genuine_passed, self.n_genuine, confidence=confidence))

    @classmethod
    def from_controls(cls, units: pa.Table) -> Authentication | None:
        """From the rows of pot "control" (`known` = the truth, `outcome` and `second_outcome` as for any unit).

        The same rule decides controls and buys: counterfeit when both examinations say so. Controls without a result
        are left out. None where controls of either kind are missing.
        """
        if "known" not in units.column_names:
            return None
        controls = units.filter(pc.equal(units["pot"], "control"))
        positive, conclusive, _ = final_outcomes(controls)
        known = np.array(controls["known"].to_pylist(), dtype=object)
        fake, genuine = conclusive & (known == "counterfeit"), conclusive & (known == "genuine")
        if not fake.any() or not genuine.any():
            return None
        return cls(int((positive & fake).sum()), int(fake.sum()), int((~positive & genuine).sum()), int(genuine.sum()))


@dataclass(frozen=True, slots=True)
class Corrected:
    """The share once the authenticator's errors are allowed for, with its interval."""

    share: float
    low: float
    high: float
    method: str
    authentication: Authentication


def _pair(limits: Limits) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])
