"""Narratives: which texts say the same, held together by the words that many of them share and not by chains.

Links between texts only say where to look. A narrative begins with the best linked text and its neighbours; the pieces
that enough of them share are its consensus; a text belongs to it when enough of its characters lie in pieces of the
consensus. So a chain of texts, each a little like the next, does not become one narrative: there is nothing that its
ends share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from assay.attacks.copies import HALF_COVERAGE, HALF_STRETCHES, REWORDED_COVERAGE, is_passage
from assay.likeness import FoldedTexts, Pieces, SharedRuns, covered, is_among, keyed, pieces

Ints = npt.NDArray[np.int64]

# A piece is consensus when this share of a narrative's texts has it, and two at least: of texts with 30 % of their
# characters edited, a third keep a given piece of three characters. Lower lets stray neighbours bring their words.
CONSENSUS_RATE = 0.2
# First rounds: each takes one narrative out of every connected part of the links, however large. What is left after six
# hangs together by stock phrases, and there every text that is better linked than its neighbours begins a narrative.
WHOLE_ROUNDS = 6
LOCAL_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Narratives:
    """Which narrative every text belongs to: arrays with one value per text.

    `narrative` numbers from 0, -1 for texts in none; `coverage` is the share of the text in pieces of the consensus;
    `centre` is True for the one text of each narrative that has most of the consensus.
    """

    narrative: Ints
    coverage: npt.NDArray[np.float64]
    centre: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.narrative.max(initial=-1)) + 1


def narratives(texts: FoldedTexts, left: Ints, right: Ints, weight: Ints) -> Narratives:
    """Puts linked texts into narratives; texts in no link, or held by a chain only, are in none.

    `texts`: the linked texts in the order of first appearance. `left`, `right`: indices of linked pairs. `weight`:
    how many accounts posted each text, which decides between equally well linked ones. The same input gives the same
    narratives, numbered by their first text.
    """
    n = len(texts)
    found, share = np.full(n, -1, dtype=np.int64), np.zeros(n)
    free = np.ones(n, dtype=bool)
    n_found = 0
    for turn in range(WHOLE_ROUNDS + LOCAL_ROUNDS):
        open_links = free[left] & free[right]
        left, right = left[open_links], right[open_links]
        if not len(left):
            break
        seeds = _seeds(left, right, weight, whole=turn < WHOLE_ROUNDS)
        taken, part, coverage = _peeled(texts, seeds)
        found[taken] = n_found + part
        share[taken] = coverage
        free[taken] = False
        # A hub that does not belong to its own consensus would be chosen again for ever.
        free[seeds.texts[seeds.is_hub]] = False
        n_found += len(seeds.texts)
    return _numbered(texts, found, share, weight)


@dataclass(frozen=True, slots=True)
class _Seeds:
    """Where one round begins: texts, the part each may join, which are hubs, and which are their neighbours or hubs."""

    texts: Ints
    part: Ints
    is_hub: npt.NDArray[np.bool_]
    is_near: npt.NDArray[np.bool_]


def _seeds(left: Ints, right: Ints, weight: Ints, *, whole: bool) -> _Seeds:
    """The best linked text of every connected part, or (not `whole`) every text better linked than its neighbours."""
    linked = np.unique(np.concatenate((left, right)))
    n = len(linked)
    pair = np.searchsorted(linked, left), np.searchsorted(linked, right)
    degree = np.bincount(pair[0], minlength=n) + np.bincount(pair[1], minlength=n)
    rank = np.empty(n, dtype=np.int64)
    rank[np.lexsort((-np.arange(n), weight[linked], degree))] = np.arange(n)
    is_hub, part = _by_components(pair, rank) if whole else _by_neighbours(pair, rank)
    is_near = is_hub.copy()
    is_near[pair[0][is_hub[pair[1]]]] = True
    is_near[pair[1][is_hub[pair[0]]]] = True
    joins = part >= 0
    return _Seeds(linked[joins], part[joins], is_hub[joins], is_near[joins])


def _by_components(pair: tuple[Ints, Ints], rank: Ints) -> tuple[npt.NDArray[np.bool_], Ints]:
    n = len(rank)
    links = csr_matrix((np.ones(len(pair[0]), dtype=np.int8), pair), shape=(n, n))
    n_parts, part = connected_components(links, directed=False)
    highest = np.full(n_parts, -1, dtype=np.int64)
    np.maximum.at(highest, part, rank)
    return rank == highest[part], part.astype(np.int64)


def _by_neighbours(pair: tuple[Ints, Ints], rank: Ints) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Texts that no neighbour outranks are hubs; their neighbours join the highest hub, other texts none (-1)."""
    highest = np.full(len(rank), -1, dtype=np.int64)
    np.maximum.at(highest, pair[0], rank[pair[1]])
    np.maximum.at(highest, pair[1], rank[pair[0]])
    is_hub = rank > highest
    hub_rank = np.where(is_hub, rank, -1)
    joined = hub_rank.copy()
    np.maximum.at(joined, pair[0], hub_rank[pair[1]])
    np.maximum.at(joined, pair[1], hub_rank[pair[0]])
    return is_hub, joined


def _peeled(texts: FoldedTexts, seeds: _Seeds) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """One round: (members of the new narratives, the part each is from, their coverage)."""
    whole = texts.take(seeds.texts)
    own = pieces(whole)
    part, members = np.unique(seeds.part, return_inverse=True)[1], seeds.is_near
    # Once for the hub's neighbours, once more for all that the first consensus brought in.
    for _ in range(2):
        consensus = _consensus(own, part, members)
        runs = covered(whole, own, is_among(keyed(part[own.owners], own.hashes), consensus))
        members = belongs(whole, runs)
    size = np.bincount(part[members], minlength=int(part.max(initial=0)) + 1)
    chosen = members & (size >= 2)[part]
    return seeds.texts[chosen], part[chosen], runs.coverage[chosen]


def _consensus(own: Pieces, part: Ints, members: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """The pieces, each with its part, that enough members of the part have: ascending."""
    is_member = members[own.owners]
    keys, owners = keyed(part[own.owners], own.hashes)[is_member], own.owners[is_member]
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    # A piece counts once per text.
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    keys = keys[is_new]
    firsts = (
        np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, dtype=np.int64)
    )
    pieces_of_parts, n_texts = keys[firsts], np.diff(np.append(firsts, len(keys)))
    size = np.bincount(part[members], minlength=int(part.max(initial=0)) + 1)
    needed = np.maximum(2, CONSENSUS_RATE * size[(pieces_of_parts >> np.uint64(32)).astype(np.int64)])
    return np.asarray(pieces_of_parts[n_texts >= needed])


def belongs(texts: FoldedTexts, runs: SharedRuns) -> npt.NDArray[np.bool_]:
    """Whether a text belongs to the narrative whose consensus covers it so.

    Against a consensus that carries no edits, a text with 30 % of its characters edited is covered by half.
    """
    in_stretches = (runs.coverage >= REWORDED_COVERAGE) & (runs.n_stretches >= HALF_STRETCHES)
    return np.asarray(in_stretches | (runs.coverage >= HALF_COVERAGE) | is_passage(texts, runs))


def _numbered(texts: FoldedTexts, found: Ints, share: npt.NDArray[np.float64], weight: Ints) -> Narratives:
    """Numbers narratives by their first text and marks their centres: much of the consensus and little else."""
    members = np.flatnonzero(found >= 0)
    _, firsts, numbers = np.unique(found[members], return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), dtype=np.int64)
    rank[np.argsort(firsts, kind="stable")] = np.arange(len(firsts))
    numbered = np.full(len(found), -1, dtype=np.int64)
    numbered[members] = rank[numbers]
    # The square keeps a text with much of its own from standing for the others because it is long.
    held = np.minimum(share**2 * texts.lengths, 2_000.0)
    order = members[np.lexsort((members, -weight[members], -held[members], numbered[members]))]
    centre = np.zeros(len(found), dtype=bool)
    if len(order):
        centre[order[np.concatenate(([True], numbered[order][1:] != numbered[order][:-1]))]] = True
    return Narratives(numbered, share, centre)
