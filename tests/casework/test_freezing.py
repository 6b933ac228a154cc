"""What a finding cannot hold is said, not cut."""

from types import SimpleNamespace

import pytest

from assay.casework.freezing import MOST_ID_CHARACTERS, freeze
from assay.market.errors import CallerError


@pytest.mark.parametrize("name", ["subject_id", "merchant_id"])
def test_an_id_longer_than_its_column_is_refused(name):
    values = {"subject_type": "listing", "subject_id": "L1", "merchant_id": "M1", "label": "calibrated on verdicts"}
    about = SimpleNamespace(**values | {name: "x" * (MOST_ID_CHARACTERS + 1)})
    run = SimpleNamespace(snapshot_id="s", about={"as_of": "2026-06-01T00:00:00Z", "model": {"listing": "m"}})
    with pytest.raises(CallerError, match="at most 200"):
        freeze(run, SimpleNamespace(explanation=about, merchant={}))
