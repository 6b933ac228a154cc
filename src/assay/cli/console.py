"""What commands print: progress on standard error, results on standard output, JSON when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from assay.engine import EngineSettings
from assay.engine.engine import Progress as ProgressCall
from assay.market import AssayError
from assay.publishing import visible

# Wide enough for the widest table; a file or a pipe has no width of its own.
_PIPE_COLUMNS = 100
# A sentence with two quoted titles stays below it; longer ones are somebody's filler.
_MOST_CHARACTERS = 1_000


class _Console(Console):
    """A console that leaves quietly when nobody reads it any more, as `| head` does."""

    def on_broken_pipe(self) -> None:
        close_broken_pipe()
        raise SystemExit(0)


def _width(*, is_terminal: bool) -> int | None:
    return None if is_terminal or "COLUMNS" in os.environ else _PIPE_COLUMNS


out = _Console(highlight=False, soft_wrap=True, width=_width(is_terminal=sys.stdout.isatty()))
errors = _Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output, nothing else.")]
EngineUrl = Annotated[
    str | None,
    typer.Option(
        "--engine", envvar="ASSAY_ENGINE", help="duckdb (default), a Spark master (spark://…) or Connect URL (sc://…)."
    ),
]
Memory = Annotated[
    float | None,
    typer.Option("--memory", min=0.25, envvar="ASSAY_MEMORY_GIB", help="GiB for everything; default half the machine."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, envvar="ASSAY_WORKERS", help="Cores to use; default all.")
]


def settings(memory: float | None, workers: int | None, progress: ProgressCall | None) -> EngineSettings:
    """Engine settings from the options that were given."""
    given = {"memory_gib": memory, "workers": workers}
    return EngineSettings(progress=progress, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]


def say_json(value: Any) -> None:  # noqa: ANN401 - whatever a command returns
    """Prints dataclasses, mappings and lists as indented JSON with sorted keys."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    try:
        sys.stdout.write(orjson.dumps(value, default=_plain, option=options).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        close_broken_pipe()
        raise SystemExit(0) from None


def _plain(value: Any) -> Any:  # noqa: ANN401 - orjson's hook
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def say_error(error: AssayError, *, as_json: bool) -> None:
    """The fault in one sentence on standard error; with --json also as an object on standard output."""
    if as_json:
        say_json(error.as_dict())
    errors.print(Text.assemble(("assay: ", "bold red"), visible(error.message, _MOST_CHARACTERS)))


def plain(text: str, limit: int = _MOST_CHARACTERS) -> Text:
    """Text that may hold a stranger's words: no markup is read in it and no escape sequence reaches the terminal."""
    return Text(visible(text, limit))


def say_table(title: str, head: list[str], rows: list[list[str]], right: frozenset[int] = frozenset()) -> None:
    """A plain table; columns in `right` are right-aligned. Cells may have several lines."""
    table = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold", no_wrap=place in right)
    for row in rows:
        table.add_row(*(Text("\n").join(plain(line) for line in cell.split("\n")) for cell in row))
    out.print(table, soft_wrap=False)


def say_grid(rows: list[list[str]]) -> None:
    """A short column, right-aligned, and a text that wraps beside it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", min_width=4)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*(plain(cell) for cell in row))
    out.print(grid, soft_wrap=False)


def close_broken_pipe() -> None:
    """Points standard output at nothing, so that Python does not complain about the closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[ProgressCall | None]:
    """A progress bar on standard error that follows engine steps; None when quiet or not on a terminal."""
    if quiet or not errors.is_terminal:
        yield None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def follow(step: str, done: int, total: int) -> None:
        if step not in tasks:
            for task in tasks.values():
                bar.update(task, visible=False)
            tasks[step] = bar.add_task(step.replace("_", " "), total=total)
        bar.update(tasks[step], completed=done, total=total)

    with bar:
        yield follow
