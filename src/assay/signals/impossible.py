"""Values that no real goods can have: a small table of physical and trade limits, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_NUMBER = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*([a-zµμ%]*)")
_GIGABYTES = {"kb": 1e-6, "mb": 1e-3, "gb": 1.0, "g": 1.0, "tb": 1024.0, "t": 1024.0, "pb": 1024.0**2}
_PER_CENT = {"%": 1.0}
_MAH = {"mah": 1.0, "ah": 1000.0, "": 1.0}
_PLAIN = {"": 1.0, "eu": 1.0, "mm": 1.0}
_ANY: Mapping[str, float] = {}

_STORAGE = r"capacity|storage|memory|容量|存储|内存|память|объем|capacidad|speicher|capacité|capacidade"
_SIZE = r"(shoe |eu |eur )?size|尺码|鞋码|размер|talla|größe|groesse|pointure|tamanho"
_FOOTWEAR = (
    r"shoe|sneaker|boot|footwear|trainer|sandal|鞋|靴|обув|кросс|ботин|zapat|calzado|schuh|stiefel|chaussure|sapato"
)
_FLASH = (
    r"usb|flash|stick|pen ?drive|memory card|micro ?sd|sd card|u盘|闪存|存储卡|флеш|карт[аы] памяти|tarjeta de memoria"
)
_POWER = r"power ?bank|charger|充电宝|移动电源|повербанк|аккумулятор|batería externa"
_WEIGHT = r"(item |net |gross )?weight(_g|_kg)?|重量|вес|gewicht|poids|peso"
_PURITY = r"purity|fineness|成色|纯度|проба|pureza|feingehalt"

# Wh per gram: the best lithium-ion cells on sale hold about 0.3, laboratory cells 0.5; a power bank is not all cell.
_MOST_WH_PER_G = 0.4
_CELL_VOLT = 3.7


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value may be: attribute names and categories it is about (patterns), factors of its units, range, reason.

    `units` empty takes any unit as it stands; otherwise a value in another unit is not judged. The range is open at
    `above` and closed at `most`.
    """

    keys: str
    categories: str
    units: Mapping[str, float]
    above: float
    most: float
    reason: str
    but: tuple[float, float] = (0.0, 0.0)

    def breaks(self, number: float, unit: str) -> bool:
        """Whether the value lies outside, and not inside the second range `but` (both ends included)."""
        if self.units and unit not in self.units:
            return False
        value = number * self.units.get(unit, 1.0)
        return not self.above < value <= self.most and not self.but[0] <= value <= self.but[1] > 0.0


LIMITS: tuple[Limit, ...] = (
    Limit(_STORAGE, _FLASH, _GIGABYTES, 0, 4096, "flash drives and cards hold at most 4 TB"),
    Limit(
        _STORAGE,
        r"phone|tablet|手机|平板|смартфон|планшет|teléfono|handy",
        _GIGABYTES,
        0,
        4096,
        "phones hold at most 4 TB",
    ),
    Limit(_STORAGE, "", _GIGABYTES, 0, 256 * 1024, "the largest single drives hold about 250 TB"),
    Limit(rf"{_STORAGE}|mah", _POWER, _MAH, 0, 100_000, "power banks that can be carried hold at most 100,000 mAh"),
    Limit(rf"{_STORAGE}|mah", "18650", _MAH, 0, 5_000, "a cell of type 18650 holds at most 5,000 mAh"),
    Limit(_SIZE, _FOOTWEAR, _PLAIN, 0, 62, "shoe sizes end at 62, or 350 in millimetres (from 105)", (105, 350)),
    Limit(_WEIGHT, "", _ANY, 0, 1e9, "goods weigh more than nothing"),
    Limit(
        r"length|width|height|depth|diameter|长度|宽度|高度|длина|ширина|высота", "", _ANY, 0, 1e9, "goods have a size"
    ),
    Limit(_PURITY, "", _PER_CENT, 0, 100, "a share is at most 100 %"),
    Limit(_PURITY, "", {"": 1.0, "k": 1000 / 24, "kt": 1000 / 24}, 0, 1000, "fineness ends at 1000 parts, or 24 carat"),
    Limit(r"material|composition|材质|成分|состав|composición", "", _PER_CENT, 0, 100, "a share is at most 100 %"),
    Limit(r"alcohol|酒精|алкоголь", "", {"%": 1.0, "": 1.0}, -1, 96, "alcohol cannot be distilled beyond 96 %"),
    Limit(r"spf", "", {"": 1.0}, 0, 150, "no sun filter is rated beyond 150"),
    Limit(
        r"lumens?|brightness|光通量|люмен",
        "",
        {"lm": 1.0, "lumens": 1.0, "lumen": 1.0},
        0,
        250_000,
        "no lamp to carry gives more",
    ),
)


def impossible(attributes: Mapping[str, str], category: str) -> list[tuple[str, str, str]]:
    """(name, value, reason) of every stated value that no real goods of the category can have, each name once.

    >>> impossible({"capacity": "30000TB"}, "Computers > USB sticks")
    [('capacity', '30000TB', 'flash drives and cards hold at most 4 TB')]
    """
    found = []
    folded_category = category.casefold()
    for name, value in attributes.items():
        reason = _broken(name.casefold(), value, folded_category)
        if reason is not None:
            found.append((name, value, reason))
    return found or _too_dense(attributes, folded_category)


def _broken(name: str, value: str, category: str) -> str | None:
    limits = _limits(name, category)
    if not limits:
        return None
    for number, unit in _NUMBER.findall(value.casefold()):
        for limit in limits:
            if limit.breaks(float(number.replace(",", ".")), unit):
                return limit.reason
    return None


@lru_cache(maxsize=65_536)
def _limits(name: str, category: str) -> tuple[Limit, ...]:
    """The limits for an attribute in a category; the first of several for the same unit is the narrowest."""
    about = (limit for limit in LIMITS if re.fullmatch(limit.keys, name) or re.search(rf"\b(?:{limit.keys})\b", name))
    return tuple(limit for limit in about if re.search(limit.categories, category))


def _too_dense(attributes: Mapping[str, str], category: str) -> list[tuple[str, str, str]]:
    """A battery that would hold more energy than its weight of the best cells."""
    if not re.search(_POWER, category):
        return []
    mah = _first(attributes, r"mah|capacity|容量|емкость|capacidad", _MAH)
    grams = _first(attributes, _WEIGHT, {"g": 1.0, "kg": 1000.0, "克": 1.0, "г": 1.0})
    if mah is None or not grams or mah * _CELL_VOLT / 1000 / grams <= _MOST_WH_PER_G:
        return []
    value = f"{mah:,.0f} mAh in {grams:,.0f} g"
    return [("capacity for its weight", value, "no cell holds more than 0.4 Wh a gram")]


def _first(attributes: Mapping[str, str], keys: str, units: Mapping[str, float]) -> float | None:
    for name, value in attributes.items():
        match = _NUMBER.search(value.casefold())
        if match and re.search(keys, name.casefold()) and match[2] in units:
            return float(match[1].replace(",", ".")) * units[match[2]]
    return None
