"""Reference pages of casework: audit events and settings. Django is made ready for them, without home or database."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
from pathlib import Path

import assay

_SOURCE = Path(assay.__file__).parent


def audit_events_page() -> str:
    """Every action that the audit log may hold, by the service that records it, from the services' `EVENTS`."""
    make_django_ready()
    from django.utils import translation

    from assay.casework import services

    parts = [
        "# Audit events\n",
        "Generated from the code by `make docs`. Every event also holds its number, time, actor and role, subject, the "
        "states before and after, a reason where one was asked for, and its hash; see "
        "[the audit log](../explanation/audit.md).",
    ]
    with translation.override("en"):
        for each in sorted(pkgutil.iter_modules(services.__path__), key=lambda module: module.name):
            events = getattr(importlib.import_module(f"{services.__name__}.{each.name}"), "EVENTS", {})
            if events:
                parts += [f"\n## {each.name}\n", "| action | meaning |", "|---|---|"]
                parts += [f"| `{action}` | {words} |" for action, words in sorted(events.items())]
    return "\n".join(parts)


def settings_page() -> str:
    """Every environment variable of the server, from the table above its settings."""
    text = ast.get_docstring(ast.parse((_SOURCE / "web" / "settings.py").read_text(encoding="utf-8"))) or ""
    table = [line for line in text.splitlines() if line.startswith("|")]
    head = "# Settings\n\nGenerated from the code by `make docs`. All of them are environment variables.\n"
    return "\n".join([head, *(_row(line) for line in table)])


def make_django_ready() -> None:
    """Django with settings that touch nothing, unless a program has its own already."""
    import django
    from django.conf import settings

    if not settings.configured:
        os.environ.setdefault("ASSAY_SECRET_KEY", "only for reference pages: nothing is signed with it")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.web.settings")
        django.setup()


def _row(line: str) -> str:
    """The variable's name as code; the head and the line below it as they are."""
    name = line.split("|")[1].strip()
    return line.replace(name, f"`{name}`", 1) if name.isupper() else line
