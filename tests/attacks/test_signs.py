"""Signs of accounts: what is counted, what is null, and what others have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.attacks.signs import (
    BESIDE_SCHEMA,
    SIGNS_SCHEMA,
    USUAL_SCHEMA,
    account_signs,
    beside_usual,
    usual_signs,
)
from assay.market.errors import MissingColumn

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def posts(*rows: tuple[str, timedelta], **columns: list[Any]) -> pa.Table:
    at = pa.array([START + after for _, after in rows], pa.timestamp("us", "UTC"))
    account = pa.array([account for account, _ in rows], pa.string())
    return pa.table({"account_id": account, "posted_at": at, **columns})


def of(signs: pa.Table, account: str) -> dict[str, Any]:
    (row,) = [row for row in signs.to_pylist() if row["account_id"] == account]
    return dict(row)


def grouped(*accounts: str) -> pa.Table:
    return pa.table({"account_id": list(accounts), "group": pa.array([4] * len(accounts), pa.int64())})


def test_activity_is_counted_by_day_and_hour() -> None:
    found = of(account_signs(posts(("a", 0 * DAY), ("a", 2 * HOUR), ("a", 3 * DAY), ("b", DAY))), "a")
    assert (found["n_posts"], found["n_active_days"], found["n_hours"]) == (3, 2, 2)
    assert found["posts_per_active_day"] == 1.5
    assert found["longest_silence_days"] == pytest.approx(3 - 2 / 24)
    # Posts at 8 and 10: from 11 to 7 nobody wrote.
    assert found["quiet_hours"] == 21


def test_one_post_has_no_silence_and_unknown_things_are_null() -> None:
    found = of(account_signs(posts(("a", DAY))), "a")
    assert found["longest_silence_days"] is None
    for name in ("age_days", "group", "woke_at", "woke_with", "copied_rate", "language_change", "subject_change"):
        assert found[name] is None


def test_age_runs_from_registration_to_the_first_post() -> None:
    accounts = pa.table(
        {
            "account_id": ["a", "x", "b"],
            "registered_at": pa.array([START - 10 * DAY, START, None], pa.timestamp("us", "UTC")),
        }
    )
    signs = account_signs(posts(("a", 2 * DAY), ("a", 5 * DAY), ("b", DAY)), accounts=accounts)
    assert of(signs, "a")["age_days"] == 12.0
    assert of(signs, "b")["age_days"] is None


def test_accounts_that_wake_within_a_day_are_counted_in_their_group_only() -> None:
    table = posts(
        *[("a", 0 * DAY), ("a", 100 * DAY), ("b", 3 * DAY), ("b", 100 * DAY + 5 * HOUR), ("c", DAY), ("c", 110 * DAY)],
        *[("d", DAY), ("d", 100 * DAY), ("e", 100 * DAY)],
    )
    signs = account_signs(table, groups=grouped("a", "b", "c", "e"))
    assert [of(signs, one)["woke_with"] for one in "abcde"] == [1, 1, 0, None, None]
    assert of(signs, "a")["woke_at"] == START + 100 * DAY
    assert of(signs, "d")["woke_at"] == START + 100 * DAY and of(signs, "d")["group"] is None


def test_an_account_in_two_groups_has_a_row_in_each() -> None:
    groups = pa.table({"account_id": ["a", "a", "nobody"], "group": pa.array([1, 2, 1], pa.int64())})
    signs = account_signs(posts(("a", DAY), ("b", DAY)), groups=groups)
    assert [(row["account_id"], row["group"]) for row in signs.to_pylist()] == [("a", 1), ("a", 2), ("b", None)]


def test_the_share_of_copied_posts() -> None:
    table = posts(("a", DAY), ("a", 2 * DAY), ("b", DAY), is_copy=[True, None, False])
    assert [row["copied_rate"] for row in account_signs(table).to_pylist()] == [0.5, 0.0]


def test_a_sudden_change_of_language_and_subject_shows() -> None:
    before = [f"Grew tomatoes and beans in the allotment, row {row}" for row in "abcdef"]
    after = [f"这家公司的服务真的需要好好改进一下{row}" for row in "一二三四五六"]
    times = [row * DAY for row in range(6)] + [(60 + row) * DAY for row in range(6)]
    rows = [(account, time) for account in ("sold", "kept") for time in times]
    signs = account_signs(posts(*rows, text=before + after + before + before))
    assert of(signs, "sold")["language_change"] == pytest.approx(1.0)
    assert of(signs, "sold")["subject_change"] == pytest.approx(1.0)
    assert of(signs, "kept")["language_change"] == pytest.approx(0.0)
    assert of(signs, "kept")["subject_change"] == pytest.approx(0.0, abs=1e-9)


def test_no_break_or_few_posts_say_nothing_about_change() -> None:
    rows = [("busy", row * DAY) for row in range(20)] + [("few", row * 30 * DAY) for row in range(4)]
    signs = account_signs(posts(*rows, text=["some words of nobody"] * 24))
    assert of(signs, "busy")["subject_change"] is None and of(signs, "few")["subject_change"] is None


def test_no_posts_give_an_empty_table() -> None:
    signs = account_signs(posts(), groups=grouped("a"))
    assert signs.num_rows == 0 and signs.schema == SIGNS_SCHEMA


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5_000)), min_size=1, max_size=40), st.randoms())
def test_the_order_of_rows_does_not_matter_and_bounds_hold(rows: list[tuple[str, int]], chance: Any) -> None:
    given_rows = [(account, hour * HOUR) for account, hour in rows]
    signs = account_signs(posts(*given_rows), groups=grouped("a", "b"))
    chance.shuffle(given_rows)
    assert account_signs(posts(*given_rows), groups=grouped("a", "b")).equals(signs)
    for row in signs.to_pylist():
        assert 1 <= row["n_active_days"] <= row["n_posts"] and 1 <= row["n_hours"] <= 24
        assert row["quiet_hours"] <= 24 - row["n_hours"]
        assert row["woke_with"] is None or 0 <= row["woke_with"] <= 1


def test_what_is_usual_comes_from_accounts_outside_groups_with_as_many_posts() -> None:
    rng = np.random.default_rng(1)
    rows = [(f"account {n}", (n + gap) * DAY) for n in range(30) for gap in (0, 10 + float(rng.random()))]
    rows += [("late", 0 * DAY), ("late", 400 * DAY), ("busy", 0 * DAY), ("busy", DAY), ("busy", 2 * DAY)]
    signs = account_signs(posts(*rows), groups=grouped("late", "busy"))
    usual = usual_signs(signs)
    assert usual.schema == USUAL_SCHEMA
    (silence,) = [r for r in usual.to_pylist() if (r["sign"], r["least_posts"]) == ("longest_silence_days", 2)]
    assert silence["n_accounts"] == 30 and 10 <= silence["low"] <= silence["middle"] <= silence["high"] <= 11
    beside = beside_usual(signs, usual)
    assert beside.schema == BESIDE_SCHEMA
    told = {(r["account_id"], r["sign"]): r for r in beside.to_pylist()}
    assert told["late", "longest_silence_days"]["is_unusual"] is True
    # Nobody else has three posts, so nothing can be said about what is usual.
    assert told["busy", "longest_silence_days"]["is_unusual"] is None


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumn, match="no column posted_at"):
        account_signs(pa.table({"account_id": ["a"]}))
