"""The numbers that the tests' database gives to new rows."""

from django.apps import apps
from django.db import connection


def begin_anew() -> None:
    """Have every table go on after the rows that it holds, whatever a rollback has left of its sequence."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence")
            return
        metas = [model._meta for model in apps.get_models() if model._meta.auto_field]
        cursor.execute("SELECT " + ", ".join(_next_number(meta.db_table, meta.auto_field.column) for meta in metas))


def _next_number(table: str, column: str) -> str:
    first = f'(SELECT COALESCE(MAX("{column}"), 0) + 1 FROM "{table}")'
    return f"setval(pg_get_serial_sequence('{table}', '{column}'), {first}, false)"
