"""The two letters about an objection: that it was received, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assay.casework.letters.languages import words
from assay.casework.letters.letter import Letter, Section, one_line
from assay.casework.letters.words import ReplyWords, Words


@dataclass(frozen=True, slots=True)
class Reply:
    """All that the two letters say. `answer` is the answering person's own words, in the language they wrote them.

    `again_by` is until when the merchant may object once more, None when that time is over. `others` are decisions that
    go on restricting what a reversed one did.
    """

    language: str
    reference: str
    action: str
    merchant_id: str
    merchant_name: str
    sender: str
    text: str
    lodged_at: datetime
    due_at: datetime
    documents: tuple[str, ...] = ()
    is_reversed: bool = False
    had_strike: bool = False
    restricted: bool = True
    others: tuple[str, ...] = ()
    answer: str = ""
    answered_at: datetime | None = None
    again_by: datetime | None = None
    dispute_body: str = ""


def receipt(reply: Reply) -> Letter:
    """What was received, by when it is answered, and what happens until then."""
    say = words(reply.language)
    of = say.reply
    sections = [
        Section(
            of.receipt_heading,
            (
                of.received.format(reference=reply.reference, at=say.moment(reply.lodged_at)),
                of.answered_by.format(due=say.day(reply.due_at)),
                of.stays,
            ),
        ),
        Section(of.text_heading, _paragraphs(reply.text)),
    ]
    if reply.documents:
        sections.append(Section(of.proof_heading, (), tuple(("", one_line(name)) for name in reply.documents)))
    sections.append(Section(of.next_heading, (of.next_steps, of.withdraw)))
    subject = of.receipt_subject.format(reference=reply.reference)
    return Letter(say.language, subject, _head(say, reply, reply.lodged_at), tuple(sections), say.colon)


def outcome(reply: Reply) -> Letter:
    """What was answered and why, and what the merchant may do next. ValueError for a reply without its time."""
    if reply.answered_at is None:
        raise ValueError("The letter about an outcome needs the time of the answer.")
    say = words(reply.language)
    of = say.reply
    subject = of.reversed_subject if reply.is_reversed else of.upheld_subject
    sections = [
        Section(say.statement.decided_heading, _result(of, say, reply)),
        Section(of.reasons_heading, (of.reasons_intro,), tuple(("", each) for each in _paragraphs(reply.answer))),
    ]
    if not reply.is_reversed:
        sections.append(_further(of, say, reply))
    return Letter(
        say.language,
        subject.format(reference=reply.reference),
        _head(say, reply, reply.answered_at),
        tuple(sections),
        say.colon,
    )


def _result(of: ReplyWords, say: Words, reply: Reply) -> tuple[str, ...]:
    at = say.moment(reply.answered_at) if reply.answered_at else ""
    action = say.actions[reply.action]
    if not reply.is_reversed:
        return of.upheld.format(reference=reply.reference, action=action), of.answered_how.format(at=at)
    lines = [of.reversed.format(reference=reply.reference, action=action)]
    if reply.restricted:
        others = of.reversed_others.format(references=", ".join(reply.others))
        lines.append(others if reply.others else of.reversed_effects)
    lines += [of.reversed_strike] if reply.had_strike else []
    return (*lines, of.answered_how.format(at=at))


def _further(of: ReplyWords, say: Words, reply: Reply) -> Section:
    lines = [of.further_again.format(end=say.day(reply.again_by))] if reply.again_by else []
    lines += [of.further_body.format(body=reply.dispute_body)] if reply.dispute_body else []
    return Section(of.further_heading, (*lines, of.further_court))


def _head(say: Words, reply: Reply, at: datetime) -> tuple[tuple[str, str], ...]:
    name = one_line(reply.merchant_name) or say.no_name
    return (
        *(((say.sender, one_line(reply.sender)),) if reply.sender else ()),
        (say.to, say.account.format(name=name, id=reply.merchant_id)),
        (say.reference, reply.reference),
        (say.date, say.day(at)),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    """The lines of a text that somebody wrote, each as one visible line."""
    return tuple(line for each in text.splitlines() if (line := one_line(each, 10_000)))
