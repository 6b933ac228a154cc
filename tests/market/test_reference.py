"""The reference page of the market."""

from dataclasses import fields
from pathlib import Path

from assay.market import TABLES, Kind
from assay.market.reference import page
from assay.market.values import Hints

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "market.md"


def test_the_page_is_current():
    # write it again with: python -m assay.market.reference docs/reference/market.md
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_table_column_kind_and_hint_is_on_the_page():
    text = page()
    for table in TABLES.values():
        section = text.split(f"### {table.name}\n")[1].split("\n### ")[0]
        assert all(f"| `{column.name}` | [{column.kind}](#{column.kind}) |" in section for column in table.columns)
    assert all(f"### {kind}\n" in text for kind in Kind)
    assert all(f"| `{hint.name}` |" in text for hint in fields(Hints))


def test_every_row_of_a_grid_has_as_many_cells_as_its_head():
    wanted = None
    for line in page().splitlines():
        cells = line.replace("\\|", "").count("|")
        if not line.startswith("|"):
            wanted = None
        elif wanted is None:
            wanted = cells
        else:
            assert cells == wanted, line
