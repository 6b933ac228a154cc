"""The public version of a finding: handles become pseudonyms, and what points at a person inside a text is masked."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

# 40 bits: two of 5,000 accounts share a pseudonym with a chance of 1e-5; longer names make tables unreadable.
_DIGITS = 10
# Shorter handles are words of the language; masking them everywhere would mask the text.
_SHORTEST_HANDLE = 4
_LEAST_SALT_BYTES = 16
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+|\b(?:t\.cn|t\.co|weibo\.com)/\S+", re.IGNORECASE)
# Handles end at a space or at punctuation; in Chinese the words behind may go with them, which masks more, not less.
_MENTION = re.compile(r"[@\uff20]([\w\u00b7.-]{1,40})")
# Telephone, identity and account numbers; a year or a price is shorter.
_NUMBER = re.compile(r"(?<!\d)\+?\d(?:[ -]?\d){6,}(?!\d)")

WHAT_IS_MASKED = (
    "Account and post identifiers are replaced by pseudonyms, which are the same for the same account everywhere in "
    "this pack and cannot be computed without a secret that is not part of it. Inside texts, @mentions are replaced in "
    "the same way, and links, e-mail addresses and numbers of seven digits or more are masked. Times are exact and the "
    "wording itself is quoted: whoever searches the platform for a quoted sentence may find its author."
)


@dataclass(frozen=True)
class Pseudonyms:
    """Stable pseudonyms under a secret `salt` (16 bytes or more); `handles` are known account ids to mask in texts.

    The pseudonym is the beginning of HMAC-SHA-256 over the folded handle: the same for the same salt, and without the
    salt not to be found by trying all handles of a platform.
    """

    salt: bytes
    handles: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if len(self.salt) < _LEAST_SALT_BYTES:
            raise ValueError(f"the salt has {len(self.salt)} bytes; it needs at least {_LEAST_SALT_BYTES}")

    def account(self, handle: str) -> str:
        """The pseudonym of an account: `account-` and ten hexadecimal digits."""
        return f"account-{self._digits('account', handle)}"

    def post(self, post_id: str) -> str:
        """The pseudonym of a post."""
        return f"post-{self._digits('post', post_id)}"

    def text(self, text: str) -> str:
        """A stranger's text with mentions, known handles, links, addresses and long numbers masked."""
        return _NUMBER.sub("⟦number⟧", self.mentions(text))

    def mentions(self, text: str) -> str:
        """A sentence of our own, whose numbers are figures, with everything else masked that may name a person."""
        text = _MAIL.sub("⟦e-mail⟧", text)
        text = _LINK.sub("⟦link⟧", text)
        text = _MENTION.sub(lambda found: "@" + self.account(found[1]), text)
        return self._without_handles(text)

    def _without_handles(self, text: str) -> str:
        """Known handles where they stand as words of their own; thousands of them are searched for at once."""
        if self._known is None:
            return text
        parts, end = [], 0
        for _, start, stop in self._known.find_matches_as_indexes(text):
            is_word = not (_is_word(text[start - 1 : start]) or _is_word(text[stop : stop + 1]))
            if is_word:
                parts += [text[end:start], self.account(text[start:stop])]
                end = stop
        return "".join([*parts, text[end:]])

    @cached_property
    def _known(self) -> AhoCorasick | None:
        long = sorted(handle for handle in self.handles if len(handle) >= _SHORTEST_HANDLE)
        return AhoCorasick(long, matchkind=MatchKind.LeftmostLongest) if long else None

    def _digits(self, kind: str, handle: str) -> str:
        folded = unicodedata.normalize("NFKC", handle).casefold()
        return hmac.new(self.salt, f"{kind}\x1f{folded}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")
