"""The languages that letters are written in."""

from __future__ import annotations

from assay.casework.letters.chinese import CHINESE
from assay.casework.letters.english import ENGLISH
from assay.casework.letters.words import Words

LANGUAGES: dict[str, Words] = {each.language: each for each in (ENGLISH, CHINESE)}


def words(language: str) -> Words:
    """A language's words; KeyError for one that letters are not written in."""
    return LANGUAGES[language]
