"""The prevalence page: claims only what was found, hides small cells, loads nothing, escapes everything."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assay.market.errors import OutsideError
from assay.publishing import prevalence_charts as charts
from assay.publishing import prevalence_words as words
from assay.publishing.prevalence_content import Cell, Direction, Domain, Drift, Frame, Interval, NotClaimable
from assay.publishing.prevalence_page import prevalence_html, write_prevalence_page
from tests.publishing.prevalence_pages import a_calibration, a_change, a_headline, a_page, a_period

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202e\u200b"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.tags


def text_of(page: str) -> str:
    """What a reader sees, without style and tags, on one line."""
    seen = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<.*?>", "", seen)).replace("&lt;", "<").replace("&#39;", "'")


def test_hostile_text_stays_text() -> None:
    page = prevalence_html(
        a_page(
            title=HOSTILE,
            period=HOSTILE,
            frame=Frame(10, 1, HOSTILE, HOSTILE, HOSTILE, ((HOSTILE, 1),)),
            periods=(a_period(HOSTILE, 0.01),),
            changes=(a_change(before=HOSTILE, after=HOSTILE),),
            domains=(Domain(HOSTILE, (Cell(HOSTILE, None), Cell(HOSTILE, Interval(0.1, 0.0, 0.2), 12))),),
            outcomes=((HOSTILE, 1),),
            calibration=a_calibration(action=HOSTILE),
            not_claimable=(NotClaimable(HOSTILE, 0.1, 10),),
            looks=HOSTILE,
            notes=(HOSTILE,),
            versions=((HOSTILE, HOSTILE),),
        )
    )
    found = tags_of(page)
    assert not [tag for tag, _ in found if tag in ("script", "img", "iframe", "object", "link", "form")]
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page
    assert "\u202e" not in page


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = prevalence_html(a_page())
    loads = [v for _, a in tags_of(page) for k, v in a.items() if k in ("src", "href", "xlink:href", "action")]
    assert all(value and value.startswith("#") for value in loads)
    assert "url(" not in page.replace("url(#", "")
    assert "@import" not in page


def test_every_link_inside_the_page_leads_somewhere() -> None:
    found = tags_of(prevalence_html(a_page()))
    ids = {attributes["id"] for _, attributes in found if "id" in attributes}
    assert {a["href"] for t, a in found if t == "a"} <= {f"#{each}" for each in ids}


def test_every_table_has_scopes_and_every_picture_a_text() -> None:
    found = tags_of(prevalence_html(a_page()))
    heads = [a for tag, a in found if tag == "th" and a.get("aria-hidden") != "true"]
    assert heads and all(a.get("scope") in ("col", "row") for a in heads)
    assert sum(tag == "figure" for tag, _ in found) == sum(tag == "figcaption" for tag, _ in found)


def test_takedowns_never_stand_without_the_sentence_that_they_measure_nothing() -> None:
    page = prevalence_html(a_page())
    section = page[page.index('id="periods"') : page.index('id="not"')]
    assert "41,210" in section and words.TAKEDOWN_SENTENCE in section
    assert "30,907" not in page.replace(section, "")


def test_takedowns_are_never_drawn() -> None:
    with_them = (a_period("Q1", 0.01, n_takedowns=9), a_period("Q2", 0.01, n_takedowns=3))
    without = tuple(replace(p, n_takedowns=None) for p in with_them)
    for estimand in ("listings", "orders", "value"):
        assert charts.by_period(with_them, estimand) == charts.by_period(without, estimand)


def test_no_line_joins_two_periods() -> None:
    svg = charts.by_period((a_period("Q1", 0.02), a_period("Q2", 0.01)), "listings")
    assert "mark-rect" in svg and "mark-line" not in svg and "mark-area" not in svg


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.5])
def test_a_change_without_a_claim_names_no_direction_and_no_ratio(ratio: float) -> None:
    said = words.change_sentence(a_change(ratio=ratio, power=None))
    assert said == (
        "Whether the share of listings that are counterfeit changed between 2026 Q1 and 2026 Q2 "
        "cannot be said from these buys."
    )


def test_a_claimed_change_names_direction_ratio_and_interval() -> None:
    said = words.change_sentence(a_change(verdict=Direction.ROSE, ratio=1.53, low=1.12, high=2.1, power=None))
    assert said == (
        "The share of listings that are counterfeit rose between 2026 Q1 and 2026 Q2: 1.5 times the earlier one "
        "(95 % interval 1.1 to 2.1)."
    )


def test_a_refused_claim_says_how_many_buys_it_takes() -> None:
    said = text_of(prevalence_html(a_page()))
    assert "would show it 28 % of the time. It would take about 8,200 buys a period." in said


def test_no_counterfeit_found_is_not_called_none() -> None:
    zero = a_headline(figure=Interval(0.0, 0.0, 0.0018), corrected=None, n_positive=0)
    said = text_of(prevalence_html(a_page(headlines=(zero,))))
    assert (
        "None of the 2,000 buys was counterfeit. That is not proof of none: with 95 % confidence at most 18 of" in said
    )
    assert "at most 0.18 %" in said


def test_small_cells_are_shown_as_suppressed() -> None:
    page = prevalence_html(a_page(domains=(Domain("brand", (Cell("Norvane", None, None),)),)))
    row = next(line for line in page.splitlines() if "Norvane" in line)
    assert "not shown: too few buys" in row and "%" not in row


def test_a_drifted_score_is_said_and_marked() -> None:
    page = prevalence_html(a_page(calibration=a_calibration(drift=Drift.DRIFTED, p_value=0.0002)))
    assert "The score has drifted." in page and "p = &lt; 0.001" not in page and "p &lt; 0.001" in page


def test_what_lies_outside_the_frame_is_on_every_page() -> None:
    for page in (a_page(), a_page(periods=(), domains=(), strata=(), calibration=None, verification=None)):
        said = text_of(prevalence_html(page))
        assert "private groups and hidden listings, live-stream sales, and sales agreed by message" in said


def test_a_page_without_its_parts_says_so_instead_of_leaving_holes() -> None:
    bare = a_page(
        headlines=(), periods=(), changes=(), strata=(), calibration=None, domains=(), outcomes=(), authenticator=None,
        not_claimable=(), verification=None,
    )  # fmt: skip
    said = text_of(prevalence_html(bare))
    for sentence in (
        "No figure yet",
        "This is the first period",
        "The score was not compared",
        "No property of the goods was given",
        "No controls were examined",
        "cannot be checked from outside",
    ):
        assert sentence in said


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.123, "12 %"), (0.0103, "1.0 %"), (0.0081, "0.81 %"), (0.00042, "0.042 %"), (0.9991, "> 99 %")],
)
def test_a_share_has_the_digits_it_deserves(share: float, written: str) -> None:
    assert words.share_text(share) == written


@pytest.mark.parametrize(
    ("interval", "written"),
    [((0.0066, 0.0061, 0.17), "0.61 to 17 %"), ((0.03, 0.021, 0.049), "2.1 to 4.9 %"), ((0, 0, 0.46), "0 to 46 %")],
)
def test_rounding_never_lifts_the_lower_end_above_the_share(interval, written) -> None:
    assert words.interval_text(Interval(*interval)) == written


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_prevalence_page(a_page(), tmp_path / "page.html")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(OutsideError, match="cannot write the page"):
        write_prevalence_page(a_page(), tmp_path / "nowhere" / "page.html")
