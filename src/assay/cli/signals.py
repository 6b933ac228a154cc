"""`assay signals`: what is measured, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import Json, out, say_grid, say_json, say_table
from assay.market import CallerError
from assay.pipeline.labels import label
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
    """Lists every signal with what it measures, of what, and when it is suspect."""
    chosen = [signal for signal in SIGNALS if family is None or signal.family == family]
    if not chosen:
        known = ", ".join(sorted({signal.family for signal in SIGNALS}))
        raise CallerError(f"No family of signals is named {family!r}; there are: {known}.", value=family, allowed=known)
    if json:
        say_json([described(signal) for signal in chosen])
        return
    rows = [[s.id, label(s.id), s.subject, s.direction.value] for s in chosen]
    say_table("", ["id", "what it measures", "of", "suspect when"], rows)
    out.print(f"\n{len(chosen)} signals; `assay signals describe ID` says what one needs and why it works.")


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
    out.print(f"[bold]{found.id}[/]: {label(found.id)} (of a {found.subject}, suspect when {found.direction.value})\n")
    rows = [[name.replace("_", " "), _plain(described(found)[name])] for name in _DESCRIBED]
    say_grid(rows)


_DESCRIBED = ("unit", "shown_from", "shown_up_to", "needs", "rationale", "source", "example")


def described(signal: Signal) -> dict[str, Any]:
    """The published description of a signal."""
    return {
        "id": signal.id,
        "label": label(signal.id),
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
    if isinstance(value, float):
        return f"{value:.3g}"
    return "never by this side" if value is None else str(value)
