"""The mappings in `examples/`: they load, and the real files they are for add up."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from assay.engine import open_snapshot
from assay.intake import intake, load_mapping

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = (
    "ebay_medical_2017/ebay_listings.csv",
    "ebay_medical_2017/mercadolibre_listings.csv",
    "flipkart_2016/products.csv",
    "vestiaire_2022/listings.csv",
)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_a_valid_mapping(path: Path) -> None:
    assert load_mapping(path).sources


@pytest.mark.skipif("ASSAY_DATA" not in os.environ, reason="ASSAY_DATA does not name the folder of evaluation data")
def test_four_real_markets_become_one_and_add_up(tmp_path: Path) -> None:
    data = Path(os.environ["ASSAY_DATA"])
    report = intake([data / name for name in FILES], EXAMPLES / "four_markets.toml", tmp_path)
    for row in report.sources:
        assert row.read == row.kept + row.rejected + row.superseded + row.merged
        assert row.notes == 0
    listings = {row.source: (row.read, row.kept) for row in report.sources if row.table == "listings"}
    assert listings == {
        "ebay": (2_703, 1_090),
        "mercadolibre": (411, 84),
        "flipkart": (20_000, 20_000),
        "vestiaire": (10_409, 10_409),
    }
    assert {reason.kind for reason in report.reasons} == {"row", "superseded"}
    table = pq.read_table(open_snapshot(tmp_path).tables["listings"])
    currencies = {row["values"]: row["counts"] for row in pc.value_counts(table["currency"]).to_pylist()}
    assert set(currencies) == {"USD", "CAD", "ARS", "INR", "EUR", None}
    assert currencies["CAD"] == 1
