"""Merchants' accounts in bulk, from a CSV file: everything in it is brought in, or nothing.

A row is a person of a merchant; the merchant's organisation is made with its first person. What is there already stays
as it is, so the same file twice adds nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.casework.access import need
from assay.casework.masking import safe_cell
from assay.casework.models import Language, Organisation, OrganisationKind, Person, Role
from assay.casework.services.people import is_email
from assay.casework.services.recording import Actor, Happening, record_all
from assay.market.errors import CallerError
from assay.publishing.visible import visible

COLUMNS = ("merchant_id", "organisation", "language", "person", "email")
# One transaction writes them all while every other writer waits for the log: five times what a market adds at once.
MOST_ROWS = 50_000
# What a mail address and the columns of the tables hold.
_MOST = {"merchant_id": 200, "organisation": 300, "language": 10, "person": 200, "email": 254}
_SAID = 20
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Account:
    """One row of the file: a person of a merchant. `line` is where it begins."""

    line: int
    merchant_id: str
    organisation: str
    language: str
    person: str
    email: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a row out."""

    line: int
    column: str
    said: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.column}' if self.column else ''}: {self.said}"


class Faulty(CallerError):
    """A file with faults, all of them in `faults`; nothing of it was written. Exit code 2."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=attrgetter("line")))
        shown = "\n".join(f"  {each}" for each in self.faults[:_SAID])
        more = f"\n  and {len(self.faults) - _SAID:,} more" if len(self.faults) > _SAID else ""
        super().__init__(
            f"Nothing was written: {len(self.faults):,} faults in the file.\n{shown}{more}",
            where={"line": self.faults[0].line},
            value=len(self.faults),
            allowed=f"columns {', '.join(COLUMNS)}; languages {', '.join(Language.values)}",
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file adds: the first row of every new organisation, new people, and how many people are there already."""

    organisations: tuple[Account, ...]
    people: tuple[Account, ...]
    n_known: int


def read(content: bytes) -> tuple[Account, ...]:
    """The rows of a CSV file in UTF-8. Faulty with every fault in it, each with its line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Faulty(
            [Fault(line, "", f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")]
        ) from None
    accounts: list[Account] = []
    faults: list[Fault] = []
    for line, cells in _rows(text):
        row = Account(line, **cells | {"email": cells["email"].lower()})
        found = list(_faults_of(row))
        faults += found
        accounts += [] if found else [row]
    faults += _contradictions(accounts)
    if len(accounts) > MOST_ROWS:
        faults.append(Fault(accounts[MOST_ROWS].line, "", f"at most {MOST_ROWS:,} rows at once; split the file"))
    if faults:
        raise Faulty(faults)
    return tuple(accounts)


def plan(accounts: Sequence[Account]) -> Plan:
    """What would be added; nothing is written. Faulty where the tables do not allow it."""
    there = Organisation.objects.in_bulk({each.merchant_id for each in accounts}, field_name="merchant_id")
    known = Person.objects.select_related("organisation").in_bulk({each.email for each in accounts}, field_name="email")
    faults: list[Fault] = []
    organisations: dict[str, Account] = {}
    people: list[Account] = []
    for each in accounts:
        own, person = there.get(each.merchant_id), known.get(each.email)
        if own is not None and own.closed_at is not None:
            faults.append(Fault(each.line, "merchant_id", f"the organisation of {each.merchant_id!r} is closed"))
        elif person is not None and (own is None or person.organisation_id != own.pk):
            faults.append(Fault(each.line, "email", f"somebody of another organisation signs in with {each.email}"))
        elif person is None:
            people.append(each)
            if own is None:
                organisations.setdefault(each.merchant_id, each)
    if faults:
        raise Faulty(faults)
    return Plan(tuple(organisations.values()), tuple(people), len(accounts) - len(people))


def bring_in(actor: Actor, accounts: Sequence[Account]) -> Plan:
    """Adds what is not there yet, in one transaction. Nobody can sign in before they have used an invitation."""
    if actor.person is not None:
        need(actor.person, "organisation.change")
        need(actor.person, "person.add")
    try:
        with transaction.atomic():
            wanted = plan(accounts)
            _write(actor, wanted)
    except IntegrityError as error:
        raise CallerError(
            "Somebody else has just added some of these accounts; nothing was written. Run it again."
        ) from error
    return wanted


def without_password(accounts: Sequence[Account]) -> list[Person]:
    """The people of a file who cannot sign in yet, in its order: they need an invitation."""
    rows = Person.objects.in_bulk({each.email for each in accounts}, field_name="email")
    found = [rows[each.email] for each in accounts if each.email in rows]
    return [each for each in found if each.is_active and not each.has_usable_password()]


def _write(actor: Actor, wanted: Plan) -> None:
    now = timezone.now()
    made = Organisation.objects.bulk_create(
        [
            Organisation(
                kind=OrganisationKind.MERCHANT,
                name=each.organisation,
                merchant_id=each.merchant_id,
                language=each.language,
                created_at=now,
            )
            for each in wanted.organisations
        ],
        batch_size=_BATCH,
    )
    home = Organisation.objects.in_bulk({each.merchant_id for each in wanted.people}, field_name="merchant_id")
    people = Person.objects.bulk_create(
        [
            Person(
                email=each.email,
                name=each.person,
                organisation=home[each.merchant_id],
                role=Role.MERCHANT,
                language=each.language,
                needs_second_factor=False,
                password=make_password(None),
                created_at=now,
            )
            for each in wanted.people
        ],
        batch_size=_BATCH,
    )
    record_all(actor, [*(_added(each) for each in made), *(_came(each) for each in people)])


def _added(row: Organisation) -> Happening:
    said = {"kind": str(row.kind), "merchant_id": row.merchant_id}
    return Happening("organisation.added", "organisation", str(row.pk), after=said)


def _came(row: Person) -> Happening:
    said = {"organisation": row.organisation_id, "role": str(row.role), "language": row.language}
    return Happening("person.added", "person", str(row.pk), after=said | {"needs_second_factor": False})


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row that is not empty, with the line it begins on. Faulty where the file is no table of these columns."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    header: list[str] = []
    try:
        for cells in rows:
            line, begins = begins, rows.line_num + 1
            cells = [each.strip() for each in cells]
            if not header:
                header = _header(cells)
            elif any(cells):
                if len(cells) != len(header):
                    raise Faulty(
                        [Fault(line, "", f"{len(cells)} cells, and the first line names {len(header)} columns")]
                    )
                yield line, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise Faulty([Fault(begins, "", f"this is not CSV ({error})")]) from error
    if not header:
        raise Faulty([Fault(1, "", f"the file is empty; its first line names {', '.join(COLUMNS)}")])


def _header(cells: list[str]) -> list[str]:
    names = [each.lower() for each in cells]
    if sorted(names) != sorted(COLUMNS):
        raise Faulty([Fault(1, "", f"the first line is {', '.join(names)[:200]!r}; it must name {', '.join(COLUMNS)}")])
    return names


def _faults_of(row: Account) -> Iterator[Fault]:
    for column in COLUMNS:
        value: str = getattr(row, column)
        if not value:
            yield Fault(row.line, column, "is empty")
        elif len(value) > _MOST[column]:
            yield Fault(row.line, column, f"has {len(value):,} characters; at most {_MOST[column]} are kept")
        elif visible(value, len(value) + 1) != value:
            yield Fault(row.line, column, f"holds a character that cannot be seen: {visible(value, 80)}")
        elif safe_cell(value) != value:
            yield Fault(row.line, column, f"{value[:80]!r} begins like a formula")
    if row.language and row.language not in Language.values:
        yield Fault(row.line, "language", f"there is no language {row.language[:20]!r}")
    if row.email and not is_email(row.email):
        yield Fault(row.line, "email", f"{row.email[:80]!r} is no e-mail address")


def _contradictions(accounts: Sequence[Account]) -> Iterator[Fault]:
    """Rows that do not go with an earlier one of the same file."""
    by_email: dict[str, Account] = {}
    by_merchant: dict[str, Account] = {}
    for each in accounts:
        first = by_email.setdefault(each.email, each)
        if first is not each:
            yield Fault(each.line, "email", f"{each.email} stands on line {first.line} already")
        told = by_merchant.setdefault(each.merchant_id, each)
        if (told.organisation, told.language) != (each.organisation, each.language):
            said = f"line {told.line} gives another name or language for the merchant {each.merchant_id!r}"
            yield Fault(each.line, "merchant_id", said)
