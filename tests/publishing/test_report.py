"""The page: escaped, self-contained, whole without its parts."""

import re
from html.parser import HTMLParser

import pytest

from assay.publishing import Estimate, Evaluation, MetricRow, Reason, ReliabilityPoint, StepBar, report_html
from tests.publishing.pages import a_case, a_price, a_report

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


def hostile_page() -> str:
    case = a_case(
        name=HOSTILE,
        id=HOSTILE,
        reasons=(Reason(HOSTILE, HOSTILE, 3),),
        merchant_reasons=(Reason(HOSTILE, HOSTILE, None),),
        facts=((HOSTILE, HOSTILE),),
        not_checked=(HOSTILE,),
        goods=((HOSTILE, HOSTILE, 50.0),),
        price=a_price(currency=HOSTILE, among=HOSTILE),
        steps=(StepBar(HOSTILE, HOSTILE, 439, 62.2),),
    )
    rejects = ((HOSTILE, 1, HOSTILE),)
    intake = ((HOSTILE, "listings", "1", "0", "1", "0", "0"),)
    return report_html(a_report(goods=(case,), merchants=(case,), reject_reasons=rejects, intake=intake))


def test_hostile_text_stays_text() -> None:
    page = hostile_page()
    found = tags_of(page)
    assert not [tag for tag, _ in found if tag in ("script", "img", "iframe", "object", "link", "form")]
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page
    assert "\u202e" not in page
    assert "⟦U+202E⟧⟦U+200B⟧" in page


def test_the_page_loads_nothing_from_elsewhere() -> None:
    case = a_case(price=a_price())
    page = report_html(a_report(goods=(case,), histogram=(100, 10, 1), reliability=(ReliabilityPoint(50, 48, 9),)))
    loads = [v for _, a in tags_of(page) for k, v in a.items() if k in ("src", "href", "xlink:href", "action")]
    assert all(value and value.startswith("#") for value in loads)
    assert "url(" not in page.replace("url(#", "")
    assert "@import" not in page


def test_every_link_inside_the_page_leads_somewhere() -> None:
    found = tags_of(report_html(a_report()))
    ids = {attributes["id"] for _, attributes in found if "id" in attributes}
    assert {a["href"] for t, a in found if t == "a"} <= {f"#{each}" for each in ids}


def test_a_title_of_ten_thousand_characters_is_cut() -> None:
    page = report_html(a_report(goods=(a_case(name="a" * 10_000),)))
    assert "(10,000 characters)" in page
    assert len(page) < 30_000


def test_an_empty_market_says_so_instead_of_leaving_holes() -> None:
    page = report_html(a_report(is_calibrated=False))
    for words in ("No goods were rated", "No merchants were rated", "Nothing was measured", "No signal could be"):
        assert words in page


def test_a_case_without_price_or_reasons_is_whole() -> None:
    page = report_html(a_report(goods=(a_case(reasons=(), low=None, high=None),)))
    assert "<h4>Price</h4>" not in page
    assert "Nothing that is shown on its own" in page


def test_the_first_of_a_list_is_open_and_the_others_are_not() -> None:
    page = report_html(a_report(goods=(a_case(id="L1"), a_case(id="L2"))))
    opened = [a["id"] for tag, a in tags_of(page) if tag == "details" and "open" in a]
    assert opened == ["listing-L1"]


def test_a_band_is_said_in_words() -> None:
    cases = [a_case(id=str(score), score=float(score)) for score in (85, 60, 10)]
    page = report_html(a_report(goods=tuple(cases)))
    assert [words in page for words in ("red flag", "at risk", "no flag")] == [True, True, True]


def test_a_step_reads_with_points_and_score() -> None:
    page = report_html(a_report(goods=(a_case(),)))
    row = next(line for line in page.splitlines() if "age of the listing" in line)
    cells = [re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
    assert cells == ["age of the listing", "13 days", "-101", "62.2", ""]


def test_points_of_start_and_steps_add_up_to_the_points_of_the_score() -> None:
    page = report_html(a_report(goods=(a_case(),)))
    row = next(line for line in page.splitlines() if 'class="sum"' in line)
    assert "+50</td>" in row


def test_an_interval_stands_under_its_figure() -> None:
    rows = (MetricRow("ROC-AUC", (Estimate("0.912", "0.901 to 0.923"), Estimate("–"))),)
    page = report_html(a_report(evaluations=(Evaluation("Scores of goods", ("unseen", "later"), rows),)))
    assert '<td class="n">0.912<small>0.901 to 0.923</small></td><td class="n">–</td>' in page


def test_every_table_has_a_head_with_scopes_and_every_picture_a_text() -> None:
    found = tags_of(report_html(a_report(goods=(a_case(price=a_price()),))))
    heads = [a for tag, a in found if tag == "th" and a.get("aria-hidden") != "true"]
    assert heads
    assert all(a.get("scope") in ("col", "row") for a in heads)
    assert sum(tag == "figure" for tag, _ in found) == sum(tag == "figcaption" for tag, _ in found)


@pytest.mark.parametrize(("score", "text"), [(0.0, "0.0"), (0.01, "&lt; 0.1"), (99.97, "&gt; 99.9"), (62.24, "62.2")])
def test_a_score_is_never_rounded_to_certainty(score: float, text: str) -> None:
    assert f"<b>{text}</b>" in report_html(a_report(goods=(a_case(score=score),)))
