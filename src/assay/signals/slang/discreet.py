"""Does a description say that the brand is kept out of sight, or ask the buyer to go elsewhere to see it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import ahocorasick_rs

from assay.signals.slang.claims import candidates
from assay.signals.slang.clauses import phrases
from assay.signals.slang.folding import folded_texts

_GAP = r"(?:[\w'-]+ ){0,4}"
# Where the pictures are sent; without these words an album or real photographs are ordinary goods and honest service.
_CHANNEL_DE = r"(?:messenger|nachricht|whatsapp|telegram|wechat|e-?mail|pn|dm|chat)"
_CHANNEL_ES = r"(?:mensajes?|mensajería|whatsapp|telegram|wechat|privado|chat)"
_DISCREET: tuple[str, ...] = (
    rf"(?:logo|brand|label|mark)s? {_GAP}(?:covered|hidden|blurred|masked|removed|concealed)(?! by (?:the )?warranty)",
    rf"(?:cannot|can'?t|can not|not allowed to|unable to|don'?t|won'?t) {_GAP}(?:show|write|name|mention|"
    rf"display) {_GAP}(?:brand|logo)",
    rf"(?:message|contact|dm|pm|write|whatsapp|wechat|telegram|ask) {_GAP}for {_GAP}(?:real|actual) (?:photos?|"
    rf"pictures?|pics?)",
    r"(?:add|contact) (?:me|us|our contact|our whatsapp|our wechat)(?: \w+){0,2} for (?:the )?(?:full |"
    r"whole )?(?:album|catalogue?)",
    r"same factory|"
    r"(?:compare|compared) (?:it )?(?:in|with|at) (?:the |a )?(?:store|boutique|counter|original)",
    "遮标|打码|不能展示品牌|懂的来|懂的都懂|私聊|加微|看相册|同厂同料|同厂|对比专柜|专柜对比|对比正品|"
    "不方便展示|实物有标|加联系方式",
    r"логотип\w* (?:\w+ ){0,2}(?:закрыт\w*|замазан\w*|скрыт\w*|спрятан\w*)|бренд\w* (?:\w+ ){0,2}не (?:пишем|"
    r"указываем|показываем)|"
    r"вы понимаете|живые фото|(?:каталог|альбом) (?:\w+ ){0,2}в (?:мессенджер\w*|телеграм\w*|ватсап\w*|вотсап\w*)|"
    r"та же фабрика|сравнить с (?:магазин\w*|оригинал\w*)",
    r"logo (?:\w+ ){0,3}(?:tapado|cubierto|oculto|borroso)|no (?:podemos|puedo) (?:poner|mostrar|nombrar) la marca|"
    rf"fotos reales (?:\w+ ){{0,4}}por {_CHANNEL_ES}|"
    rf"misma f[aá]brica|catálogo (?:\w+ )?por {_CHANNEL_ES}|compárala? en tienda",
    r"logo (?:\w+ ){0,3}(?:abgedeckt|verdeckt|unkenntlich)|(?:dürfen|können) (?:\w+ )?(?:die )?marke nicht (?:nennen|"
    r"zeigen)|"
    rf"echte fotos (?:\w+ ){{0,4}}(?:per|über|auf) (?:{_CHANNEL_DE}|anfrage)|gleiche fabrik|"
    rf"(?:(?:ganzes|gesamtes|komplettes) )?album per {_CHANNEL_DE}|im laden vergleichbar",
    r"logo (?:\w+ ){0,3}(?:caché|masqué|flouté)|ne (?:pouvons|peux) pas (?:montrer|citer|nommer) la marque|même usine",
    r"logo (?:\w+ ){0,3}(?:tapado|coberto|escondido)|não (?:podemos|posso) (?:mostrar|citar) a marca|mesma fábrica",
)
_STEMS = (
    *(
        "logo",
        "brand",
        "label",
        "real photo",
        "actual photo",
        "real pic",
        "actual pic",
        "real image",
        "album",
        "catalog",
    ),
    *(
        "same factory",
        "same material",
        "same production",
        "compare",
        "mark is",
        "marks are",
        "real p",
        "actual p",
    ),
    *("遮标", "打码", "展示", "懂的", "私聊", "加微", "相册", "同厂", "专柜", "正品", "有标", "联系方式"),
    *("логотип", "бренд", "вы понимаете", "живые фото", "каталог", "альбом", "та же фабрика", "сравнить с"),
    *(
        "marca",
        "fotos reales",
        "misma f",
        "catálogo",
        "en tienda",
        "marke",
        "echte fotos",
        "gleiche fabrik",
    ),
    *("im laden", "marque", "même usine", "mesma f"),
)
_PATTERN = re.compile(phrases(_DISCREET))


def discreet_words(texts: Sequence[str]) -> list[tuple[int, str]]:
    """Row and words of each text that keeps the brand out of sight; one entry per text that does.

    >>> discreet_words(["The logo is covered in the photo.", "Logo on the chest."])
    [(0, 'logo is covered')]
    """
    folded = folded_texts(texts)
    found = []
    for row in candidates(folded, _stems()):
        said = _PATTERN.search(folded[row])
        if said:
            found.append((row, said.group().strip()))
    return found


@lru_cache(maxsize=1)
def _stems() -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(list(_STEMS))
