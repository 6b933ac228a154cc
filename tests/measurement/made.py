"""Tables of test buys made by hand: strata with their sizes, and what became of every buy."""

import pyarrow as pa


def stratum(name, n_units, outcomes, **more):
    """One stratum: `outcomes` of its buys in order; more: pot, sizes (orders of each buy, 1), n_orders, rate, score."""
    pot, score = more.get("pot", "measure"), more.get("score")
    sizes = more.get("sizes") or [1] * len(outcomes)
    rows = [
        {
            "unit": f"{name}-{i}",
            "pot": pot,
            "stratum": name,
            "is_plain": False,
            "inclusion_probability": len(outcomes) / n_units,
            "n_orders": size,
            "revenue_minor": 100 * size,
            "outcome": outcome,
            "second_outcome": None,
            "known": None,
            "score": score,
            "category": None,
        }
        for i, (outcome, size) in enumerate(zip(outcomes, sizes, strict=True))
    ]
    total = more.get("n_orders", n_units)
    frame = {"stratum": name, "n_units": n_units, "n_orders": total, "revenue_minor": 100 * total}
    return rows, frame | {"n_drawn": len(outcomes), "expected_rate": more.get("rate")}


def tables(*parts, controls=()):
    """(units, strata) of the parts; `controls` are (known, outcome) pairs."""
    rows = [row for part, _ in parts for row in part]
    blank = dict.fromkeys(rows[0])
    rows += [
        blank | {"unit": f"k{i}", "pot": "control", "is_plain": False, "known": known, "outcome": outcome}
        for i, (known, outcome) in enumerate(controls)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA), pa.Table.from_pylist([frame for _, frame in parts])


def found(n_positive, n, *failures):
    """Outcomes of n buys, the first of them counterfeit, then failures, the rest genuine."""
    return ["counterfeit"] * n_positive + list(failures) + ["genuine"] * (n - n_positive - len(failures))


def changed(units, column, values):
    """The units with `column` replaced."""
    at = units.schema.get_field_index(column)
    return units.set_column(at, units.schema.field(at), pa.array(values, units.schema.field(at).type))


SCHEMA = pa.schema(
    [
        ("unit", pa.string()),
        ("pot", pa.string()),
        ("stratum", pa.string()),
        ("is_plain", pa.bool_()),
        ("inclusion_probability", pa.float64()),
        ("n_orders", pa.int64()),
        ("revenue_minor", pa.int64()),
        ("outcome", pa.string()),
        ("second_outcome", pa.string()),
        ("known", pa.string()),
        ("score", pa.float64()),
        ("category", pa.string()),
    ]
)
