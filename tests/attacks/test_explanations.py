"""Innocent explanations: each fits its own crowd, none fits a campaign, and none hears praise, blame or denial."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from assay.attacks.explanation_words import VOCABULARY, blind, is_quotation
from assay.attacks.explanations import CODES, CorpusSummary, explain, summarise
from assay.market.errors import MissingColumn
from assay.simulation.campaign_texts import Language
from assay.simulation.campaigns import CampaignSpec, plant
from assay.simulation.crowds import CrowdKind, CrowdSpec, gather
from tests.attacks.writers import nobody, writer

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLUMNS = ("url", "reply_to", "target")
DATA = Path(os.environ.get("ASSAY_DATA", "/nowhere"))


def posts(texts: Sequence[str], *, every: timedelta = HOUR, accounts: Sequence[str] = (), **columns: Any) -> pa.Table:
    """Posts of as many accounts, one after the other; a column given as one value holds it everywhere."""
    n = len(texts)
    table = {
        "account_id": list(accounts) or [f"account {row}" for row in range(n)],
        "posted_at": pa.array([START + row * every for row in range(n)], pa.timestamp("us", "UTC")),
        "text": pa.array(texts, pa.string()),
        "narrative": pa.array(columns.pop("narrative", [0] * n), pa.int64()),
    }
    for name in COLUMNS:
        value = columns.get(name)
        table[name] = pa.array(value if isinstance(value, list) else [value] * n, pa.string())
    return pa.table(table)


@cache
def ordinary() -> CorpusSummary:
    rng = np.random.default_rng(11)
    return summarise(posts(nobody(rng, 400)))


def fitting(table: pa.Table, corpus: CorpusSummary | None = None) -> set[str]:
    return {found.code for found in explain(table, corpus or ordinary()) if found.result == "fits"}


def angry(n: int) -> list[str]:
    """Complaints about one failure, each in words and with details of its own."""
    rng = np.random.default_rng(12)
    return [f"@airline flight {rng.integers(100, 999)} cancelled: {text}" for text in unlike(rng, n)]


def unlike(rng: np.random.Generator, n: int) -> list[str]:
    """Texts of made-up words, as unlike each other as strangers' details are."""
    letters = np.array(list("abcdefghiklmnoprstuvwy"))
    return [" ".join("".join(rng.choice(letters, 6)) for _ in range(8)) for _ in range(n)]


FANS = [f"#LinYuan birthday# day {day}: voted for her again, {word}" for day, word in enumerate(("a", "b", "c", "d"))]
CROWDS: dict[str, pa.Table] = {
    "fan_drive": posts(FANS * 4),
    "prize_draw": posts(["转发并关注抽奖送出三台手机 @小王 @小李 @小张", "有奖竞猜，周五开奖 @阿明 @阿强"] * 10),
    "petition": posts(
        ["请签名支持保留老图书馆 http://p.example/1", "Please sign the petition: http://p.example/1"] * 10
    ),
    "press_agency": posts(["新华社北京三月一日电 新桥今日通车", "(Reuters) The new bridge opens today"] * 10),
    "bot": posts(["I am a bot: water level 3.2 m", "自动播报：水位三点二米"] * 10),
    "share_button": posts([f"推荐@某某{row} 的帖子《标题{row}》，大家也来看看吧～" for row in range(20)]),
    "shared_failure": posts(angry(60), target="airline"),
    "quotation": posts(["“菩提本无树，明镜亦非台，本来无一物，何处惹尘埃”"] * 20),
    "one_thread": posts(writer(np.random.default_rng(13), 20), reply_to="the post"),
    "greeting": posts(["生日快乐！", "Happy birthday to you", "一路走好[蜡烛]", "Good morning"] * 5),
}


@pytest.mark.parametrize("code", CODES)
def test_every_explanation_fits_its_own_crowd(code: str) -> None:
    assert code in fitting(CROWDS[code])


@pytest.mark.parametrize("code", CODES)
def test_no_explanation_fits_ordinary_posts(code: str) -> None:
    assert code not in fitting(posts(nobody(np.random.default_rng(14), 80)))


def negations() -> dict[str, Any]:
    return {
        "English not": lambda text: re.sub(r"\b(is|are|sign|voted|opens|am)\b", r"\1 not", text),
        "English never": lambda text: "never " + text,
        "English clause": lambda text: "It is not true that " + text,
        "Chinese not": lambda text: re.sub("(签名|支持|转发|通车|走好|快乐)", r"不\1", text),
        "Chinese clause": lambda text: "没有" + text,
    }


@pytest.mark.parametrize("how", negations())
@pytest.mark.parametrize("code", CODES)
def test_negating_every_sentence_changes_no_result_and_no_figure(code: str, how: str) -> None:
    table, corpus = CROWDS[code], ordinary()
    denied = [negations()[how](text) for text in table["text"].to_pylist()]
    assert denied != table["text"].to_pylist() or "not" in how
    turned = table.set_column(table.column_names.index("text"), "text", pa.array(denied))
    assert explain(turned, corpus) == explain(table, corpus)


def test_no_listed_word_denies() -> None:
    for words in VOCABULARY.values():
        assert not re.search(r"[不没別别無无未非勿莫]|\b(?:not|no|never)\b", words.pattern)


def test_praise_and_blame_are_the_same_to_every_rule() -> None:
    praised = posts([f"The flight was wonderful, row {row}, what a great and lovely crew" for row in range(30)])
    blamed = posts([f"The flight was terrible!, row {row}, what a awful and nasty crew" for row in range(30)])
    results = [[found.result for found in explain(table, ordinary())] for table in (praised, blamed)]
    assert results[0] == results[1]


def test_words_that_everybody_uses_explain_nobody() -> None:
    greetings = ["good morning"] * 60 + nobody(np.random.default_rng(15), 40)
    assert "greeting" not in fitting(posts(greetings), summarise(posts(greetings)))


def test_a_shared_link_alone_is_no_press_agency() -> None:
    smear = posts(writer(np.random.default_rng(16), 40), url="http://smear.example/article")
    assert "press_agency" not in fitting(smear)


def test_many_headlines_taken_over_within_minutes_are_a_feed() -> None:
    n = 25
    headlines = [f"Headline {word}" for word in nobody(np.random.default_rng(17), n)]
    at = [START + row * timedelta(days=1) + timedelta(minutes=minute) for row in range(n) for minute in (0, 3, 5)]
    table = posts(
        [text for text in headlines for _ in range(3)],
        accounts=["feed 1", "feed 2", "feed 3"] * n,
        narrative=[row for row in range(n) for _ in range(3)],
        url=[f"http://news.example/{row}" for row in range(n) for _ in range(3)],
    ).set_column(1, "posted_at", pa.array(at, pa.timestamp("us", "UTC")))
    assert "press_agency" in fitting(table)


def test_a_frame_with_changing_titles_is_a_button_and_edited_copies_are_not() -> None:
    rng = np.random.default_rng(18)
    titles = unlike(rng, 30)
    assert "share_button" in fitting(posts([f"Seen at MyReader: {title} (open in the app)" for title in titles]))
    one = titles[0]
    edited = [f"Seen at MyReader: {one[:row]}x{one[row + 1 :]} (open in the app)" for row in range(30)]
    assert "share_button" not in fitting(posts(edited))


def test_copies_are_no_independent_customers() -> None:
    one = angry(1)[0]
    assert "shared_failure" not in fitting(posts([f"{one} {word}" for word in "abcdefghij"] * 3, target="airline"))


def test_complaints_without_a_target_column_are_not_checked() -> None:
    table = posts([text.replace("@airline", "") for text in angry(40)])
    (found,) = [found for found in explain(table, ordinary()) if found.code == "shared_failure"]
    assert found.result == "not checked" and "Needs posts.target" in found.figure


def test_a_saying_passed_on_for_months_by_strangers_is_a_quotation_and_a_slow_campaign_is_not() -> None:
    sayings = ["the early bird catches the worm in spring", "a stitch in time saves nine they tell us"]
    texts, months = [sayings[row % 2] for row in range(60)], timedelta(days=4)
    narrative = [row % 2 for row in range(60)]
    strangers = posts(texts, every=months, narrative=narrative)
    same_people = posts(texts, every=months, narrative=narrative, accounts=[f"a{row // 2 % 15}" for row in range(60)])
    assert "quotation" in fitting(strangers)
    assert "quotation" not in fitting(same_people)
    assert "quotation" not in fitting(posts(texts, narrative=narrative))


def test_without_replies_the_thread_is_not_checked() -> None:
    (found,) = [found for found in explain(posts(["a text", "b text"]), ordinary()) if found.code == "one_thread"]
    assert (found.result, "needs posts.reply_to" in found.figure) == ("not checked", True)


def test_every_code_is_answered_once_and_in_order_even_without_posts() -> None:
    assert tuple(found.code for found in explain(CROWDS["petition"], ordinary())) == CODES
    nothing = explain(posts([]), summarise(posts([])))
    assert [found.code for found in nothing] == list(CODES)
    assert {found.result for found in nothing} == {"not checked"}


def test_figures_are_one_sentence_with_both_values_and_accuse_nobody() -> None:
    for table in CROWDS.values():
        for found in explain(table, ordinary()):
            assert re.search(r"\d|No post|too short", found.figure) and found.figure.endswith((".", "target."))
            assert not re.search(r"fake|lie|hostile|attack|innocent", found.figure)


def test_null_texts_and_missing_columns_are_borne() -> None:
    table = posts(["sign the petition", "x"]).set_column(2, "text", pa.array(["sign the petition", None], pa.string()))
    assert len(explain(table.select(["account_id", "posted_at", "text"]), ordinary())) == len(CODES)
    with pytest.raises(MissingColumn, match="no column text"):
        explain(table.select(["account_id", "posted_at"]), ordinary())


def test_reading_takes_out_negators_only() -> None:
    assert blind("It isn't true that we don’t SIGN") == blind("It is true that we do SIGN") == "we do sign"
    assert blind("我们没有签名") == "我们签名"


def test_names_in_a_forwarded_part_call_nobody() -> None:
    forwarded = [f"{text} //@one: and so //@two: on" for text in nobody(np.random.default_rng(22), 30)]
    assert "prize_draw" not in fitting(posts(forwarded, reply_to="the post"))


def test_a_few_words_in_marks_are_no_quotation() -> None:
    assert not is_quotation('they call it "good service and care" here at the airport in the morning')
    assert is_quotation("行到水穷处，坐看云起时——王维")


def background() -> pa.Table:
    rng = np.random.default_rng(19)
    at = [START + timedelta(hours=float(hour)) for hour in rng.uniform(0, 24 * 200, 1_000)]
    ids = [f"p{row}" for row in range(1_000)]
    accounts = [f"b{row}" for row in range(1_000)]
    columns = {"post_id": ids, "account_id": accounts, "posted_at": pa.array(at, pa.timestamp("us", "UTC"))}
    return pa.table({**columns, "text": nobody(rng, 1_000)})


@pytest.mark.parametrize(("language", "edit_rate"), [("zh", 0.0), ("zh", 0.3), ("en", 0.2)])
def test_no_explanation_fits_a_planted_campaign(language: Language, edit_rate: float) -> None:
    spec = CampaignSpec(n_accounts=15, edit_rate=edit_rate, language=language)
    planted = plant(background(), spec, np.random.default_rng(20))
    assert fitting(told(planted.posts, planted.truth)) == set()


def told(table: pa.Table, truth: pa.Table) -> pa.Table:
    """The planted posts that tell a narrative, with its number."""
    own = truth.filter(pc.invert(truth["is_camouflage"])).select(["post_id", "narrative"])
    return own.join(table, "post_id", join_type="inner").combine_chunks()


CROWDS_MADE: list[tuple[CrowdKind, str]] = [
    ("fan_drive", "fan_drive"),
    ("prize_draw", "prize_draw"),
    ("petition", "petition"),
    ("share_button", "share_button"),
    ("press_feed", "press_agency"),
]


@pytest.mark.parametrize(("kind", "code"), CROWDS_MADE)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_made_crowds_are_explained(kind: CrowdKind, code: str, language: Language) -> None:
    made = gather(background(), CrowdSpec(kind, 30, language), np.random.default_rng(21))
    assert code in fitting(told(made.posts, made.truth))


@pytest.mark.skipif(not (DATA / "airline_tweets_2015").is_dir(), reason="needs ASSAY_DATA with airline_tweets_2015")
def test_honest_anger_at_an_airline_is_a_shared_failure() -> None:
    raw = pacsv.read_csv(
        DATA / "airline_tweets_2015" / "tweets.csv", parse_options=pacsv.ParseOptions(newlines_in_values=True)
    )
    at = pc.strptime(raw["tweet_created"].cast(pa.string()), "%d-%m-%Y %H.%M", "us")
    table = raw.append_column("posted_at", at).rename_columns({"airline": "target"})
    table = table.select(["account_id", "posted_at", "text", "target"]).combine_chunks()
    corpus = summarise(table)
    for airline in ("United", "Virgin America"):
        found = fitting(table.filter(pc.equal(table["target"], airline)), corpus)
        assert found == {"shared_failure"}


@pytest.mark.skipif(not (DATA / "weibo_reposts").is_dir(), reason="needs ASSAY_DATA with weibo_reposts")
def test_few_ordinary_posts_use_the_words_of_any_explanation() -> None:
    table = pq.read_table(DATA / "weibo_reposts" / "posts.parquet", columns=["text"]).slice(0, 60_000)
    assert max(summarise(table).rates.values()) < 0.1
