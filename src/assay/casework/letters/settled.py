"""The letter about a request for an invoice that was answered and led to nothing: the merchant need not wonder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assay.casework.letters.languages import words
from assay.casework.letters.letter import Letter, Section, one_line
from assay.casework.letters.statement import named


@dataclass(frozen=True, slots=True)
class Settled:
    """All that the letter says. `request` is the decision that asked; `documents` are the names of the files looked at.

    `is_accepted` says that nothing speaks against the goods or the account; without it, it could not be told.
    """

    language: str
    reference: str
    request: str
    requested_at: datetime
    subject_type: str
    subject_id: str
    title: str
    merchant_id: str
    merchant_name: str
    sender: str
    settled_at: datetime
    is_accepted: bool = True
    documents: tuple[str, ...] = ()


def settled(facts: Settled) -> Letter:
    """The letter in the merchant's language."""
    say = words(facts.language)
    of = say.settled
    what = named(say.statement, facts.subject_type, facts.subject_id, facts.title, facts.merchant_id)
    name = one_line(facts.merchant_name) or say.no_name
    head = (
        *(((say.sender, one_line(facts.sender)),) if facts.sender else ()),
        (say.to, say.account.format(name=name, id=facts.merchant_id)),
        (say.reference, facts.reference),
        (say.date, say.day(facts.settled_at)),
    )
    result = of.accepted if facts.is_accepted else of.untold
    asked = of.asked.format(day=say.day(facts.requested_at), request=facts.request, what=what)
    sections = [
        Section(say.statement.decided_heading, (asked, result, say.statement.nothing_restricted)),
        Section(say.reply.proof_heading, (), tuple(("", one_line(each)) for each in facts.documents)),
        Section(say.reply.next_heading, (of.nothing_more, of.if_again)),
    ]
    subject = of.subject.format(request=facts.request)
    kept = tuple(each for each in sections if each.paragraphs or each.quoted)
    return Letter(say.language, subject[:300], head, kept, say.colon)
