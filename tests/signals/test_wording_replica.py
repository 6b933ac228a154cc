import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.signals.slang import HINTED, SAID, replica_slang

SAID_OUTRIGHT = {
    "en": [
        "Replica watch",
        "Norvane bag AAA quality",
        "mirror quality Velkora bag",
        "1:1 quality sneakers",
        "first copy watch",
    ],
    "zh": ["高仿 诺凡 包", "诺凡 A货", "外贸原单尾单", "诺凡 精仿 复刻", "超A 诺凡手表", "1:1复刻 诺凡"],
    "ru": ["Сумка реплика", "Часы люкс копия", "паль кроссовки", "точная копия Norvane", "подделка Norvane"],
    "es": ["réplica reloj Norvane", "bolso copia AAA", "calidad espejo"],
    "de": ["Replik Uhr Norvane", "Norvane Imitat"],
    "pt": ["bolsa réplica", "tênis primeira linha"],
    "fr": ["contrefaçon sac"],
}
DENIED = {
    "en": [
        "not a replica",
        "no fakes",
        "100% authentic no copies",
        "Norvane bag, never replica",
        "we don't sell fakes",
    ],
    "zh": ["非高仿", "拒绝高仿", "不是A货", "绝非高仿", "假一赔十"],
    "ru": ["не реплика", "без подделок", "не копия 1:1"],
    "es": ["no es réplica", "sin imitaciones"],
    "de": ["kein Imitat", "keine Fälschung"],
    "pt": ["não é réplica"],
    "fr": ["pas de contrefaçon"],
}
ORDINARY = [
    *("Replica football helmet display", "copy paper A4", "AAA batteries 4 pack", "1:1 scale model car", "1:14 RC car"),
    *(
        "rear view mirror",
        "mirror finish pan",
        "копия чека",
        "高仿真花",
        "AA/AAA charger",
        "fake plants for home",
        "clone wars toy",
    ),
    *(
        "imitation jewellery set",
        "counterfeit money detector",
        "масштабная копия танка",
        "1:1比例模型",
        "防伪标签",
        "Copper pot",
    ),
    *(
        "faux fur coat",
        "Maison Margiela Replica Jazz Club",
        "Kunstleder Tasche",
        "réplique airsoft",
        "hard copy folder",
    ),
]


def _cases(table):
    return [pytest.param(text, id=f"{language}-{text}") for language, texts in table.items() for text in texts]


@pytest.mark.parametrize("text", _cases(SAID_OUTRIGHT))
def test_slang_is_heard(text):
    assert [found.value for found in replica_slang([text])] == [SAID]


@pytest.mark.parametrize("text", _cases(DENIED))
def test_denial_is_not_slang(text):
    assert replica_slang([text]) == []


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_use_is_not_slang(text):
    assert [found for found in replica_slang([text]) if found.value == SAID] == []


def test_euphemism_is_a_hint():
    assert [found.value for found in replica_slang(["perfume inspired by Velkora"])] == [HINTED]


def test_denial_reaches_no_further_than_its_clause():
    assert [found.words for found in replica_slang(["no box, replica watch"])] == ["replica"]


def test_invisible_character_does_not_hide_slang():
    assert [found.value for found in replica_slang(["Norvane re\u200bplica", "高\u200b仿"])] == [SAID, SAID]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec=None)), max_size=5))
def test_any_text_is_read(texts):
    assert all(0 <= found.row < len(texts) for found in replica_slang(texts))
