"""A letter as sections: the plain text and the page are both made from them, so that they cannot differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from assay.publishing.visible import visible


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, its paragraphs, and quoted lines below them as (label, text); a label may be empty.

    `quoted_in` is the language of the quoted texts where it is known, so that a page can say it to a screen reader.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    quoted: tuple[tuple[str, str], ...] = ()
    quoted_in: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: the subject line, the lines of the head as (label, value), and the sections."""

    language: str
    subject: str
    head: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    colon: str = ": "

    @property
    def text(self) -> str:
        """The letter as plain text, one paragraph a line, so that any mail program wraps it as it likes."""
        lines = [self.subject, "", *(f"{label}{self.colon}{value}" for label, value in self.head)]
        for n, section in enumerate(self.sections, 1):
            lines += ["", f"{n}. {section.heading}"]
            for paragraph in section.paragraphs:
                lines += ["", paragraph]
            if section.quoted:
                lines += [
                    "",
                    *(f"- {label}{self.colon}{text}" if label else f"- {text}" for label, text in section.quoted),
                ]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as a row keeps them."""
        plain: dict[str, Any] = asdict(self)
        return plain


def one_line(text: str, most: int = 2_000) -> str:
    r"""Text of others on one line with everything in it visible, so that it cannot look like a part of the letter.

    >>> one_line("Watch\n\n2. What was decided\u202e")
    'Watch 2. What was decided⟦U+202E⟧'
    """
    line = " ".join(visible(text, len(text) + 1).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
