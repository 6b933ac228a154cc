"""The Merkle tree of the audit log: one hash, the root, stands for every event and their order.

Source: RFC 6962 (Laurie, Langley and Kasper 2013), section 2.1, and RFC 9162 (Laurie, Messeri and Stradling 2021),
section 2.1. Leaves and nodes are hashed with different first bytes, so that no node can be passed off as a leaf.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.market.errors import OutsideError

HASH_BYTES = 32
_MAX_SIZE = 2**63 - 1  # A size fits the 64-bit integers of both databases; larger ones are damage.


class DamagedFrontier(OutsideError):
    """What is stored as the edge of a tree is none. Exit code 3."""


def leaf_hash(content: bytes) -> bytes:
    """SHA-256 of 0x00 and the content (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + content).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to grow it and to know its root, at most 63 hashes.

    `hashes` are the roots of the perfect subtrees that the leaves fall into, the largest (and first) one first: one for
    each binary digit 1 of `size`.

    >>> Frontier().append(leaf_hash(b"")).root.hex()[:8]
    '6e340b9c'
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """The frontier with one more leaf; `leaf` is its hash."""
        kept, grown, rest = len(self.hashes), leaf, self.size
        while rest & 1:
            kept -= 1
            grown = _node_hash(self.hashes[kept], grown)
            rest >>= 1
        return Frontier(self.size + 1, (*self.hashes[:kept], grown))

    @property
    def root(self) -> bytes:
        """The root over all leaves; of no leaves it is SHA-256 of nothing."""
        if not self.hashes:
            return hashlib.sha256(b"").digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = _node_hash(left, root)
        return root

    def to_json(self) -> str:
        """The frontier as one line of JSON, hashes in lower-case hex."""
        return json.dumps({"hashes": [h.hex() for h in self.hashes], "size": self.size}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Frontier:
        """The frontier written by `to_json`; DamagedFrontier when it is not one, to the byte."""
        try:
            plain = json.loads(text)
            found = cls(plain["size"], tuple(bytes.fromhex(h) for h in plain["hashes"]))
            whole = _is_frontier(found) and found.to_json() == text
        except (ValueError, TypeError, KeyError, RecursionError):
            whole = False
        if not whole:
            raise DamagedFrontier(
                f"The stored edge of the tree is damaged: {str(text)[:80]!r} is not a size with one hash of 32 bytes "
                "for each binary digit 1 of it.",
                value=text,
                allowed='{"hashes":[hex, ...],"size":n}',
            )
        return found


def _is_frontier(found: Frontier) -> bool:
    size: Any = found.size
    if type(size) is not int or not 0 <= size <= _MAX_SIZE:
        return False
    return len(found.hashes) == size.bit_count() and all(len(h) == HASH_BYTES for h in found.hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in one pass and constant memory."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.root


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from the leaf at `index` (from 0) to the root over `leaves`, nearest first.

    PATH(m, D[n]) of RFC 6962, section 2.1.1. ValueError for an index outside the leaves.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"There is no leaf {index} among {len(leaves)}; allowed are 0 to {len(leaves) - 1}.")
    proof, low, high = [], 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is the leaf at `index` of the tree with that size and root.

    RFC 9162, section 2.1.3.2; False, never an error, for a proof that does not fit.
    """
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = _node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = _node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that show that the tree over `leaves` extends the tree over the first `old_size` of them.

    PROOF(m, D[n]) of RFC 6962, section 2.1.2; nothing has to be shown when the old tree is empty or the same.
    ValueError for a size outside the tree.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"A tree of {len(leaves)} leaves extends none of {old_size}; allowed are 0 to {len(leaves)}.")
    if old_size in (0, len(leaves)):
        return []
    proof, low, high, whole = [], 0, len(leaves), True
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low, whole = middle, False
    # The old root itself is known to the verifier; a part of it is not.
    return [*([] if whole else [root_of(leaves[low:high])]), *proof[::-1]]


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree (size, root) begins with the tree (old_size, old_root), unchanged.

    RFC 9162, section 2.1.4.2; False, never an error, for a proof that does not fit.
    """
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return size > 0 and not proof and old_root == Frontier().root
    if not 0 < old_size < size or not proof:
        return False
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_found, found = _node_hash(sibling, old_found), _node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = _node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root


def _split(size: int) -> int:
    """The largest power of two below a size of two or more: how many leaves the left subtree has."""
    return 1 << ((size - 1).bit_length() - 1)
