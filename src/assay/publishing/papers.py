"""Papers as PDF/A, the same bytes every time, and what this machine's fonts could not draw.

A stranger's text is handed to the typesetter as data and never as markup. PDF/A refuses a glyph that no font has, so
nothing can go missing unseen: such characters are drawn as □ and counted by script, with the package that has them.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import typst

_STANDARD: Final = "a-2b"
MISSING_MARK = "□"
# Probed one by one before a whole script counts as missing: fonts have a script or lack it, rarely a part of it.
_PROBES = 6
# Compilations to find single missing characters of a script that the fonts mostly have; the rest counts as missing.
_MOST_PROBES = 64
_DEBIAN = {
    "CJK": "fonts-noto-cjk",
    "HIRAGANA": "fonts-noto-cjk",
    "KATAKANA": "fonts-noto-cjk",
    "HANGUL": "fonts-noto-cjk",
    "IDEOGRAPHIC": "fonts-noto-cjk",
    "FULLWIDTH": "fonts-noto-cjk",
    "symbols and emoji": "fonts-noto-color-emoji",
}
_PROBE = b"""#set document(date: datetime(year: 2000, month: 1, day: 1))
#set text(font: "Libertinus Serif")
#sys.inputs.data"""
_NAMES = {"CJK": "Chinese", "FULLWIDTH": "full-width Latin", "IDEOGRAPHIC": "Chinese punctuation"}
_OTHER_PACKAGE = "fonts-noto-core"


@dataclass(frozen=True, slots=True)
class MissingScript:
    """Characters of one script that no font of this machine has; `package` is Debian's package that brings them."""

    script: str
    n_characters: int
    examples: str
    package: str

    @property
    def sentence(self) -> str:
        """What a reader of the paper needs to know."""
        n = f"{self.n_characters:,} different signs" if self.n_characters > 1 else "One sign"
        have = "have" if self.n_characters > 1 else "has"
        return (
            f"{n} of the script {_NAMES.get(self.script, self.script.lower())} {have} no font on the machine that made "
            f"this paper and stand as {MISSING_MARK}; on Debian, the package {self.package} brings the font."
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF/A-2b file and what could not be drawn in it."""

    pdf: bytes
    missing: tuple[MissingScript, ...]


@dataclass(slots=True)
class Press:
    """Fonts of this machine, read once; `use_system_fonts` False draws with the built-in ones only."""

    use_system_fonts: bool = True
    _fonts: Any = field(init=False)

    def __post_init__(self) -> None:
        self._fonts = typst.Fonts(include_system_fonts=self.use_system_fonts, include_embedded_fonts=True)

    def paper(self, template: str, data: dict[str, Any], moment: datetime) -> Paper:
        """Sets `templates/<template>` with `data` (JSON-able; the template reads it from `sys.inputs.data`).

        The file is dated `moment`, so that making it again gives the same bytes. Characters without a font become □
        wherever they stand, and `data["missing"]` tells the template what to say about them.
        """
        source = (files("assay.publishing") / "templates" / template).read_bytes()
        text = json.dumps(data, ensure_ascii=False, sort_keys=True)
        lacking = _Coverage(self._fonts).lacking(text)
        missing = tuple(_by_script(lacking))
        table = {ord(character): MISSING_MARK for character in lacking}
        whole = {**json.loads(text.translate(table)), "missing": [each.sentence for each in missing]}
        pdf = typst.compile(
            source,
            format="pdf",
            font_paths=self._fonts,
            sys_inputs={"data": json.dumps(whole, ensure_ascii=False)},
            pdf_standards=_STANDARD,
            timestamp=int(moment.timestamp()),
        )
        return Paper(bytes(pdf), missing)


@dataclass
class _Coverage:
    """Which characters the fonts have, found out by setting them."""

    fonts: Any

    def lacking(self, text: str) -> list[str]:
        """The distinct characters of `text` without a glyph, in order."""
        wanted = sorted({c for c in text if ord(c) > 0x7E and not c.isspace()})
        if self._can_set(wanted):
            return []
        groups: dict[str, list[str]] = {}
        for character in wanted:
            groups.setdefault(script_of(character), []).append(character)
        return sorted(c for group in groups.values() for c in self._lacking_in(group))

    def _lacking_in(self, group: list[str]) -> list[str]:
        if self._can_set(group):
            return []
        step = max(1, len(group) // _PROBES)
        probed = group[::step]
        if not any(self._can_set([c]) for c in probed):
            return group
        return list(self._searched(group, [_MOST_PROBES]))

    def _searched(self, group: list[str], left: list[int]) -> Iterator[str]:
        """Halves a group until single missing characters are found or the probes are used up."""
        left[0] -= 1
        if self._can_set(group):
            return
        if len(group) == 1 or left[0] <= 0:
            yield from group
            return
        middle = len(group) // 2
        yield from self._searched(group[:middle], left)
        yield from self._searched(group[middle:], left)

    def _can_set(self, characters: list[str]) -> bool:
        if not characters:
            return True
        try:
            typst.compile(
                _PROBE,
                format="pdf",
                font_paths=self.fonts,
                sys_inputs={"data": " ".join(characters)},
                pdf_standards=_STANDARD,
            )
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
            return False
        return True


def script_of(character: str) -> str:
    """The script of a character by its Unicode name: the first word, or what kind of sign it is.

    >>> script_of("中"), script_of("я"), script_of("☂")
    ('CJK', 'CYRILLIC', 'symbols and emoji')
    """
    if unicodedata.category(character)[0] in "SP":
        name = unicodedata.name(character, "")
        first = name.split(" ")[0]
        return first if first in _DEBIAN else "symbols and emoji"
    return unicodedata.name(character, "other characters").split(" ")[0]


def _by_script(lacking: Iterable[str]) -> Iterator[MissingScript]:
    found = list(lacking)
    counts = Counter(script_of(c) for c in found)
    for script, n in sorted(counts.items()):
        examples = "".join([c for c in found if script_of(c) == script][:8])
        yield MissingScript(script, n, examples, _DEBIAN.get(script, _OTHER_PACKAGE))
