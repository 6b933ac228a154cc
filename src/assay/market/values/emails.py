"""E-mail addresses, lower case, without the name around them."""

from __future__ import annotations

import re
import unicodedata

from assay.market.values import text
from assay.market.values.hashed import is_hash
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "one e-mail address, name@domain.tld, or its hash"

MOST_CHARACTERS = 254  # RFC 5321, 4.5.3.1, less the angle brackets

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_AROUND = re.compile(r"^[^<>]*<([^<>]*)>$")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """The address in lower case; None for a blank. "Name <a@b.c>" and "mailto:" give the address alone; hashes stay.

    Raises BadValue for text that is not one address.

    >>> clean("Sales <Sales@Example.COM>")
    'sales@example.com'
    """
    written = text.one_line(raw)
    if written is None or is_hash(written):
        return written
    around = _AROUND.match(written)
    address = (around[1] if around else written).strip().casefold().removeprefix("mailto:")
    address = unicodedata.normalize("NFC", address.replace("＠", "@")).strip(" .")
    local = address.partition("@")[0]
    if len(address) > MOST_CHARACTERS or not _ADDRESS.fullmatch(address) or ".." in address or local.endswith("."):
        raise refuse(raw, "is no e-mail address", ALLOWED)
    return address


def key(address: str) -> str:
    """The mailbox behind the address: what follows a + is dropped, and so are dots at Gmail, which ignores them.

    >>> key("j.doe+shop2@googlemail.com") == key("jdoe@gmail.com")
    True
    """
    local, at, domain = address.casefold().partition("@")
    if not at:
        return local
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


RULE = Rule(
    accepts="One address, also as Name <address> or mailto:, also with a domain in another script; hashes.",
    becomes="The address in lower case. Hashes stay as they are.",
    refuses="Text that is not exactly one address.",
    examples=(
        Example("Sales <Sales@Example.COM>"),
        Example("mailto:a.b@example.org"),
        Example("not given"),
        Example("a@b@c.com"),
    ),
)
