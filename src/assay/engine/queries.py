"""The query text of an Ibis expression, with what Ibis leaves to each engine's own taste settled."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge


def query_text(connection: Any, expression: ir.Table) -> str:  # noqa: ANN401 (an Ibis backend has no type of its own)
    """The SQL of an expression for a connection, with every floating-point literal written as one.

    Ibis writes 1.0, which both DuckDB and Spark read as a decimal: a mean of such flags is then rounded to five
    places on Spark, and a comparison with 0.0 takes 1e-60 for zero.
    """
    connection._run_pre_execute_hooks(expression)
    query = connection.compiler.to_sqlglot(expression)
    for literal in query.find_all(sge.Literal):
        if not literal.is_string and "." in literal.this and "e" not in literal.this.lower():
            literal.set("this", f"{literal.this}e0")
    return str(query.sql(dialect=connection.dialect, unsupported_level=sg.ErrorLevel.RAISE))
