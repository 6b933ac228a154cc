"""Drawn pictures follow their hashes: alike where Assay takes two for one, different where it does not."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from assay.simulation.pictures import SAME, SIDE, draw, scenes
from assay.simulation.vocabulary import rows, toml

CHANCE = random.Random(7)
CATEGORIES = [row["path"] for row in rows("categories.tsv")]


def a_hash():
    return f"{CHANCE.getrandbits(256):064x}"


def edited(pdq, n_bits):
    value = int(pdq, 16)
    for bit in CHANCE.sample(range(256), n_bits):
        value ^= 1 << bit
    return f"{value:064x}"


def hue(file):
    """The hue (of 256) that most of the goods have; ground and words are pale or dark."""
    with Image.open(io.BytesIO(file)) as picture:
        tint, saturation, _light = picture.convert("HSV").split()
    return int(np.bincount(np.asarray(tint)[np.asarray(saturation) > 90], minlength=256).argmax())


def pixels(file):
    with Image.open(io.BytesIO(file)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (SIDE, SIDE))
        return np.asarray(picture.convert("RGB"), np.int16)


def test_every_category_has_a_shape_and_only_those():
    assert set(toml("shapes.toml")) == {row["code"] for row in rows("categories.tsv")}


@pytest.mark.parametrize("category", [*CATEGORIES, "", "No such > Goods"])
def test_goods_of_every_category_are_drawn_the_same_each_time(category):
    pdq = a_hash()
    assert draw(pdq, category) == draw(pdq, category)
    assert pixels(draw(pdq, category)).std() > 5


def test_an_edited_copy_shows_its_scene_in_the_same_colours_and_not_the_same_file():
    originals = [a_hash() for _ in range(20)]
    copies = [edited(pdq, 16) for pdq in originals]
    assert scenes([*originals, *copies]) == originals * 2
    for pdq, copy in zip(originals, copies, strict=True):
        first, again = (draw(each, "Clothing > T-shirts", scene=pdq) for each in (pdq, copy))
        assert first != again and abs(hue(first) - hue(again)) <= 2
    assert len({hue(draw(each, "Clothing > T-shirts")) for each in originals}) >= 6


def test_a_scene_ends_where_pictures_no_longer_count_as_one():
    pdq = a_hash()
    near, far = edited(pdq, SAME), edited(pdq, SAME + 1)
    assert scenes([pdq, near, far]) == [pdq, pdq, far] and scenes([]) == []


@pytest.mark.parametrize("words", ["100% authentic", "微信看相册", "\x00\u202eevil", "x" * 1_000])
def test_words_are_written_as_far_as_the_font_has_them(words):
    pdq = a_hash()
    plain, written = pixels(draw(pdq, CATEGORIES[0])), pixels(draw(pdq, CATEGORIES[0], words))
    has_letters = any(each.isprintable() and ord(each) < 0x180 for each in words)
    assert (plain != written).any() == has_letters


@pytest.mark.parametrize("pdq", ["", "abc", "z" * 64])
def test_what_is_no_hash_is_refused(pdq):
    with pytest.raises(ValueError):
        draw(pdq, CATEGORIES[0])
