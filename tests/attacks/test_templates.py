"""Share buttons and stock texts are learned; campaigns, also slow ones, are not taken for them."""

import numpy as np
import pyarrow as pa

from assay.attacks.templates import Told, template_reasons
from assay.likeness import fold
from assay.simulation.campaign_texts import base_texts, edited

_DAY = 86_400


def told(texts: list[str], at_s, account=None) -> Told:
    """One narrative; post i is text i."""
    folded = fold(pa.array(texts))
    n = len(texts)
    centre = np.arange(n) == 0
    accounts = np.arange(n) if account is None else np.array(account)
    return Told(folded, np.zeros(n, np.int64), centre, np.arange(n), accounts, np.asarray(at_s))


def test_a_frame_with_a_changing_middle_is_a_template() -> None:
    songs = base_texts("en", (), (1, 40, 1), np.random.default_rng(1))[0]
    texts = [f"I am listening to {song[0][:25]} on this player, come and listen" for song in songs]
    found = template_reasons(told(texts, np.arange(40) * 3_600))
    assert list(found) == [0]
    assert "same frame" in found[0]


def test_edited_copies_are_no_template() -> None:
    rng = np.random.default_rng(2)
    for edit_rate in (0.05, 0.1, 0.2, 0.3):
        texts = edited([base_texts("zh", (), (1, 1, 1), rng)[0][0][0]] * 60, edit_rate, "zh", rng)
        assert template_reasons(told(texts, rng.integers(0, 200 * _DAY, 60))) == {}


def stock(n: int, days: int) -> Told:
    folded = fold(pa.array(["a stock text that a button writes for everybody"]))
    at_s = np.linspace(0, days * _DAY, n).astype(np.int64)
    return Told(folded, np.zeros(1, np.int64), np.ones(1, bool), np.zeros(n, np.int64), np.arange(n), at_s)


def test_the_same_words_at_a_steady_rate_for_months_are_a_template() -> None:
    found = template_reasons(stock(60, 200))
    assert "word for word" in found[0]


def test_the_same_words_within_a_month_are_no_template() -> None:
    assert template_reasons(stock(60, 30)) == {}


def test_a_few_accounts_are_judged_as_people() -> None:
    assert template_reasons(stock(10, 200)) == {}


def test_no_texts_have_no_templates() -> None:
    nothing = np.empty(0, np.int64)
    empty = Told(fold(pa.array([], pa.string())), nothing, np.empty(0, bool), nothing, nothing, nothing)
    assert template_reasons(empty) == {}
