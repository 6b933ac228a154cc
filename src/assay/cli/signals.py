"""`assay signals`: what is measured, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import Json, out, say_json, say_table
from assay.market import CallerError
from assay.signals.families import SIGNALS
from assay.signals.signal import Signal

group = typer.Typer(help="What is measured, in which unit, what it needs and why.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the group to the program."""
    app.add_typer(group, name="signals")


@group.command("list", epilog="Example: `assay signals list --family price`")
def list_signals(
    family: Annotated[str | None, typer.Option(help="Only one family: price, wording, specification …")] = None,
    json: Json = False,
) -> None:
    """Lists every signal with its subject, direction and the columns it needs."""
    chosen = [signal for signal in SIGNALS if family is None or signal.family == family]
    if not chosen:
        known = ", ".join(sorted({signal.family for signal in SIGNALS}))
        raise CallerError(f"No family of signals is named {family!r}; there are: {known}.", value=family, allowed=known)
    if json:
        say_json([described(signal) for signal in chosen])
        return
    rows = [[s.id, s.subject, s.direction.value, s.unit, ", ".join(s.needs) or "always computed"] for s in chosen]
    say_table(f"{len(chosen)} signals", ["id", "subject", "suspect when", "unit", "needs"], rows)


@group.command("describe", epilog="Example: `assay signals describe price-gap`")
def describe_signal(
    signal_id: Annotated[str, typer.Argument(metavar="ID", help="For example price-gap.")], json: Json = False
) -> None:
    """Tells what one signal measures, when it is shown, why it works and where that is known from."""
    found = next((signal for signal in SIGNALS if signal.id == signal_id), None)
    if found is None:
        raise CallerError(f"No signal is named {signal_id!r}; `assay signals list` shows all of them.", value=signal_id)
    if json:
        say_json(described(found))
        return
    out.print(f"[bold]{found.id}[/] ({found.subject}, {found.unit}; suspect when {found.direction.value})\n")
    for name, text in described(found).items():
        if name not in ("id", "subject", "unit", "direction", "family"):
            out.print(f"[bold]{name.replace('_', ' ')}[/]: {_plain(text)}", markup=True)


def described(signal: Signal) -> dict[str, Any]:
    """The published description of a signal."""
    return {
        "id": signal.id,
        "family": signal.family,
        "subject": signal.subject,
        "unit": signal.unit,
        "direction": signal.direction.value,
        "needs": list(signal.needs),
        "shown_from": signal.fires_above,
        "shown_up_to": signal.fires_below,
        "rationale": signal.rationale,
        "source": signal.source,
        "example": signal.example,
    }


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing: always computed"
    return "never by this side" if value is None else str(value).replace("[", r"\[")
