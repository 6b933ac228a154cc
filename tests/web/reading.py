"""Walks the pages of a person by their links, and reads what is visible on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from django.urls import resolve

from assay.casework.models import Person
from tests.web.addresses import addresses
from tests.web.signing_in import signed_in

# How often one view is read for one person: states, tabs and filters of a page differ in their words.
_MOST_OF_ONE = 3
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# Data and machine words: identifiers, code, words of other people.
_DATA_TAGS = frozenset({"script", "style", "code", "pre", "kbd", "q", "blockquote"})
_DATA_CLASSES = frozenset({"mono", "secret", "brand"})
_SPOKEN_ATTRIBUTES = (
    "aria-label",
    "alt",
    "placeholder",
    "title",
    "data-next",
    "data-previous",
    "data-open",
    "data-help",
)
_WORD = re.compile(r"[A-Za-z]{4,}")
# Addresses, dotted codes, references, and what a reader is to type word for word.
_ADDRESS = re.compile(
    r"person:17、worker|例如 decision|\b[0-9a-f]{8}(?:-[0-9a-f]{4,12}){1,4}\b|\b[0-9a-f]{8,}\b|\b[a-z_-]+(?:[.:][\w*-]+)+|\S+@\S+|https?://\S*|ftp://\S*|\b[A-Z]+(?:_[A-Z]+)+"
    r"|\S+\.(?:html|pdf|jpg|csv)\b|\bD-[0-9A-Z]+\b"
)
# Names that are the same in Chinese, and what the builders of tests put into their rows.
_NAMES = frozenset(
    ("Assay", "English", "TOTP", "GTIN", "JPEG", "WebP", "Cohen", "kappa", "Clopper", "Pearson", "https")
)
_DATA = frozenset(("Norvane", "Office", "Post", "Shop", "quality", "watch", "watches"))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    path: str
    html: str


class Walk:
    """The pages that a person reaches from those that need no id, each view a few times."""

    def __init__(self, person: Person) -> None:
        self.client = signed_in(person)
        self.names: set[str] = set()
        self._read: Counter[str] = Counter()

    def pages(self) -> Iterator[Page]:
        """Every page of the walk."""
        waiting = [each.path for each in addresses() if not each.takes_id and not each.path.startswith("/api/")]
        known = set(waiting)
        while waiting:
            path = waiting.pop(0)
            page = self._open(path)
            if page is None:
                continue
            yield page
            links = [each for each in _links(page) if each not in known]
            known |= set(links)
            waiting += links

    def _open(self, path: str) -> Page | None:
        name = resolve(path.partition("?")[0]).view_name
        if self._read[name] >= _MOST_OF_ONE:
            return None
        self._read[name] += 1
        response = self.client.get(path)
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            if response.status_code == 200:
                self.names.add(name)
            return None
        self.names.add(name)
        return Page(path, response.content.decode())


def _links(page: Page) -> list[str]:
    base = page.path.partition("?")[0]
    found = []
    for link in re.findall(r'href="([^"#]+)"', page.html):
        link = link.replace("&amp;", "&")
        whole = base + link if link.startswith("?") else link
        if whole.startswith("/") and not whole.startswith(("/static/", "/api/")) and whole not in found:
            found.append(whole)
    return found


class _Visible(HTMLParser):
    """Gathers texts and spoken attributes outside data and outside parts in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_data = (
            tag in _DATA_TAGS
            or given.get("translate") == "no"
            or bool(_DATA_CLASSES & set((given.get("class") or "").split()))
            or (tag != "html" and (given.get("lang") or "zh-hans") != "zh-hans")
        )
        hidden = is_data or bool(self._open and self._open[-1][1])
        if not hidden:
            self.texts += [given[name] or "" for name in _SPOKEN_ATTRIBUTES if given.get(name)]
        if tag not in _VOID:
            self._open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1][0] != tag:
            self._open.pop()
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            self.texts.append(data)


def english_words(html: str) -> set[str]:
    """Words of more than three Latin letters that are visible and are neither names nor data."""
    parser = _Visible()
    parser.feed(html)
    words = {word for text in parser.texts for word in _WORD.findall(_ADDRESS.sub(" ", text))}
    return words - _NAMES - _DATA
