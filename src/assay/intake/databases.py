"""SQLite and PostgreSQL: the rows of a table or query, streamed; the database is only read."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.intake.batches import BATCH_ROWS, Batch, Reader, batch_of_rows
from assay.intake.delimited import unique_names
from assay.intake.streams import open_file
from assay.market.errors import CallerError, OutsideError

_PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)|(?<=password=)[^&\s]+")


def is_address(source: str) -> bool:
    """Whether a source is the address of a database rather than a path."""
    return source.startswith(("sqlite:///", "postgresql://", "postgres://"))


def without_password(address: str) -> str:
    """The address fit to be shown.

    >>> without_password("postgresql://ann:secret@db/shop")
    'postgresql://ann:***@db/shop'
    """
    return _PASSWORD.sub("***", address)


def read_sqlite(path: Path, query: str | None) -> Reader:
    """Opens a SQLite file read-only and runs the query of its mapping."""
    open_file(path).close()
    query = _stated(query, path.name)
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        cursor = connection.execute(query)
    except sqlite3.OperationalError as error:
        tables = _tables(connection)
        connection.close()
        raise CallerError(
            f"{path.name} cannot answer {query!r}: {error}; it has the tables {', '.join(tables) or '(none)'}.",
            where={"file": str(path)},
            value=query,
        ) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise OutsideError(f"{path.name} is damaged or no SQLite file: {error}.", where={"file": str(path)}) from error
    columns = unique_names([column[0] for column in cursor.description])
    return Reader(columns, _sqlite_batches(connection, cursor, columns, path))


def table_names(path: Path) -> list[str]:
    """Tables and views of a SQLite file, in alphabetical order; none when it is no database."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return _tables(connection)
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
        return [name for (name,) in found]
    except sqlite3.DatabaseError:
        return []


def _sqlite_batches(
    connection: sqlite3.Connection, cursor: sqlite3.Cursor, columns: tuple[str, ...], path: Path
) -> Iterator[Batch]:
    try:
        yield from _batches(cursor, columns)
    except sqlite3.DatabaseError as error:
        raise OutsideError(
            f"{path.name} breaks off: {error}; nothing was taken in.", where={"file": str(path)}
        ) from error
    finally:
        connection.close()


def _batches(cursor: Any, columns: tuple[str, ...]) -> Iterator[Batch]:  # noqa: ANN401 - any DB-API cursor
    first = 1
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield batch_of_rows(columns, rows, first)
        first += len(rows)


def read_postgres(address: str, query: str | None) -> Reader:
    """Opens a PostgreSQL database in a read-only transaction and streams the query through a server-side cursor."""
    shown = without_password(address)
    query = _stated(query, shown)
    try:
        import psycopg
    except ImportError as error:
        raise CallerError(
            f"Reading {shown} needs the package psycopg; install it with `pip install 'assay[postgres]'`.", value=shown
        ) from error
    try:
        connection = psycopg.connect(address)
    except psycopg.Error as error:
        raise OutsideError(f"{shown} cannot be reached: {_one_line(error)}.", where={"source": shown}) from error
    connection.read_only = True
    cursor = connection.cursor(name="assay_intake")
    try:
        cursor.execute(query)
    except psycopg.Error as error:
        _close(cursor, connection)
        raise CallerError(f"{shown} cannot answer {query!r}: {_one_line(error)}.", value=query) from error
    columns = unique_names([column.name for column in cursor.description])
    return Reader(columns, _postgres_batches(connection, cursor, columns, shown))


def _postgres_batches(connection: Any, cursor: Any, columns: tuple[str, ...], shown: str) -> Iterator[Batch]:  # noqa: ANN401
    import psycopg

    try:
        yield from _batches(cursor, columns)
    except psycopg.Error as error:
        raise OutsideError(f"{shown} breaks off: {_one_line(error)}; nothing was taken in.") from error
    finally:
        _close(cursor, connection)


def _close(cursor: Any, connection: Any) -> None:  # noqa: ANN401 - an optional package
    """Closes both; the server may have closed them already."""
    import psycopg

    with suppress(psycopg.Error):
        cursor.close()
    connection.close()


def _one_line(error: Exception) -> str:
    return without_password(" ".join(str(error).split())).rstrip(".")


def _stated(query: str | None, shown: str) -> str:
    if query is None:
        raise CallerError(
            f'{shown} is a database, and its [[source]] does not say what to read; state table = "…" or query = "…".',
            value=shown,
        )
    return query
