"""Yes and no, in the languages marketplaces export."""

from __future__ import annotations

from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "true or false, yes or no, 1 or 0, 是 or 否"

_YES_WORDS = "true t yes y 1 1.0 on x ✓ ✔ 是 有 真 はい 예 oui ja si sí sim да evet tak vrai wahr verdadero vero"
_NO_WORDS = "false f no n 0 0.0 off ✗ ✘ 否 无 無 假 いいえ 아니요 non nein nee não нет hayır nie faux falsch falso"
_YES, _NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())


def clean(raw: object, hints: Hints = NO_HINTS) -> bool | None:
    """True or False; None for a blank. Raises BadValue for any other word or number.

    >>> clean("Yes"), clean("否"), clean(0)
    (True, False, False)
    """
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float) and raw in (0, 1):
        return bool(raw)
    if isinstance(raw, str):
        word = raw.strip().casefold()
        if not word:
            return None
        if word in _YES:
            return True
        if word in _NO:
            return False
    raise refuse(raw, "is neither yes nor no", ALLOWED)


RULE = Rule(
    accepts="true/false, yes/no, y/n, 1/0, on/off, 是/否 and the words of the main European languages, in any case.",
    becomes="A boolean.",
    refuses="Any other word or number.",
    examples=(Example("TRUE"), Example("no"), Example("是"), Example("maybe")),
)
