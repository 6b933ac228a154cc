import re

import pytest

from assay.signals.slang import discreet, discreet_words, quoted, replica_words
from assay.signals.slang.glosses import gloss


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ganzes Album per Messenger.", "ganzes album per messenger"),
        ("Echte Fotos und mehr Modelle per Nachricht.", "echte fotos und mehr modelle per nachricht"),
        ("Pide fotos reales y más modelos por mensaje.", "fotos reales y más modelos por mensaje"),
        ("平台原因不能展示品牌,懂的来。", "不能展示品牌"),
        ("The logo is covered in the photo.", "logo is covered"),
    ],
)
def test_a_phrase_is_heard_to_its_end(text, words):
    assert discreet_words([text]) == [(0, words)]


@pytest.mark.parametrize(
    "text",
    [
        "Top version of our bestselling lamp.",
        "Топовая версия ноутбука",
        "顶级版本",
        "Versión top con pantalla OLED",
        "Top-Version mit OLED",
        "Album per foto 10x15, copertina rigida",
        "Fotos reales y descripción completa.",
        "Wir senden echte Fotos auf Leinwand.",
    ],
)
def test_praise_and_ordinary_albums_are_not_discretion(text):
    assert discreet_words([text]) == []


def test_every_chinese_phrase_of_the_lexica_has_a_gloss():
    chinese = [e for e in (*discreet._DISCREET, *replica_words.SAID, *replica_words.HINTED) if re.search("[㐀-鿿]", e)]
    phrases = {part for e in chinese for part in re.findall(r"[㐀-鿿]{2,}a?|a[㐀-鿿]+", re.sub(r"\(\?.*?\)", "", e))}
    assert len(phrases) > 40
    assert sorted(phrase for phrase in phrases if not gloss(phrase)) == []


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("логотип на фото закрыт", "the logo is covered"),
        ("бренд не указываем", "we do not state the brand"),
        ("каталог в мессенджере", "the catalogue in a messenger"),
        ("люкс копия", "luxury copy"),
        ("реплика", "replica"),
        ("качество ааа", "AAA quality"),
    ],
)
def test_russian_words_have_a_gloss(words, meaning):
    assert quoted(words) == f"“{words}” ({meaning})"
