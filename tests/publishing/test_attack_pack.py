"""Files of a pack: formulas do not act in spreadsheets, figures are never rounded to nothing."""

import csv
import io

import pytest

from assay.publishing.attack_charts import against_null, letters
from assay.publishing.attack_content import Figure, Layer
from assay.publishing.attack_pack import csv_bytes
from assay.publishing.attack_page import chance, figure


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠", " =", "\u3000="])
def test_no_cell_of_a_text_begins_like_a_formula(start):
    (row,) = csv.DictReader(io.StringIO(csv_bytes([{"text": f"{start}1+1"}]).decode("utf-8-sig"), newline=""))
    assert row["text"] == f"'{start}1+1"


def test_numbers_below_zero_stay_numbers():
    assert csv_bytes([{"n": -3, "x": -0.5, "none": None}]).decode("utf-8-sig") == "n,x,none\r\n-3,-0.5,\r\n"


def test_a_chance_is_never_zero():
    assert [chance(v) for v in (0.0, 1e-300, 0.5, float("nan"))] == ["< 0.0001", "< 0.0001", "0.5", "–"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1234567.0, "1,234,567"), (0.0001, "< 0.001"), (2.25, "2.2"), (None, "–")]
)
def test_figures_have_the_digits_they_deserve(value, text):
    assert figure(value) == text


def test_events_beyond_z_have_names_of_their_own():
    assert len(set(letters(60))) == 60


@pytest.mark.parametrize("scale", ["symlog", "linear", "ratio"])
def test_a_layer_with_an_unknown_null_is_drawn(scale):
    test = Figure("N1", "accounts", 0.0, None, None, None, None, None)
    assert against_null(Layer("reuse", "Reuse", "?", "null", (test,), 1, scale)).startswith("<svg")
