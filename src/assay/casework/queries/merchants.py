"""What a merchant sees of itself: statements, documents, appeals, strikes; everything else looks as if it were not."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from assay.casework.access import NotThere, may
from assay.casework.models import Action, Appeal, AppealState, DecisionState, Document, Person, Statement, Strike
from assay.casework.services.strikes import Policy, Standing, policy_in_force, standing

# As many as a person looks through; the lists below hold all.
_PENDING_SHOWN = 10


def statements_for(person: Person) -> QuerySet[Statement]:
    """The statements sent to the person's merchant, newest first; none for a person of no merchant.

    `open_appeal` says whether an objection waits, `last_appeal` what came of the newest one (None for none).
    """
    own = Statement.objects.filter(merchant_id=person.organisation.merchant_id or "")
    appeals = Appeal.objects.filter(decision=OuterRef("decision"))
    return (
        own.select_related("decision__item")
        .annotate(
            open_appeal=Exists(appeals.filter(state=AppealState.OPEN)),
            last_appeal=Subquery(appeals.order_by("-id").values("state")[:1]),
        )
        .order_by("-issued_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for a merchant, what is due first on top: invoices asked for and not sent, letters nobody has read.

    `appeals` wait for us, with the day by which they are answered.
    """

    requests: tuple[Statement, ...]
    n_unread: int
    appeals: tuple[Appeal, ...]

    def __bool__(self) -> bool:
        return bool(self.requests or self.n_unread or self.appeals)


def pending_for(person: Person) -> Pending:
    """The same for the person's merchant; three queries, whatever it was told."""
    own = Statement.objects.filter(merchant_id=person.organisation.merchant_id or "")
    sent = Document.objects.filter(decision=OuterRef("decision"), organisation=person.organisation_id)
    asked = own.filter(~Exists(sent), decision__action=Action.ASK_INVOICE, decision__state=DecisionState.IN_FORCE)
    open_ones = appeals_for(person).filter(state=AppealState.OPEN)
    return Pending(
        tuple(asked.select_related("decision__item").order_by("decision__ends_at", "id")[:_PENDING_SHOWN]),
        own.filter(first_read_at=None).count(),
        tuple(open_ones.order_by("due_at", "id")[:_PENDING_SHOWN]),
    )


def statement_for(person: Person, reference: str) -> Statement:
    """One statement by the reference of its decision. NotThere when the person may not know of it."""
    row = Statement.objects.filter(decision__reference=reference).select_related("decision__item").first()
    if row is None or not may(person, "statement.read", row):
        raise NotThere(f"There is no statement for decision {reference!r}.", value=reference)
    return row


def appeals_for(person: Person) -> QuerySet[Appeal]:
    """The appeals of the person's merchant, newest first, with their decisions."""
    own = Appeal.objects.filter(decision__merchant_id=person.organisation.merchant_id or "")
    return own.select_related("decision__item").order_by("-lodged_at", "-id")


def appeal_for(person: Person, pk: int) -> Appeal:
    """One appeal, for either side of it. NotThere when the person may not know of it."""
    related = (
        "decision__item",
        "decision__finding",
        "decision__statement",
        "organisation",
        "claimed_by",
        "answered_by",
    )
    row = Appeal.objects.filter(pk=pk).select_related(*related).first()
    if row is None or not may(person, "appeal.read", row):
        raise NotThere(f"There is no appeal {pk}.", value=pk)
    return row


def document_for(person: Person, pk: int) -> Document:
    """What was sent about a decision. NotThere when it was erased, or when the person may not know of it."""
    sent = Document.objects.filter(pk=pk, erased_at=None, task=None)
    row = sent.select_related("organisation", "decision__item").first()
    if row is None or not may(person, "document.open", row):
        raise NotThere(f"There is no document {pk}.", value=pk)
    return row


def documents_of(statement: Statement) -> QuerySet[Document]:
    """What the merchant sent about a decision, oldest first."""
    sent = Document.objects.filter(decision_id=statement.decision_id, organisation__merchant_id=statement.merchant_id)
    return sent.order_by("uploaded_at", "id")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a merchant stands: the standing with its strikes, and the strikes that no longer count."""

    standing: Standing
    policy: Policy
    past: tuple[Strike, ...]


def account_for(person: Person) -> Account:
    """The standing of the person's own merchant."""
    merchant_id = person.organisation.merchant_id or ""
    policy = policy_in_force()
    now = standing(merchant_id, policy=policy)
    counting = {each.pk for each in now.strikes}
    rows = Strike.objects.filter(merchant_id=merchant_id).exclude(pk__in=counting)
    past = tuple(rows.select_related("decision__item").order_by("-given_at", "-id")[:50])
    return Account(now, policy, past)


def with_documents(rows: QuerySet[Appeal]) -> QuerySet[Appeal]:
    """Appeals with `n_documents`: how many files the merchant sent about the decision."""
    sent = Document.objects.filter(decision=OuterRef("decision"), organisation=OuterRef("organisation"), erased_at=None)
    counted = sent.order_by().values("decision").annotate(n=Count("id")).values("n")
    return rows.annotate(n_documents=Subquery(counted))
