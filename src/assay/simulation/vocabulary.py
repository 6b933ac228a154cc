"""Word pools read from the package, laid out flat so that a whole chunk can draw from them by index."""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa

from assay.simulation.draws import Floats, Ints

LANGUAGES = ("en", "zh", "ru", "es", "de")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a tab-separated pool."""
    return list(csv.DictReader(io.StringIO(_text(name)), delimiter="\t"))


def toml(name: str) -> dict[str, Any]:
    """A pool of phrases in TOML."""
    return tomllib.loads(_text(name))


def _text(name: str) -> str:
    return (files("assay.simulation") / "pools" / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Pool:
    """Phrases of several groups in one flat Arrow array; group g holds `sizes[g]` phrases from `starts[g]`."""

    phrases: pa.Array
    starts: Ints
    sizes: Ints

    def take(self, group: Ints, fraction: Floats) -> pa.Array:
        """For each row the phrase of its group at that fraction (0 to 1) of the group's list."""
        index = self.starts[group] + (fraction * self.sizes[group]).astype(np.int64)
        return self.phrases.take(pa.array(index))


def pool(groups: list[list[str]]) -> Pool:
    """A pool of these groups of phrases, in order."""
    sizes = np.array([len(g) for g in groups], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return Pool(pa.array([phrase for g in groups for phrase in g], pa.string()), starts, sizes)


@lru_cache(maxsize=1)
def wording() -> dict[str, Pool]:
    """Words and sentences of titles, descriptions and shop names; one pool per sort, grouped by language index."""
    data = toml("wording.toml")
    return {sort: pool([data[language][sort] for language in LANGUAGES]) for sort in data["en"]}


REVIEW_KINDS = ("good", "plain", "bad", "fake", "denied", "elsewhere")


@lru_cache(maxsize=1)
def review_sentences() -> Pool:
    """Review sentences; group = language index * 6 + kind index."""
    data = toml("reviews.toml")
    return pool([data[language][kind] for language in LANGUAGES for kind in REVIEW_KINDS])


@lru_cache(maxsize=1)
def nouns() -> Pool:
    """What the goods are called; group = category index * 5 + language index."""
    return pool([row[language].split("|") for row in rows("categories.tsv") for language in LANGUAGES])


@lru_cache(maxsize=1)
def title_values() -> Pool:
    """Values of the first attribute as titles write them; group = category index * 5 + language index.

    The values stand in the same places as in `attribute_values`, where they keep the catalogue's wording.
    """
    words = {row["en"]: row for row in rows("values.tsv")}
    table = [row["values_a"].split("|") for row in rows("categories.tsv")]
    return pool([[words.get(v, {}).get(language, v) for v in values] for values in table for language in LANGUAGES])


@lru_cache(maxsize=1)
def attribute_values() -> tuple[Pool, Pool]:
    """Values of the first and the second attribute of each category."""
    table = rows("categories.tsv")
    return pool([r["values_a"].split("|") for r in table]), pool([r["values_b"].split("|") for r in table])
