"""Opens casework's home for a command: settings, database, tables, each refused in one sentence when it is not fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.market.errors import CallerError, OutsideError

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor

HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", envvar="ASSAY_HOME", help="Folder of database, keys and uploads; default ./assay-home."),
]


def open_home(home: Path | None) -> None:
    """Makes Django ready with the settings of this home; again for the same one does nothing.

    CallerError for a DATABASE_URL that cannot be read, OutsideError for a folder that cannot be written.
    """
    import django
    from django.conf import settings

    if home is not None and not settings.configured:
        os.environ["ASSAY_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.web.settings")
    try:
        opened: Path = settings.HOME
        django.setup()
    except ValueError as error:  # dj-database-url's UnknownSchemeError and ParseError are ValueErrors
        raise CallerError(
            f"DATABASE_URL cannot be read ({_first_line(error)}); allowed are postgres://user:password@host:port/name "
            "and sqlite:///path.",
            where={"variable": "DATABASE_URL"},
            allowed="postgres://… or sqlite:///…",
        ) from error
    if home is not None and opened != home.absolute():
        raise CallerError(f"The home {opened} is open in this process; {home} needs a process of its own.")


def need_database() -> str:
    """Connects, and gives the database's name for people; OutsideError when it cannot be reached."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError, connection

    name = database_name()
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except ImproperlyConfigured as error:
        raise OutsideError(
            f"{name} needs its driver; install it with `pip install 'assay[postgres]'`.", allowed="assay[postgres]"
        ) from error
    except DatabaseError as error:
        raise OutsideError(
            f"{name} cannot be reached ({_first_line(error)}); start it, or correct DATABASE_URL.",
            where={"variable": "DATABASE_URL"},
        ) from error
    return name


def database_name() -> str:
    """The database as people call it: no user, no password."""
    from django.db import connection

    asked = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"The SQLite database {asked['NAME']}"
    place = f"{asked['HOST'] or 'localhost'}{':' + str(asked['PORT']) if asked['PORT'] else ''}"
    return f"The PostgreSQL database {asked['NAME']} at {place}"


def need_tables(*, migrate: bool = False) -> None:
    """Checks that the tables are those of this version; makes them so with `migrate`, else CallerError."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    _refuse_newer(executor)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan and migrate:
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
    elif plan:
        missing = [f"{step.app_label}.{step.name}" for step, _backwards in plan]
        raise _behind(missing, bool(executor.loader.applied_migrations))


def _behind(missing: list[str], is_old: bool) -> CallerError:
    how = "run `assay casework migrate`, or add --migrate"
    why = f"has no tables yet; {how}"
    if is_old:
        n = f"{len(missing)} migrations are" if len(missing) > 1 else "1 migration is"
        why = f"is behind this version of Assay: {n} missing, the first is {missing[0]}; make a backup, then {how}"
    return CallerError(
        f"{database_name()} {why}.",
        where={"migration": missing[0]},
        value=len(missing),
        allowed="assay casework migrate",
    )


def _refuse_newer(executor: MigrationExecutor) -> None:
    known = executor.loader.disk_migrations or {}
    applied = [each for each in executor.loader.applied_migrations if each[0] == "casework"]
    unknown = [name for app, name in applied if (app, name) not in known]
    if unknown:
        raise CallerError(
            f"{database_name()} was made by a newer Assay: it has the migration casework.{max(unknown)}, which this "
            "version does not know; run that version or restore an older backup.",
            where={"migration": f"casework.{max(unknown)}"},
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
