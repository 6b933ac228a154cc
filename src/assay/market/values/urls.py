"""Addresses of pages and files."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from assay.market.values import text
from assay.market.values.hashed import is_hash
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "an address such as https://example.com/item/1, s3://bucket/key, or the path of a file"

MOST_CHARACTERS = 8_000  # servers refuse longer ones; longer cells are embedded files

# schemes that run or embed something instead of naming where it is; they must never become a link in a report
_FORBIDDEN = ("javascript", "data", "vbscript", "blob")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid|spm|scm|_trkparms|_trksid|ref_?)=", re.IGNORECASE)
_DEFAULT_PORT = {"http": 80, "https": 443, "ftp": 21}


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """The address with scheme and host in lower case and without a default port; None for a blank. Paths stay.

    Raises BadValue for white space inside, `javascript:` and `data:` addresses, words without a dot or a slash, and
    hosts or ports that cannot be.

    >>> clean("HTTP://WWW.Example.com:80/Item?id=1")
    'http://www.example.com/Item?id=1'
    """
    written = text.one_line(raw)
    if written is None or is_hash(written):
        return written
    if " " in written or len(written) > MOST_CHARACTERS:
        raise refuse(raw, "holds white space" if " " in written else "is too long", ALLOWED)
    scheme = _SCHEME.match(written)
    if scheme is None:
        if not re.search(r"[/\\.]", written):
            raise refuse(raw, "is no address", ALLOWED)
        return written
    if scheme[1].casefold() in _FORBIDDEN:
        raise refuse(raw, f"is a {scheme[1].casefold()}: address", ALLOWED)
    return _tidy(raw, written)


def host(address: str) -> str | None:
    """The host in lower case, without "www."; None for paths of files.

    >>> host("https://www.Example.com/a")
    'example.com'
    """
    parts = _split(address if "//" in address else f"//{address}" if address.startswith("www.") else address)
    name = parts.hostname if parts else None
    return name.removeprefix("www.") if name else None


def key(address: str) -> str:
    """The page behind the address: scheme, "www.", tracking parameters, fragment and last slash do not count.

    >>> key("https://www.example.com/a/?utm_source=x#top") == key("http://example.com/a")
    True
    """
    parts = _split(address)
    if parts is None or not parts.netloc:
        return address.rstrip("/")
    query = "&".join(part for part in parts.query.split("&") if part and not _TRACKING.match(part))
    page = f"{parts.netloc.casefold().removeprefix('www.')}{parts.path.rstrip('/')}"
    return f"{page}?{query}" if query else page


def _tidy(raw: object, written: str) -> str:
    parts = _split(written)
    if parts is None:
        raise refuse(raw, "has a host or port that cannot be", ALLOWED)
    scheme = parts.scheme.casefold()
    behind = written[len(scheme) + 1 :]
    if not behind.startswith("//"):
        return f"{scheme}:{behind}"
    # only scheme and host are rewritten: a server may tell apart everything behind them
    rest = behind[2 + len(parts.netloc) :]
    user, at, place = parts.netloc.rpartition("@")
    place = place.casefold()
    if parts.port is not None and parts.port == _DEFAULT_PORT.get(scheme):
        place = place.rpartition(":")[0]
    return f"{scheme}://{user}{at}{place}{rest}"


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname  # both are read lazily and raise only then
    except ValueError:
        return None
    return parts


RULE = Rule(
    accepts=(
        "Absolute addresses of any scheme that names a place, addresses without a scheme, paths of files; hashes."
    ),
    becomes="The same address with scheme and host in lower case and without a default port.",
    refuses=(
        "White space inside, javascript: and data: addresses, words without a dot or a slash, more than "
        "8,000 characters."
    ),
    examples=(
        Example("HTTP://WWW.Example.com:80/Item?id=1"),
        Example("www.example.com/a"),
        Example("s3://Bucket/key.jpg"),
        Example("javascript:alert(1)"),
        Example("see description"),
    ),
)
