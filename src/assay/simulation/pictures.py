"""Draws the pictures of simulated goods: what a picture shows follows from its PDQ, so that alike hashes look alike.

A market of numbers has hashes without files. Somebody who looks at a listing wants to see why two pictures count as
one: equal hashes draw equal pictures, hashes a few bits apart the same scene edited, and others look different. Every
picture says that it is simulated.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from assay.simulation.vocabulary import rows, toml

SIDE = 320
SAME = 31  # bits of 256 that pictures of one scene differ by at most, as docs/explanation/imagery.md has it
_FINE = 640  # drawn twice as large, so that edges come out smooth
_N_TRAITS = 8
_NOTE = "simulated"

Colour = tuple[int, int, int]


def scenes(pdqs: Sequence[str]) -> list[str]:
    """For every PDQ hash the first of them that lies within `SAME` bits: the scene that both pictures show."""
    bits = np.frombuffer(bytes.fromhex("".join(pdqs)), np.uint64).reshape(len(pdqs), 4)
    first = np.full(len(pdqs), -1)
    for i in range(len(pdqs)):
        if first[i] < 0:
            near = np.bitwise_count(bits ^ bits[i]).sum(axis=1) <= SAME
            first[near & (first < 0)] = i
    return [pdqs[i] for i in first]


def draw(pdq: str, category: str, words: str = "", scene: str = "") -> bytes:
    """A JPEG of `SIDE` pixels a side: goods of a category path, in the scene of a PDQ hash (64 hexadecimal digits).

    Where `scene` is another hash, this is an edited copy of that picture: cut closer, and in another light. `words` are
    written across it as far as the font has their letters. ValueError for what is no PDQ hash.
    """
    hue, light, ground, ground_light, size, lean, aside, shine = _traits(scene or pdq)
    picture = Image.new("RGB", (_FINE, _FINE), _colour(ground, 0.12, 0.82 + 0.15 * ground_light))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, _FINE * (0.68 + 0.1 * aside), _FINE, _FINE), fill=_colour(ground, 0.2, 0.66 + 0.2 * ground_light))
    wide = round(_FINE * (0.6 + 0.25 * size))
    goods = _goods(_shape(category), wide, hue, 0.25 + 0.6 * light, 0.35 + 0.4 * shine)
    goods = goods.rotate(40 * (lean - 0.5), expand=True)
    left = int((_FINE - goods.width) * (0.35 + 0.3 * aside))
    picture.paste(goods, (left, (_FINE - goods.height) // 2), goods)
    if scene not in ("", pdq):
        picture = _edited(picture, pdq)
    _write(ImageDraw.Draw(picture), words)
    file = io.BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.BOX).save(file, "JPEG", quality=80)
    return file.getvalue()


def _edited(picture: Image.Image, pdq: str) -> Image.Image:
    """The picture as a copier leaves it, a little different for every hash."""
    closer, brighter, *_ = _traits(pdq)
    edge = round(_FINE * (0.03 + 0.04 * closer))
    cut = picture.crop((edge, edge, _FINE - edge, _FINE - edge)).resize((_FINE, _FINE))
    return ImageEnhance.Brightness(cut).enhance(0.92 + 0.12 * brighter)


def _traits(pdq: str) -> list[float]:
    """Eight numbers from 0 to 1, each the share of ones among 32 bits, stretched: a few bits change them a little."""
    if len(pdq) != 64:
        raise ValueError(f"A PDQ hash has 64 hexadecimal digits, not {len(pdq)}: {pdq[:80]!r}.")
    parts = [int(pdq[8 * i : 8 * i + 8], 16).bit_count() / 32 for i in range(_N_TRAITS)]
    return [min(1.0, max(0.0, 0.5 + 2.5 * (part - 0.5))) for part in parts]


def _colour(hue: float, saturation: float, lightness: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, min(1.0, lightness), saturation)
    return round(255 * red), round(255 * green), round(255 * blue)


@lru_cache(maxsize=1)
def _shapes() -> dict[str, Sequence[Any]]:
    """The parts of every category path."""
    shapes = toml("shapes.toml")
    return {row["path"]: shapes[row["code"]] for row in rows("categories.tsv")}


def _shape(category: str) -> Sequence[Any]:
    return _shapes().get(category, [["block", 50, 25, 25, 75, 75]])


def _goods(parts: Sequence[Any], wide: int, hue: float, light: float, saturation: float) -> Image.Image:
    """The goods on a transparent ground."""
    picture = Image.new("RGBA", (wide, wide))
    pen = ImageDraw.Draw(picture)
    scale = wide / 100
    for kind, tone, *numbers in parts:
        fill = _colour(hue, saturation, _lightness(light, tone / 100))
        if kind == "form":
            pen.polygon([scale * n for n in numbers], fill=fill)
        elif kind == "ellipse":
            pen.ellipse([scale * n for n in numbers], fill=fill)
        elif kind == "block":
            pen.rounded_rectangle([scale * n for n in numbers], radius=2 * scale, fill=fill)
        elif kind == "line":
            pen.line([scale * n for n in numbers[1:]], fill=fill, width=round(scale * numbers[0]), joint="curve")
        elif kind == "arc":
            width, *box, start, end = numbers
            pen.arc([scale * n for n in box], start, end, fill=fill, width=round(scale * width))
        else:
            raise ValueError(f"shapes.toml names no such shape as {kind!r}.")
    return picture


def _lightness(light: float, tone: float) -> float:
    """Tones from 0 to 1 of goods stay apart, whether the goods are light or dark."""
    return light * (0.35 + 0.5 * tone) + 0.5 * tone**3 * (1 - light)


@lru_cache(maxsize=2)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _write(pen: ImageDraw.ImageDraw, words: str) -> None:
    shown = "".join(each if each.isprintable() and ord(each) < 0x180 else " " for each in words).strip()
    if shown:
        pen.text((_FINE // 2, _FINE * 0.12), shown[:28], fill=(60, 20, 20), font=_font(44), anchor="mm")
    pen.text((_FINE - 16, _FINE - 14), _NOTE, fill=(110, 110, 110), font=_font(22), anchor="rs")
