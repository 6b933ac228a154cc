"""Writes the generated reference pages: `python -m assay.cli.reference docs/reference`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from assay.cli.commands import every_command
from assay.cli.reference_api import api_page
from assay.cli.reference_casework import audit_events_page, settings_page
from assay.market import reference
from assay.signals.families import SIGNALS
from assay.signals.signal import Signal


def pages() -> dict[str, str]:
    """File name -> text of every generated reference page."""
    return {
        "market.md": reference.page(),
        "signals.md": signals_page(),
        "commands.md": commands_page(),
        "audit-events.md": audit_events_page(),
        "settings.md": settings_page(),
        "api.md": api_page(),
    }


def signals_page() -> str:
    """Every signal, by family, from its declaration."""
    parts = [
        "# Signals\n",
        "Generated from the code by `make docs`. A signal whose columns hold nothing is reported as not computed. "
        "Null is *not checked*; 0 is *checked, nothing found*.\n",
    ]
    family = ""
    for signal in SIGNALS:
        if signal.family != family:
            family = signal.family
            parts.append(f"\n## {family}\n")
        parts.append(_signal_section(signal))
    return "\n".join(parts)


def _signal_section(signal: Signal) -> str:
    shown = [
        f"at or above {signal.fires_above:g}" if signal.fires_above is not None else "",
        f"at or below {signal.fires_below:g}" if signal.fires_below is not None else "",
    ]
    needs = ", ".join(f"`{name}`" for name in signal.needs) or "nothing: always computed"
    return (
        f"### {signal.id}\n\n{signal.rationale}\n\n"
        f"| | |\n|---|---|\n| subject | {signal.subject} |\n| unit | {signal.unit} |\n"
        f"| suspect when | {signal.direction.value} |\n| needs | {needs} |\n"
        f"| shown as a discrepancy | {' or '.join(filter(None, shown)) or 'never; the model weighs it'} |\n"
        f"| source | {signal.source} |\n| example | {signal.example} |\n"
    )


def commands_page() -> str:
    """Every command with its arguments and options, from the program itself."""
    head = "# Commands\n\nGenerated from the program by `make docs`. Every command takes `--help`.\n"
    return head + "\n".join(part for name, each in every_command() for part in _command_sections(each, f"assay {name}"))


def _command_sections(command: Any, path: str) -> list[str]:  # noqa: ANN401 - typer keeps its command classes private
    if hasattr(command, "commands"):
        return [part for name, found in command.commands.items() for part in _command_sections(found, f"{path} {name}")]
    lines = [f"\n## {path}\n", (command.help or "").strip(), ""]
    if command.epilog:
        lines += [command.epilog.strip(), ""]
    lines += ["| parameter | meaning |", "|---|---|"]
    return ["\n".join([*lines, *(_parameter_row(parameter) for parameter in command.params)])]


def _parameter_row(parameter: Any) -> str:  # noqa: ANN401 - as above
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    return f"| {names} | {_one_line(getattr(parameter, 'help', None))} |"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").replace("|", r"\|").split())


def main() -> None:
    """Writes the pages into the folder given on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
