"""Gathers the words of the pages for their translators: `make messages`.

Writes `locale/zh_Hans/LC_MESSAGES/django.po`: every string of the templates and of the Python files of `casework` and
`web` that is marked for translation. Translations that are there stay; new strings come empty; strings that nothing
uses any more go. Also compiles `django.mo`, which the pages read. Both files are the same to the byte for the same
words: no line numbers, no dates. English is the language of the strings themselves and needs no file.

The gathering needs nothing but Django; the writing needs polib, which the development tools bring.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

WEB = Path(__file__).resolve().parent
PACKAGE = WEB.parent
ROOMS = (PACKAGE / "casework", WEB)
TEMPLATES = WEB / "templates"
CATALOGUE = WEB / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# The living sheet of the design is for developers only; no address leads to it.
_NOT_SHOWN = frozenset({TEMPLATES / "pattern.html"})

_FUNCTIONS = {"gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
_LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
# What `templatize` makes of the tags of a template; a context (`pgettext`) is refused below.
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({_LITERAL})(?:\s*,\s*({_LITERAL}))?", re.DOTALL)
HEADER = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": "zh_Hans",
    "Plural-Forms": "nplurals=1; plural=0;",
}


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One string to translate; `plural` is empty for one without a plural form."""

    text: str
    plural: str = ""


def messages() -> dict[Message, tuple[str, ...]]:
    """Every marked string with the files that use it, named from the folder above the package's."""
    found: dict[Message, set[str]] = {}
    for path in _files():
        of_file = in_template if path.suffix == ".html" else in_python
        for message in of_file(path.read_text(encoding="utf-8"), str(path)):
            found.setdefault(message, set()).add(path.relative_to(PACKAGE.parent).as_posix())
    return {message: tuple(sorted(found[message])) for message in sorted(found)}


def in_template(source: str, name: str) -> Iterator[Message]:
    """The strings of `{% translate %}`, `{% blocktranslate %}` and `_("…")` in a template.

    >>> list(in_template('{% translate "Queue" %} {% include "x.html" with label=_("Mine") %}', "x.html"))
    [Message(text='Queue', plural=''), Message(text='Mine', plural='')]
    """
    for function, first, second in _CALL.findall(templatize(source, origin=name)):
        if "p" in function:
            raise ValueError(f"{name} translates {first} in a context; write a string that needs none instead.")
        yield Message(ast.literal_eval(first), ast.literal_eval(second) if function == "ngettext" else "")


def in_python(source: str, name: str) -> Iterator[Message]:
    """The strings given to gettext and its kin, whatever the file calls them.

    ValueError for one that is put together (`_(f"…")`): no catalogue can hold it. A plain name is let pass: it stands
    for a string that is marked where it is written.

    >>> list(in_python('from django.utils.translation import gettext_lazy as later\\nx = later("Queue")', "x.py"))
    [Message(text='Queue', plural='')]
    """
    tree = ast.parse(source)
    names = _names_of_gettext(tree)
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
            continue
        given = call.args[: _FUNCTIONS[names[call.func.id]]]
        texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if len(texts) == len(given):
            yield Message(*texts)
        elif any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in given):
            raise ValueError(f"{name}, line {call.lineno}: a string to translate is put together; fill it in after.")


def _files() -> list[Path]:
    python = (path for room in ROOMS for path in room.rglob("*.py"))
    return sorted({*python, *TEMPLATES.rglob("*.html")} - _NOT_SHOWN)


def _names_of_gettext(tree: ast.Module) -> dict[str, str]:
    """What the file calls each function: `{"_": "gettext_lazy"}`."""
    return {
        each.asname or each.name: each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for each in node.names
        if each.name in _FUNCTIONS
    }


def write() -> tuple[int, list[str]]:
    """Writes both files; gives the number of strings, and those that wait for a translation."""
    import polib

    known = {(entry.msgid, entry.msgid_plural): entry for entry in polib.pofile(str(CATALOGUE))}
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = dict(HEADER)
    for message, files in messages().items():
        was = known.get((message.text, message.plural))
        entry = polib.POEntry(
            msgid=message.text,
            msgid_plural=message.plural,
            occurrences=[(file, "") for file in files],
            flags=["python-format"] if "%(" in message.text + message.plural else [],
        )
        if message.plural:
            entry.msgstr_plural = was.msgstr_plural if was else {0: ""}
        else:
            entry.msgstr = was.msgstr if was else ""
        catalogue.append(entry)
    catalogue.save(str(CATALOGUE))
    catalogue.save_as_mofile(str(CATALOGUE.with_suffix(".mo")))
    return len(catalogue), [entry.msgid for entry in catalogue.untranslated_entries()]


def main() -> int:
    """The command: 0 when all is translated, 1 when some strings wait."""
    n, waiting = write()
    print(f"{CATALOGUE}: {n:,} strings, {len(waiting):,} of them without a translation.")
    for text in waiting:
        print(f"  {text!r}")
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main())
