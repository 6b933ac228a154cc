"""Stated attributes: against the catalogue, against what is possible, and how complete they are for their kind."""

from __future__ import annotations

import re
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import orjson
import pyarrow as pa

from assay.engine import Workspace
from assay.signals.attribute_text import attribute_text, contradiction_text
from assay.signals.brand_lists import folded
from assay.signals.impossible import impossible

# Joins the names of one specification; never part of a name.
JOINER = "\x1f"
# A name is usual when half of the specifications in the cell state it; fewer specifications than 20 set no norm.
USUAL_SHARE = 0.5
LEAST_SPECIFICATIONS = 20

SCHEMA = pa.schema(
    [
        ("cell", pa.int64()),
        ("attributes", pa.string()),
        ("catalogue", pa.string()),
        ("category_cell", pa.int64()),
        ("n", pa.int64()),
        ("n_contradictions", pa.int32()),
        ("contradiction", pa.string()),
        ("n_impossible", pa.int32()),
        ("impossible", pa.string()),
        ("names", pa.string()),
    ]
)


def checked_attributes(work: Workspace, table: ir.Table, cells: ir.Table) -> ir.Table:
    """What is found in every different specification: a row per cell, attributes and catalogue ("" without product).

    `table` has cell, category_cell, category, attributes and catalogue. Columns: n_contradictions (null when no stated
    name is in the catalogue), contradiction (text of the first), n_impossible, impossible, n_usual (names usual for
    brand x category, else for the category; null without a norm), n_filled (how many of these are stated).
    """
    stated = table.filter(table.attributes.notnull())
    pairs = stated.group_by("cell", "attributes", catalogue=stated.catalogue.fill_null("")).agg(
        category=stated.category.min(), category_cell=stated.category_cell.min(), n=stated.count()
    )
    found = work.map_step("spec_attributes", pairs, check_attributes, SCHEMA)
    filled = _filled(found, usual_names(work, found, cells))
    joined = found.left_join(filled, ["cell", "names"]).drop("cell_right", "names_right")
    joined = joined.mutate(n_filled=joined.n_filled.fill_null(0))
    return work.step("spec_pairs", joined.drop("category_cell", "n", "names"))


def check_attributes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Parses every specification and its catalogue entry once and compares them."""
    rows = [_checked(row) for row in batch.to_pylist()]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def _checked(row: Mapping[str, object]) -> dict[str, object]:
    stated, allowed = _parsed(row["attributes"]), _parsed(row["catalogue"])
    shared = [name for name in stated if name in allowed]
    wrong = [name for name in shared if contradicts(stated[name], allowed[name])]
    odd = impossible(stated, str(row["category"] or ""))
    kept = {name: row[name] for name in ("cell", "attributes", "catalogue", "category_cell", "n")}
    return kept | {
        "n_contradictions": len(wrong) if shared else None,
        "contradiction": contradiction_text(wrong[0], stated[wrong[0]], allowed[wrong[0]]) if wrong else None,
        "n_impossible": len(odd),
        "impossible": f"{attribute_text(*odd[0][:2])}; {odd[0][2]}" if odd else None,
        "names": JOINER.join(sorted(name for name, value in stated.items() if value)),
    }


def _parsed(text: object) -> dict[str, str]:
    """Names and values of a JSON object; empty for anything else (intake has rejected what is no object)."""
    try:
        found = orjson.loads(str(text)) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return (
        {str(name): str(value) for name, value in found.items() if value is not None} if isinstance(found, dict) else {}
    )


def contradicts(stated: str, allowed: str) -> bool:
    """Whether none of the stated values is among the allowed ones (both joined by |).

    Case, width, spaces and a zero decimal do not matter, and a value that holds an allowed one as whole words fits:
    "genuine leather" is leather.

    >>> contradicts("41,0", "39|40|41"), contradicts("Genuine Leather", "leather"), contradicts("99", "39|40|41")
    (False, False, True)
    """
    values, fits = _values(stated), _values(allowed)
    if not values or not fits or values & fits:
        return False
    return not any(re.search(rf"(?<!\w){re.escape(fit)}(?!\w)", value) for value in values for fit in fits)


def _values(text: str) -> set[str]:
    parts = (folded(part) for part in text.split("|"))
    return {re.sub(r"(?<=\d)\s+(?=[a-z])|(?<=\d)[.,]0+$", "", part) for part in parts if part}


def usual_names(work: Workspace, found: ir.Table, cells: ir.Table) -> ir.Table:
    """The attribute names usual in every cell (cell, name): of its brand x category, else of its category."""
    stated = found.filter(found.names != "")
    own = work.step("spec_names", _usual(stated, "cell"))
    wide = work.step("spec_category_names", _usual(stated, "category_cell"))
    pairs = cells.select("cell", "category_cell").distinct()
    rest = pairs.anti_join(own, "cell").join(wide, "category_cell")
    return work.step("spec_usual", ibis.union(own.select("cell", "name"), rest.select("cell", "name")))


def _usual(stated: ir.Table, group: str) -> ir.Table:
    """Per group with enough specifications, the names that at least half of them state."""
    counts = name_counts(stated, group)
    usual = (counts.total >= LEAST_SPECIFICATIONS) & (counts.n_with >= counts.total * USUAL_SHARE)
    return counts.filter(usual).select(group, "name")


def name_counts(stated: ir.Table, group: str) -> ir.Table:
    """Per group and attribute name: total (specifications of the group) and n_with (those that state the name)."""
    sets = stated.group_by(group, "names").agg(n=stated.n.sum())
    totals = sets.group_by(group).agg(total=sets.n.sum())
    names = sets.select(group, "n", name=sets.names.split(JOINER)).mutate(name=lambda t: t.name.unnest())
    return names.group_by(group, "name").agg(n_with=names.n.sum()).join(totals, group)


def _filled(found: ir.Table, usual: ir.Table) -> ir.Table:
    """How many of the usual names each set of names has: cell, names, n_filled."""
    sets = found.filter(found.names != "").select("cell", "names").distinct()
    names = sets.mutate(name=sets.names.split(JOINER)).mutate(name=lambda t: t.name.unnest())
    hits = names.join(usual, ["cell", "name"])
    return hits.group_by("cell", "names").agg(n_filled=hits.count())
