"""The commands of the program, each imported when it is run: help on all of them must not wait for all of them.

A group of Typer's kind whose commands know their names and first lines only, until one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

# Name: the modules that register it, in their order, and the first line of its help (a test holds it to theirs).
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "demo": (
        ("data",),
        "Does the main jobs on a simulated marketplace: train, rate, report, find campaigns, measure, work on it.",
    ),
    "simulate": (("data",), "Simulates a marketplace with adversaries and known truth."),
    "intake": (("data",), "Takes files and databases into a market, and looks at them first."),
    "rate": (
        ("analysis",),
        "Rates every listing and merchant from 0 to 100 and writes scores, steps and discrepancies.",
    ),
    "explain": (
        ("analysis",),
        "Shows why one listing or merchant scored as it did: what does not fit, then every step to the score.",
    ),
    "report": (
        ("analysis",),
        "Writes one self-contained HTML page: scores, reasons, plots, what was not computed, data quality.",
    ),
    "live": (("live",), "Rate one listing at the moment it is created, as the batch would."),
    "train": (
        ("models",),
        "Trains the two models on the market's verdicts, evaluates them out of fold, writes models and model cards.",
    ),
    "evaluate": (("models",), "Makes the figures of the model card again, from the market alone."),
    "signals": (("signals",), "What is measured, in which unit, what it needs and why."),
    "attacks": (("attacks",), "Finds accounts that act together in posts or reviews, and shows the evidence."),
    "testbuy": (("testbuys",), "Plans, seals and draws test buys, and records what came of them."),
    "prevalence": (
        ("prevalence", "prevalence_report", "damages"),
        "Estimates, compares, publishes and verifies how much is counterfeit.",
    ),
    "casework": (
        ("casework", "programmes", "merchants", "rescue"),
        "Loads ratings for people to act on, and takes back what they found out.",
    ),
    "serve": (
        ("serving",),
        "Serves the console, the portal and the API, and does the periodic work; settings come from the environment.",
    ),
    "backup": (
        ("backups",),
        "Writes database and uploads of a home into one file, as they are at one moment; people may go on working.",
    ),
    "restore": (
        ("backups",),
        "Restores a backup into an empty database, SQLite or PostgreSQL, and verifies the audit log that it holds.",
    ),
    "audit": (("audit",), "Checks, seals and exports the audit log of casework."),
}


class Commands(TyperGroup):
    """The root of the program."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as Typer calls it
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=line) for name, (_modules, line) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401
        """The command that a command line names, with all that belongs to it."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, known and loaded(str(known.name)), rest


def loaded(name: str) -> Any:  # noqa: ANN401 - Typer keeps its command classes private
    """The whole command of a name of `COMMANDS`."""
    part = typer.Typer()
    for module in COMMANDS[name][0]:
        import_module(f"assay.cli.{module}").register(part)
    return typer.main.get_group(part).commands[name]


def every_command() -> Iterator[tuple[str, Any]]:
    """Name and whole command of each, for pages that list them all."""
    for name in COMMANDS:
        yield name, loaded(name)
