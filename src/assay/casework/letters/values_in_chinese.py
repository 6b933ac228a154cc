"""The values of signals in Chinese, from the words that a run recorded (`assay.pipeline.labels.value_text`)."""

from __future__ import annotations

import re

_WHOLE = {
    "yes": "是",
    "no": "否",
    "said": "明确写出",
    "hinted": "有所暗示",
    "known brands differ": "两个已知品牌不同",
    "the field's name is not known": "品牌栏中的名称未知",
    "not checked": "未检查",
    "from its goods' points": "来自其商品的分值",
}
_RATIOS = {
    "the usual price": "通常价格",
    "the category's usual price": "同类商品通常价格",
    "their price": "授权商家价格",
    "the list price": "标价",
    "the catalogue's weight": "产品目录所载重量",
    "the market's odds": "市场平均几率",
}
_UNITS = {
    "account": "个账户",
    "attribute": "项属性",
    "brand": "个品牌",
    "character": "个字符",
    "confirmed goods": "件已确认的商品",
    "confirmed listing": "件已确认的商品",
    "day": "天",
    "listing": "件商品",
    "merchant": "家商家",
    "other merchant": "家其他商家",
    "removed listing": "件已下架商品",
    "standard deviation": "个标准差",
    "star": "星",
    "unit": "件",
}
_NUMBER = r"(-?[\d.,]+(?:e[+-]?\d+)?)"
_TIMES = re.compile(rf"{_NUMBER} times(?: (.+))?")
_ODDS = re.compile(rf"odds {_NUMBER} to 1")
_ALIKE = re.compile(rf"{_NUMBER} % alike")
_COUNTED = re.compile(rf"{_NUMBER} (.+)")


def value_in_chinese(words: str) -> str:
    """A recorded value in Chinese; as it was recorded where nobody has written how to say it.

    >>> value_in_chinese("0.23 times the usual price"), value_in_chinese("1 day"), value_in_chinese("37 %")
    ('通常价格的 0.23 倍', '1 天', '37 %')
    """
    if words in _WHOLE:
        return _WHOLE[words]
    if (found := _TIMES.fullmatch(words)) and (found[2] is None or found[2] in _RATIOS):
        return f"{_RATIOS[found[2]]}的 {found[1]} 倍" if found[2] else f"{found[1]} 倍"
    if found := _ODDS.fullmatch(words):
        return f"几率 {found[1]} 比 1"
    if found := _ALIKE.fullmatch(words):
        return f"{found[1]} % 相似"
    if found := _COUNTED.fullmatch(words):
        unit = _UNITS.get(found[2]) or _UNITS.get(found[2].removesuffix("s"))
        return f"{found[1]} {unit}" if unit else words
    return words
