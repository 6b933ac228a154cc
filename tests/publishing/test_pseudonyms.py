"""Pseudonyms: stable under one secret, unlinkable under another, nothing of a person left in a text."""

import pytest

from assay.publishing.pseudonyms import Pseudonyms

NAMES = Pseudonyms(b"0123456789abcdef", frozenset({"shop_owner", "x=1+1", "abc"}))


def test_the_same_account_has_the_same_pseudonym_everywhere():
    told = NAMES.account("Shop_Owner")
    assert told == NAMES.account("shop_owner")
    assert NAMES.text("@shop_owner and shop_owner") == f"@{told} and {told}"


def test_another_secret_gives_other_pseudonyms():
    assert Pseudonyms(b"another secret..").account("shop_owner") != NAMES.account("shop_owner")


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="at least 16"):
        Pseudonyms(b"short")


@pytest.mark.parametrize(
    "text",
    [
        "ask @李雷 about it",
        "问＠李雷",
        "mail li.lei@mail.example now",
        "see https://weibo.com/u/李雷 now",
        "t.cn/李雷",
        "call +86 138 0013 8000",
        "shop_owner wrote it",
    ],
)
def test_what_points_at_a_person_is_gone(text):
    masked = NAMES.text(text)
    assert not any(part in masked for part in ("李雷", "li.lei", "8000", "shop_owner"))


def test_words_that_only_contain_a_handle_and_small_numbers_stay():
    assert NAMES.text("shop_owners paid 1,299 in 2026, abc") == "shop_owners paid 1,299 in 2026, abc"


def test_figures_of_our_own_sentences_stay():
    assert NAMES.mentions("1284806 posts by @shop_owner").startswith("1284806 posts by @account-")
