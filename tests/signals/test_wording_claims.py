import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.signals.slang import claims_fake

SAYS_FAKE = {
    "en": [
        "This is a fake!",
        "Total FAKE, avoid",
        "It's a knock-off",
        "not authentic at all",
        "isn't genuine",
        "counterfeit item",
        "COUNTERFEIT_ITEM",
        "Sold as authentic but it is fake",
        "says original but they are fakes",
        "No, it is fake.",
        "The box is original. The shoes are fake.",
        "obviously a replica",
        "not the real deal",
        "No doubt a fake",
        "item_not_authentic",
        "I thought it was genuine but it is counterfeit",
        "this is not real",
        "cheap copy of the brand",
    ],
    "zh": [
        "假货",
        "绝对是假的",
        "买到高仿了",
        "不是正品",
        "非正品",
        "这鞋是A货",
        "山寨货，差评",
        "根本不是正版",
        "以为是正品，结果是假货",
        "收到fake货",
    ],
    "ru": [
        "Это подделка",
        "Паль полная",
        "не оригинал",
        "Фейк!!!",
        "Явная реплика",
        "пришла подделка, а не оригинал",
        "товар не оригинальный",
        "Думала оригинал, но это подделка",
        "Контрафакт",
    ],
    "es": [
        "Es falso",
        "no es original",
        "es una falsificación",
        "Producto pirata",
        "No son originales",
        "Es una imitación, no compren",
    ],
    "de": [
        "Das ist eine Fälschung",
        "gefälschte Ware",
        "nicht original",
        "kein Original",
        "Original ist das nicht",
        "Plagiat!",
    ],
    "fr": ["C'est un faux", "contrefaçon", "pas authentique", "ce n'est pas un original", "Produit contrefait"],
    "pt": ["É falso", "não é original", "produto falsificado", "Réplica barata", "nao e original"],
}
SAYS_GENUINE = {
    "en": [
        "not a fake",
        "100% authentic",
        "I thought it was fake but it is genuine",
        "Definitely not counterfeit",
        "it's the real deal",
        "No fakes here, original shoes",
        "it isn't fake",
    ],
    "zh": ["正品", "不是假货", "绝对正品，放心购买", "没有假货", "以为是假的，结果是正品"],
    "ru": ["Оригинал", "не подделка", "Боялась, что подделка, но это оригинал", "Это точно не фейк"],
    "es": ["Es original", "no es falso", "100% auténtico", "no son réplicas"],
    "de": ["keine Fälschung", "100% Original", "ist echt.", "nicht gefälscht"],
    "fr": ["authentique", "ce n'est pas une contrefaçon", "pas un faux"],
    "pt": ["é original", "não é falso", "produto autêntico"],
}
SAYS_NOTHING = [
    *("", "nice colour", "fake leather but fine", "faux cuir de qualité", "Is it fake?", "是正品吗？", "Это оригинал?"),
    *("worried it might be fake", "I don't know if it is original", "came in the original box", "really good"),
    *(
        "not in original packaging",
        "echt gut",
        "真的很好",
        "假发很好看",
        "оригинальная упаковка",
        "en su caja original",
    ),
    *("Originalverpackung beschädigt", "fake nails look great", "too small", "wrong size", "настоящая кожа"),
    *("is this original or fake?", "genuine leather", "copy paper arrived", "faux-fur coat", "reviews seem fake"),
    *("I got a fake from another shop", "La piel falsa es suave", "评论像假的", "replica of the tower in the set"),
]


def _cases(table: dict[str, list[str]]) -> list:
    return [pytest.param(text, id=f"{language}-{text}") for language, texts in table.items() for text in texts]


@pytest.mark.parametrize("text", _cases(SAYS_FAKE))
def test_text_says_fake(text):
    assert claims_fake([text]).tolist() == [1]


@pytest.mark.parametrize("text", _cases(SAYS_GENUINE))
def test_text_says_genuine(text):
    assert claims_fake([text]).tolist() == [-1]


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_text_says_nothing(text):
    assert claims_fake([text]).tolist() == [0]


def test_batch_gives_each_row_its_own_claim():
    texts = [text for table in (SAYS_FAKE, SAYS_GENUINE) for row in table.values() for text in row] + [
        None,
        *SAYS_NOTHING,
    ]
    assert claims_fake(texts).tolist() == [int(claims_fake([text])[0]) for text in texts]


def test_nothing_in_gives_nothing_out():
    assert claims_fake([]).dtype == np.int8
    assert claims_fake([None, None]).tolist() == [0, 0]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(codec=None)), max_size=5))
def test_any_text_is_read(texts):
    claims = claims_fake(texts)
    assert claims.shape == (len(texts),)
    assert set(claims.tolist()) <= {-1, 0, 1}
