"""Texts made ready to be searched for words: one form of each character, small letters, nothing invisible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")


def folded_texts(texts: Sequence[str | None]) -> list[str]:
    """NFKC, casefolded, one apostrophe, no zero-width characters; null gives "". Line breaks stay, they end clauses."""
    if not texts:
        return []
    # One pass over all texts joined costs a tenth of one call per text; the separator must not occur inside one.
    joined = "\0".join(["" if text is None else text.replace("\0", " ") for text in texts])
    if not joined.isascii():
        joined = unicodedata.normalize("NFKC", _HIDDEN.sub("", joined)).replace("’", "'").replace("ʼ", "'")
    return joined.casefold().split("\0")
