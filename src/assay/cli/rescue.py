"""`assay casework person rescue`: lets somebody in again when no administrator can, by whoever runs the server."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from assay.cli.casework import people_group
from assay.cli.console import Json, out, plain, say_json
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.market.errors import CallerError

_EXAMPLE = "Example: `assay casework person rescue ana@example.org --reason 'phone and codes lost'`"


def register(app: typer.Typer) -> None:
    """Adds the command to the group of people."""
    people_group.command("rescue", epilog=_EXAMPLE)(rescue)


def rescue(
    email: Annotated[str, typer.Argument(help="Address that the person signs in with.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")],
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Removes a person's second factor and password and gives a link that sets a new one; recorded in the log."""
    open_home(home)
    need_database()
    need_tables()
    from django.db import transaction
    from django.urls import reverse

    from assay.casework.models import Person
    from assay.casework.services import factors, passwords
    from assay.casework.services.recording import COMMAND_LINE

    person = Person.objects.filter(email=email.strip().lower()).first()
    if person is None:
        raise CallerError(f"Nobody signs in with {email}; `assay casework person list` shows who does.", value=email)
    with transaction.atomic():
        factors.reset(COMMAND_LINE, person, reason=reason)
        link = passwords.invite(COMMAND_LINE, person)
    origin = os.environ.get("ASSAY_ORIGIN", "").rstrip("/") or "http://localhost:8000"
    address = f"{origin}{reverse('accounts:invitation', args=[link])}"
    if json:
        say_json({"email": person.email, "link": address, "days": passwords.INVITATION_DAYS})
        return
    out.print(plain(f"The second factor and the password of {person.email} are removed, open sessions have ended."))
    out.print(plain(f"Link that sets a password, good once and for {passwords.INVITATION_DAYS} days:"))
    out.print(plain(address))
