"""Contrast of every pair of colours that the style sheet puts together, in both schemes (WCAG 2.2: 1.4.3, 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.web import settings

SHEET = (Path(settings.WEB) / "static" / "assay.css").read_text(encoding="utf-8")

# Text on its ground: 4.5 to 1.
TEXT = (
    *((ink, ground) for ink in ("ink", "quiet", "accent", "high") for ground in ("paper", "card", "sunk")),
    ("some", "card"),
    ("accent-ink", "accent"),
    ("high-ink", "high"),
    *((ink, "accent-soft") for ink in ("ink", "quiet", "accent")),
    *((ink, "high-soft") for ink in ("ink", "high", "accent", "quiet")),
    *((ink, "some-soft") for ink in ("ink", "some", "accent", "quiet")),
    *((ink, "good-soft") for ink in ("ink", "good", "accent", "quiet")),
    ("low", "low-soft"),
)
# Edges of controls, the ring of focus, and what is drawn in charts: 3 to 1.
SHAPES = (
    *((edge, ground) for edge in ("edge", "accent", "high") for ground in ("paper", "card", "sunk")),
    ("low", "card"),
    ("some", "some-soft"),
    ("good", "good-soft"),
)


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block))


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r"(?<!\S):root \{(.*?)\}", SHEET, re.S)[:2]
    return {"light": _colours(light), "dark": _colours(light) | _colours(dark)}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    colours = _schemes()[scheme]
    assert _contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_controls_and_drawings_can_be_seen(scheme: str, shape: str, ground: str) -> None:
    colours = _schemes()[scheme]
    assert _contrast(colours[shape], colours[ground]) >= 3


def test_both_schemes_define_every_colour() -> None:
    blocks = re.findall(r"(?<!\S):root \{(.*?)\}", SHEET, re.S)[:2]
    assert _colours(blocks[0]).keys() == _colours(blocks[1]).keys()


def test_every_property_used_is_defined_and_colours_have_names() -> None:
    assert set(re.findall(r"var\(--([a-z0-9-]+)", SHEET)) <= set(re.findall(r"--([a-z0-9-]+):", SHEET))
    rules = SHEET[SHEET.index("/* Ground */") : SHEET.index("/* Paper */")]
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,])", rules)


def test_the_sheet_stays_small_and_fetches_nothing() -> None:
    assert len(SHEET.encode()) < 30_000
    assert "url(" not in SHEET and "@import" not in SHEET
