"""What a family hands back: which of its signals a market allows, and the columns that belong to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.signal import Signal


def computable(market: Market, signals: Iterable[Signal], subject: str) -> tuple[Signal, ...]:
    """The signals about that subject whose columns the market holds, in the order given."""
    return tuple(signal for signal in signals if signal.subject == subject and market.has(*signal.needs))


def columns_of(table: ir.Table, signals: Iterable[Signal], subject: str) -> ir.Table:
    """`table` cut down to the subject's id and the value (float64) and fact columns of the signals."""
    kept = {f"{subject}_id": table[f"{subject}_id"]}
    for signal in signals:
        kept[signal.column] = table[signal.column].cast("float64")
        kept.update({name: table[name] for name in table.columns if name.startswith(f"{signal.column}__")})
    return table.select(**kept)


def told(table: ir.Table, signals: Iterable[Signal], *always: str) -> ir.Table:
    """`table` with its facts only in rows where one of the signals fires; the columns `always` everywhere.

    Facts are read when a discrepancy is told, which is in few rows; everywhere else they would be written for nothing.
    """
    fires = ibis.literal(False)
    for signal in signals:
        value = table[signal.column]
        if signal.fires_above is not None:
            fires = fires | (value >= signal.fires_above).fill_null(False)
        if signal.fires_below is not None:
            fires = fires | (value <= signal.fires_below).fill_null(False)
    facts = [name for name in table.columns if "__" in name and name not in always]
    marked = table.mutate(is_told=fires)
    blank = {name: marked.is_told.ifelse(marked[name], ibis.null(marked[name].type())) for name in facts}
    return marked.mutate(**blank).drop("is_told")


def once(work: Workspace, name: str, make: Callable[[], ir.Table]) -> ir.Table:
    """The step `name`, made by the first family that asks and read back by every later one of the same run."""
    if name in work.seconds:
        return work.engine.read(work.folder / name)
    return work.step(name, make())
