"""Postal addresses: kept as written, compared by a key in which spelling habits do not count."""

from __future__ import annotations

import re
import unicodedata

from assay.market.values import text
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

MOST_CHARACTERS = 1_000  # four times the longest postal address; a longer cell is another field

ALLOWED = f"one postal address of at most {MOST_CHARACTERS:,} characters"

# words people abbreviate in addresses, each group by its first: English, German, French, Spanish, Italian, Russian
_SAME_WORDS = (
    "st street str strasse straße", "rd road", "ave avenue av avda avenida", "blvd boulevard bd", "ln lane",
    "dr drive", "ct court", "sq square", "pl place platz plaza", "hwy highway", "pkwy parkway", "bldg building",
    "fl floor", "apt apartment", "rm room", "ste suite", "unit unite", "no number nr num nº n° №", "n north",
    "s south", "e east", "w west", "ind industrial", "dist district", "prov province", "c calle", "ул улица",
    "д дом", "кв квартира", "пр проспект",
)  # fmt: skip
_SHORT = {word: group.split()[0] for group in _SAME_WORDS for word in group.split()}

# traditional forms of the characters that addresses consist of, in their simplified form
_SIMPLIFIED = str.maketrans(
    "號樓區縣鎮鄉廣東灣國龍華門蘇寧莊臺島層棟單園業廠財榮興衛車長雲貴陝遼濟慶齊鄭漢滬瀋陽馬貿場橋頭嶺鐵線軍黃豐聯條馮劉葉萬塊幢",
    "号楼区县镇乡广东湾国龙华门苏宁庄台岛层栋单园业厂财荣兴卫车长云贵陕辽济庆齐郑汉沪沈阳马贸场桥头岭铁线军黄丰联条冯刘叶万块幢",
)
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HAN = "\u4e00-\u9fff"
# administrative suffixes that people leave out: 广东省深圳市福田区 = 广东深圳福田
_SUFFIX = re.compile(rf"(?<=[{_HAN}]{{2}})(?:省|特别行政区|自治区|市|区|县)(?=[{_HAN}\d])")
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国|china|prchina)\s*")
_HAN_NUMBER = re.compile(r"[〇零一二三四五六七八九]+(?=[号楼栋层室单座弄期])")
_POSTCODE = re.compile(r"(?:邮编|邮政编码|postcode|zip)\s*:?\s*")
_FLOOR_WORDS = str.maketrans({"栋": "楼", "幢": "楼", "座": "楼"})


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """The address on one line, as written; None for a blank. A hash is text like any other. Compare by `key`.

    Raises BadValue for more than 1,000 characters, NUL and lone surrogates.

    >>> clean("12, Rue de la Paix\\n75002  Paris")
    '12, Rue de la Paix 75002 Paris'
    """
    written = text.one_line(raw)
    if written is not None and len(written) > MOST_CHARACTERS:
        raise refuse(raw, f"has {len(written):,} characters", ALLOWED)
    return written


def key(address: str) -> str:
    """The address as it is compared: case, accents, punctuation, usual abbreviations do not count.

    In Chinese, traditional characters, 省市区县 after a name, 一号 for 1号 and spaces do not count
    either. Two equal keys are a reason to look, not a proof; the key is never shown.

    >>> key("12 Main Street, Apartment 4") == key("12 MAIN ST. APT 4")
    True
    >>> key("中国广东省深圳市福田区华强北路１号") == key("广东 深圳 福田 华强北路一号")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address).casefold())
    if re.search(f"[{_HAN}]", folded):
        return _chinese(folded)
    letters = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = re.sub(r"[^\w№°]+|_", " ", letters.replace("'", "").replace(".", " ")).split()
    return " ".join(_SHORT.get(word, word) for word in words)


def _chinese(folded: str) -> str:
    simple = _POSTCODE.sub("", folded.translate(_SIMPLIFIED))
    bare = _COUNTRY.sub("", re.sub(r"[\W_]+", "", simple))
    bare = _HAN_NUMBER.sub(lambda found: found[0].translate(_CHINESE_DIGITS), bare)
    return _SUFFIX.sub("", bare).translate(_FLOOR_WORDS)


RULE = Rule(
    accepts="One postal address in any script, on one or several lines; hashes.",
    becomes=(
        "The same address on one line. Comparison ignores case, accents, punctuation, usual "
        "abbreviations and, in Chinese, 省市区县."
    ),
    refuses="More than 1,000 characters, NUL, lone surrogates.",
    examples=(Example("12, Rue de la Paix\n75002  Paris"), Example("广东省深圳市福田区华强北路1号")),
)
