"""Words for what a search found: every innocent explanation and every sign has its own."""

import pytest

from assay.attacks.explanations import CODES
from assay.attacks.signs import SIGN_NAMES
from assay.pipeline.attacks.shown_signs import SIGN_WORDS
from assay.pipeline.attacks.words import EXPLANATION_WORDS, explanation_label


@pytest.mark.parametrize("code", CODES)
def test_every_explanation_is_told_in_words_of_its_own(code):
    assert code in EXPLANATION_WORDS
    assert explanation_label(code) != code.replace("_", " ")


def test_no_words_are_kept_for_explanations_that_are_not_tested():
    assert set(EXPLANATION_WORDS) == set(CODES)


def test_every_sign_is_told_in_words():
    assert set(SIGN_WORDS) == set(SIGN_NAMES)
