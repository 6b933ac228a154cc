"""English for the Chinese and Russian words that the lexica of copies and of hidden brands hear."""

from __future__ import annotations

import re
from functools import lru_cache

# Expression -> what it means; the first that is found in the words counts, so longer ones stand first.
_GLOSSES: tuple[tuple[str, str], ...] = (
    ("不能展示品牌", "we cannot show the brand"),
    ("不方便展示", "not convenient to show"),
    ("实物有标", "the goods themselves carry the mark"),
    ("遮标", "mark covered"),
    ("打码", "blurred out"),
    ("懂的来", "come if you know"),
    ("懂的都懂", "those who know, know"),
    ("加联系方式", "add our contact"),
    ("私聊", "private chat"),
    ("加微", "add on WeChat"),
    ("看相册", "see the album"),
    ("同厂同料", "same factory, same material"),
    ("同厂", "same factory"),
    ("对比专柜|专柜对比", "compare with the boutique"),
    ("对比正品", "compare with the genuine article"),
    ("原版复刻", "reproduction of the original"),
    ("顶级复刻|顶复", "top reproduction"),
    ("高仿", "high-grade imitation"),
    ("精仿", "fine imitation"),
    ("超仿", "super imitation"),
    ("顶仿", "top imitation"),
    ("仿品", "imitation"),
    ("仿冒", "counterfeit"),
    ("超a", "super A grade, said of copies"),
    ("顶级a", "top A grade, said of copies"),
    ("a货", "A-grade copy"),
    ("原单|尾单|跟单|追单", "surplus of an original order, said of copies"),
    ("莞货", "Dongguan goods, said of copies"),
    ("纯原", "pure original grade, said of copies"),
    ("高版本", "high version, said of copies"),
    ("山寨", "knock-off"),
    ("一比一|1 ?[:比] ?1", "one to one, said of copies"),
    ("冒牌", "under a false brand"),
    ("假货", "fake goods"),
    ("复刻", "reproduction"),
    ("莆田", "Putian, a town"),
    ("专柜同款", "same style as in the boutique"),
    ("大牌同款", "same style as the big brands"),
    ("真标", "real label"),
    ("公司级", "company grade"),
    ("外贸", "export goods"),
    ("原厂", "original factory"),
    ("логотип.*закрыт", "the logo is covered"),
    ("логотип.*замазан", "the logo is painted over"),
    ("логотип.*(?:скрыт|спрятан)", "the logo is hidden"),
    ("бренд.*не пишем", "we do not write the brand"),
    ("бренд.*не указываем", "we do not state the brand"),
    ("бренд.*не показываем", "we do not show the brand"),
    ("вы понимаете", "you understand"),
    ("живые фото", "live photos"),
    ("каталог", "the catalogue in a messenger"),
    ("альбом", "the album in a messenger"),
    ("та же фабрика", "the same factory"),
    ("сравнить с магазин", "compare with the shop"),
    ("сравнить с оригинал", "compare with the original"),
    ("реплик", "replica"),
    ("люкс[ -]?копи", "luxury copy"),
    ("копи[яию]", "copy"),
    ("паль|пал[её]нк", "fake, in slang"),
    ("подделк|поддельн", "forgery"),
    ("фейк", "fake"),
    ("под оригинал", "made to look like the original"),
    ("один в один с оригиналом", "one to one with the original"),
    ("контрафакт", "counterfeit"),
    ("люкс качество", "luxury quality"),
    ("топ качество", "top quality"),
    ("фабричн", "factory quality"),
    ("качеств.*1 ?: ?1", "1:1 quality"),
    ("качеств", "AAA quality"),
    ("как оригинал", "like the original"),
    ("аналог бренда", "equivalent of the brand"),
)
_FOREIGN = re.compile("[\u0400-\u04ff\u3400-\u9fff]")


def quoted(words: str) -> str:
    """Words in quotation marks, with their meaning behind them where they are Chinese or Russian.

    >>> quoted("私聊"), quoted("логотип закрыт"), quoted("logo is covered")
    ('“私聊” (private chat)', '“логотип закрыт” (the logo is covered)', '“logo is covered”')
    """
    meaning = gloss(words)
    return f"“{words}” ({meaning})" if meaning else f"“{words}”"


def gloss(words: str) -> str | None:
    """What Chinese or Russian words of the lexica mean; None for others."""
    if not _FOREIGN.search(words):
        return None
    folded = words.casefold()
    return next((meaning for expression, meaning in _compiled() if expression.search(folded)), None)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(expression), meaning) for expression, meaning in _GLOSSES)
