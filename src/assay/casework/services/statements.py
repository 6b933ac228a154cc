"""Statements of reasons: written when a decision comes into force, frozen, and read by the merchant."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.access import NotThere, may
from assay.casework.audit.evidence import letter_said
from assay.casework.findings import AUTHENTICATION, Content, Discrepancy
from assay.casework.letters import Facts, Letter, Quoted, Settled, settled, statement, transparency
from assay.casework.letters.statement import Given
from assay.casework.models import (
    Action,
    Answer,
    Decision,
    Item,
    Language,
    Organisation,
    OrganisationKind,
    Statement,
    Stream,
)
from assay.casework.reasons import BY_CODE
from assay.casework.services import strikes
from assay.casework.services.recording import Actor, record

EVENTS = {
    "statement.issued": _("sent a statement of reasons"),
    "statement.settled": _("told the merchant what came of its answer to a request"),
    "statement.read": _("read a statement of reasons for the first time"),
}
# The least that the law allows for an objection (DSA Art. 20(1)). Shorter is unlawful; longer keeps cases open.
APPEAL_MONTHS = 6


def issue(actor: Actor, decision: Decision) -> Statement | None:
    """Freezes the statement of a decision that has come into force, once; None for a decision that does nothing.

    Call it in the decision's transaction: a restriction without its reasons must not exist.
    """
    if decision.action == Action.NONE:
        return None
    sent = Statement.objects.filter(decision=decision).first()
    if sent is not None:
        return sent
    organisation = Organisation.objects.filter(merchant_id=decision.merchant_id).first()
    issued_at = decision.in_force_at or timezone.now()
    content = _content(decision)
    facts = _facts(decision, content, organisation, issued_at)
    letter = statement(facts)
    row = _unsaved(decision, organisation, letter, issued_at)
    row.content, row.appeal_by = _kept(letter, facts, content, decision), facts.appeal_by
    return _sent(actor, "statement.issued", row, {"appeal_by": facts.appeal_by.isoformat()})


def settle(actor: Actor, decision: Decision, request: Decision) -> Statement:
    """Tells the merchant that what it sent in answer to a request has been looked at, and that nothing follows.

    Call it in the decision's transaction. The letter restricts nothing, so there is nothing to appeal against.
    """
    organisation = Organisation.objects.filter(merchant_id=decision.merchant_id).first()
    now = decision.in_force_at or timezone.now()
    letter = settled(_settled(decision, request, organisation, now))
    row = _unsaved(decision, organisation, letter, now)
    row.content, row.appeal_by = {"letter": letter.to_json(), "transparency": None}, now
    return _sent(actor, "statement.settled", row, {"request": request.reference})


def _unsaved(decision: Decision, organisation: Organisation | None, letter: Letter, at: datetime) -> Statement:
    return Statement(
        decision=decision,
        organisation=organisation,
        merchant_id=decision.merchant_id,
        language=letter.language,
        subject=letter.subject,
        text=letter.text,
        issued_at=at,
    )


def _sent(actor: Actor, action: str, row: Statement, said: dict[str, str]) -> Statement:
    """Keeps a letter, with an event that holds its hashes."""
    with transaction.atomic():
        row.save()
        said = {"decision": row.decision.reference, "language": row.language, **said}
        record(actor, action, row, after=said | letter_said(row))
    return row


def _settled(decision: Decision, request: Decision, organisation: Organisation | None, now: datetime) -> Settled:
    item, content = decision.item, _content(decision)
    sent = request.documents.filter(organisation__kind=OrganisationKind.MERCHANT, erased_at=None).order_by("id")
    return Settled(
        language=_language(organisation),
        reference=decision.reference,
        request=request.reference,
        requested_at=request.in_force_at or request.decided_at,
        subject_type=item.subject_type,
        subject_id=item.subject_id,
        title=content.offer.title if content else item.title,
        merchant_id=decision.merchant_id,
        merchant_name=organisation.name if organisation else item.merchant_name,
        sender=sender(),
        settled_at=now,
        is_accepted=decision.answer == Answer.GENUINE,
        documents=tuple(sent.values_list("filename", flat=True)),
    )


def mark_read(actor: Actor, row: Statement) -> Statement:
    """Notes when the merchant first opened its statement; staff who look at it change nothing.

    NotThere for a statement of somebody else.
    """
    person = actor.person
    if person is None or not may(person, "statement.read", row):
        raise NotThere(f"There is no statement {row.pk} for {actor.name}.", where={"statement": row.pk})
    if row.first_read_at is not None or person.organisation.merchant_id != row.merchant_id:
        return row
    with transaction.atomic():
        kept = Statement.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
        if kept.first_read_at is None:
            kept.first_read_at = timezone.now()
            kept.save(update_fields=["first_read_at"])
            record(actor, "statement.read", kept)
    return kept


def months_after(at: datetime, months: int) -> datetime:
    """The end of the day so many calendar months later, in UTC: the last day of a month that is shorter.

    >>> months_after(datetime(2026, 8, 31, 9, tzinfo=UTC), 6).isoformat()
    '2027-02-28T23:59:59+00:00'
    """
    there = at.astimezone(UTC)
    years, month = divmod(there.month - 1 + months, 12)
    year = there.year + years
    day = min(there.day, calendar.monthrange(year, month + 1)[1])
    return datetime(year, month + 1, day, 23, 59, 59, tzinfo=UTC)


def sender() -> str:
    """The marketplace in whose name letters go out; empty when there is none yet."""
    name = Organisation.objects.filter(kind=OrganisationKind.MARKETPLACE).order_by("id").values_list("name", flat=True)
    return name.first() or ""


def _language(organisation: Organisation | None) -> str:
    return organisation.language if organisation else Language.ENGLISH


def _content(decision: Decision) -> Content | None:
    """The frozen finding; None for one that was made by hand and holds nothing of an analysis."""
    frozen = decision.finding.content
    return Content.read(frozen) if "format" in frozen else None


def _facts(
    decision: Decision, content: Content | None, organisation: Organisation | None, issued_at: datetime
) -> Facts:
    item = decision.item
    return Facts(
        language=_language(organisation),
        reference=decision.reference,
        action=decision.action,
        reason_code=decision.reason_code,
        ground=BY_CODE[decision.reason_code].ground,
        subject_type=item.subject_type,
        subject_id=item.subject_id,
        title=content.offer.title if content else item.title,
        merchant_id=decision.merchant_id,
        merchant_name=organisation.name if organisation else item.merchant_name,
        sender=sender(),
        decided_at=decision.decided_at,
        starts_at=issued_at,
        ends_at=decision.ends_at,
        appeal_by=months_after(issued_at, APPEAL_MONTHS),
        recorded_at=_recorded_at(decision, content),
        score=decision.finding.score,
        stream=_stream(item, content),
        is_automatic=decision.is_automatic,
        has_second=decision.approved_by_id is not None,
        facts=_proofs(content) + _quoted(content.discrepancies) if content else (),
        account_facts=_quoted(content.merchant_discrepancies) if content else (),
        strike=_strike(decision, issued_at),
        dispute_body=settings.ASSAY_DISPUTE_BODY,
        terms_url=settings.ASSAY_TERMS_URL,
    )


def _quoted(found: tuple[Discrepancy, ...]) -> tuple[Quoted, ...]:
    return tuple(Quoted(each.signal, each.label, each.text) for each in found)


def _stream(item: Item, content: Content | None) -> str:
    """How the item came up for this decision: a test buy that came between a proposal and its approval did not."""
    is_later = item.stream == Stream.TEST_BUY and content is not None and not _proofs(content)
    return Stream.FLAGGED if is_later else item.stream


def _recorded_at(decision: Decision, content: Content | None) -> datetime:
    """The day of the rating; with an examination, which came after it, the day the finding was frozen."""
    if content is None or not content.about.as_of or _proofs(content):
        return decision.finding.frozen_at
    return datetime.fromisoformat(content.about.as_of)


def _proofs(content: Content) -> tuple[Quoted, ...]:
    """What examinations of test buys have found."""
    return tuple(Quoted(each.id, each.label, each.value) for each in content.facts if each.id == AUTHENTICATION)


def _strike(decision: Decision, at: datetime) -> Given | None:
    """The strike that comes with the decision, whether it has been given already or is given next."""
    rules = strikes.policy_in_force()
    weight = strikes.weight_of(decision, rules)
    if weight <= 0:
        return None
    now = strikes.standing(decision.merchant_id, at, rules)
    counted = [(each.given_at, each.weight) for each in now.strikes if each.decision_id != decision.pk]
    total = strikes.weigh([*counted, (at, weight)], rules.together_days)
    ahead = rules.reached(total) or rules.next_after(total)
    return Given(
        weight=weight,
        expires_at=at + timedelta(days=rules.window_days),
        total=total,
        together_days=rules.together_days,
        next_at=ahead.at if ahead else None,
        next_action=ahead.action if ahead else "",
    )


def _kept(letter: Letter, facts: Facts, content: Content | None, decision: Decision) -> dict[str, Any]:
    """What the row keeps beside the text: the sections for the page, and the fields for the transparency database."""
    public = transparency.content(facts, _put_up(content, decision))
    wrong = transparency.faults(public) if public is not None else []
    if wrong:
        raise RuntimeError(f"The statement of decision {facts.reference} breaks the schema: {'; '.join(wrong)}.")
    return {"letter": letter.to_json(), "transparency": public}


def _put_up(content: Content | None, decision: Decision) -> date:
    """The day the offer or account was put up where the finding holds it, else the day we first held it."""
    known = {each.id: each.value for each in content.facts} if content else {}
    is_account = content is not None and content.about.subject_type == "merchant"
    said = (content.merchant.registered_at if content and is_account else None) or known.get("listed_at") or ""
    try:
        return datetime.fromisoformat(said).date()
    except ValueError:
        return decision.item.opened_at.astimezone(UTC).date()
