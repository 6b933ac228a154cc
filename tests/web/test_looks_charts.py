"""Charts: inside their box, escaped, without style, and never in the way of the page."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from assay.web.charts import Share, Spread, forecast, histogram, interval_bars, price_strip, sparkline, waterfall

ANY = st.floats(allow_nan=True, allow_infinity=True)
SANE = st.floats(min_value=-200, max_value=200)
SPREAD = Spread(12_000, 15_000, 16_900, 18_900, 24_000, "EUR")


def _drawn(html: SafeString) -> ElementTree.Element:
    """The markup parsed, after the checks that hold for every chart."""
    assert isinstance(html, SafeString)
    assert "style=" not in html and "nan" not in html.lower() and "inf" not in re.sub(r"<(title|desc)>.*?<", "", html)
    root = ElementTree.fromstring(f"<div>{html}</div>")
    for shape in root.iter():
        if shape.tag in ("rect", "line", "text", "svg"):
            _inside(shape)
        for x, y in _pairs(shape.get("points", "")):
            assert 0 <= x <= 100 and 0 <= y <= 100
    return root


def _inside(shape: ElementTree.Element) -> None:
    percents = {name: float(value[:-1]) for name, value in shape.attrib.items() if value.endswith("%")}
    assert all(0 <= value <= 100 for value in percents.values()), shape.attrib
    if shape.tag == "rect":
        assert percents["x"] + percents["width"] <= 100.02
        assert float(shape.attrib["height"]) >= 0


def _pairs(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


@given(ANY, st.lists(st.tuples(st.text(alphabet="ab <&>'\"价", max_size=8), ANY), max_size=6), ANY)
def test_a_waterfall_of_any_numbers_stays_inside_and_escapes_its_words(base, steps, end) -> None:
    _drawn(waterfall(base, steps, end))


@given(st.floats(0, 100), st.lists(SANE, max_size=6))
def test_a_waterfall_has_a_row_per_step_a_start_and_an_end(base, points) -> None:
    root = _drawn(waterfall(base, [("step", value) for value in points], 50.0))
    assert len(root.findall(".//li")) == len(points) + 2


def test_a_step_up_begins_where_the_one_before_ended() -> None:
    root = _drawn(waterfall(10.0, [("price", 40.0), ("age", -20.0)], 30.0))
    bars = [(float(r.get("x")[:-1]), float(r.get("width")[:-1]), r.get("class")) for r in root.iter("rect")]
    assert bars == [(0, 10, "base"), (10, 40, "up"), (30, 20, "down"), (0, 30, "flag")]
    said = ["".join(row.itertext()).split() for row in root.iter("li")]
    assert said[1] == ["price", "+40"] and said[2] == ["age", "−20"]


def test_a_step_that_is_no_number_is_shown_as_a_dash() -> None:
    html = waterfall(10.0, [("price", math.nan)], 10.0)
    assert ">–<" in html


@given(st.integers(-5, 10**12), st.lists(st.integers(0, 10**12), min_size=5, max_size=5))
def test_a_price_strip_stays_inside(price, quantiles) -> None:
    _drawn(price_strip(price, Spread(*sorted(quantiles), "EUR"), among="offers", n=9))


def test_a_price_strip_says_every_number() -> None:
    html = price_strip(4_900, SPREAD, among="offers of the same product", n=31)
    for said in ("49.00 EUR", "120.00 EUR", "150.00 EUR", "169.00 EUR", "189.00 EUR", "240.00 EUR", "31 offers"):
        assert said in html


@given(
    st.lists(
        st.builds(Share, st.text("a<&", max_size=4), st.none() | ANY, st.none() | ANY, st.none() | ANY), max_size=5
    )
)
def test_shares_stay_inside(rows) -> None:
    _drawn(interval_bars(rows))


def test_a_share_shows_its_interval_in_words() -> None:
    html = interval_bars([Share("March", 0.024, 0.019, 0.031), Share("April", None)])
    assert "2.4 % (1.9 % – 3.1 %)" in html and "not measured" in html


@given(st.lists(st.integers(0, 10**9), max_size=30), st.dictionaries(st.text("a<&", max_size=4), ANY, max_size=4))
def test_a_histogram_stays_inside(counts, marks) -> None:
    _drawn(histogram(counts, marks, least=0, most=100))


def test_the_fullest_bin_is_the_highest_bar() -> None:
    root = _drawn(histogram([1, 8, 2], least=0, most=3))
    heights = [float(bar.get("height")) for bar in root.iter("rect")]
    assert heights.index(max(heights)) == 1 and heights[1] == pytest.approx(4 * heights[2])


@given(st.lists(ANY, max_size=8), st.lists(ANY, max_size=4), st.lists(ANY, max_size=4))
def test_a_forecast_stays_inside(history, low, high) -> None:
    _drawn(forecast(history, low, high))


@given(st.lists(st.none() | ANY, max_size=8), st.text("a<&", max_size=4))
def test_a_sparkline_stays_inside(values, words) -> None:
    _drawn(sparkline(values, words=words))


@pytest.mark.parametrize(
    "html",
    [
        waterfall(math.nan, [], 10),
        price_strip(None, SPREAD, among="offers", n=3),
        price_strip(100, None, among="offers", n=0),
        interval_bars([]),
        histogram([], least=0, most=1),
        histogram([0, 0], least=0, most=1),
        forecast([1.0], [], []),
        sparkline([]),
    ],
)
def test_nothing_to_draw_is_a_sentence(html: SafeString) -> None:
    assert re.fullmatch(r'<p class="hint">[^<]+\.</p>', html)


def test_words_are_escaped_and_safe_markup_is_kept() -> None:
    html = waterfall(0, [("<script>", 1.0), (SafeString("<b>kept</b>"), 1.0)], 2)
    assert "&lt;script&gt;" in html and "<b>kept</b>" in html
    assert "&lt;i&gt;" in histogram([1], {"<i>": 0.5}, least=0, most=1)
    assert "&lt;i&gt;" in price_strip(100, SPREAD, among="<i>", n=3)
    assert "&lt;i&gt;" in sparkline([1, 2], words="<i>")


def test_pictures_have_a_title_and_rows_do_not_need_one() -> None:
    for html in (price_strip(100, SPREAD, among="offers", n=3), histogram([1], least=0, most=1), sparkline([1, 2])):
        assert 'role="img"' in html and "<title>" in html
    for html in (waterfall(1, [], 2), interval_bars([Share("a", 0.5)])):
        assert html.count("<svg") == html.count('aria-hidden="true"')
