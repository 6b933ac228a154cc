"""What merchants sent about decisions: what waits for a look, what was answered, what nobody has opened."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast

from assay.casework.models import (
    Action,
    Appeal,
    AppealState,
    AuditEvent,
    Decision,
    DecisionState,
    Document,
    Item,
    OrganisationKind,
    Person,
    Role,
)
from assay.casework.queries.blind import without_blind

# A request that has ended still waits for a look at what came: its item is open again.
_ASKED = (DecisionState.IN_FORCE, DecisionState.EXPIRED)
_NEVER_HELD = (DecisionState.REFUSED, DecisionState.UNDONE)


def answered_requests(*, before: Decision | None = None) -> QuerySet[Decision]:
    """Requests for an invoice that the merchant has answered and that nothing was decided about since.

    A proposal was made without what came after it: that waits, for whoever is to agree. `before` is the decision that
    is being made: what there was until then.
    """
    later = Decision.objects.filter(item=OuterRef("decision__item"), pk__gt=OuterRef("decision"))
    later = later.exclude(state__in=_NEVER_HELD)
    later = later.exclude(state=DecisionState.PROPOSED, decided_at__lt=OuterRef("uploaded_at"))
    rows = Decision.objects.filter(action=Action.ASK_INVOICE, state__in=_ASKED)
    if before is not None:
        rows, later = rows.filter(item=before.item_id, pk__lt=before.pk), later.filter(pk__lt=before.pk)
    sent = _from_merchants().filter(~Exists(later), decision=OuterRef("pk"), erased_at=None)
    return rows.filter(Exists(sent))


def requests_that_wait(person: Person) -> QuerySet[Decision]:
    """The same without what the person is to judge blindly."""
    return without_blind(person, answered_requests())


def that_came(person: Person, *, waiting: bool = False) -> QuerySet[Document]:
    """What merchants sent about decisions, newest first, without items that the person is to judge blindly.

    `place` says where each stands: `waits` for a look, `appeal` for one that waits, `answered`, or empty when nothing
    is asked of anybody. With `waiting` only what came in answer to a request for an invoice.
    """
    told = requests_that_wait(person) if waiting else without_blind(person, Decision.objects.all())
    rows = _from_merchants().filter(decision__in=told, erased_at=None)
    appeals = Appeal.objects.filter(decision=OuterRef("decision"))
    later = Decision.objects.filter(item=OuterRef("decision__item"), decided_at__gte=OuterRef("uploaded_at"))
    place = Case(
        When(Exists(appeals.filter(state=AppealState.OPEN)), then=Value("appeal")),
        When(Exists(answered_requests().filter(pk=OuterRef("decision"))), then=Value("waits")),
        When(Exists(appeals.filter(answered_at__gte=OuterRef("uploaded_at"))), then=Value("answered")),
        When(Exists(later.exclude(state__in=_NEVER_HELD)), then=Value("answered")),
        default=Value(""),
    )
    rows = rows.annotate(place=place, is_opened=_opened())
    return rows.select_related("organisation", "decision__item", "decision__statement").order_by("-uploaded_at", "-id")


def about_item(item: Item) -> QuerySet[Document]:
    """What the merchant sent about any decision on an item, newest first; `is_opened` by somebody who reviews."""
    return _marked(_from_merchants().filter(decision__item=item))


def about_decision(decision: Decision) -> QuerySet[Document]:
    """The same about one decision."""
    return _marked(_from_merchants().filter(decision=decision))


def with_unopened(items: Iterable[int]) -> set[int]:
    """Those of some items about which the merchant sent a document that no reviewer has opened."""
    rows = _from_merchants().filter(~_opened(), decision__item__in=list(items), erased_at=None)
    return set(rows.values_list("decision__item", flat=True))


def _from_merchants() -> QuerySet[Document]:
    return Document.objects.filter(organisation__kind=OrganisationKind.MERCHANT)


def _marked(rows: QuerySet[Document]) -> QuerySet[Document]:
    return rows.annotate(is_opened=_opened()).select_related("decision").order_by("-uploaded_at", "-id")


def _opened() -> Exists:
    """The log knows: an opening by somebody of another organisation is written down as reading personal data."""
    read = AuditEvent.objects.filter(
        subject_type="document",
        subject_id=Cast(OuterRef("pk"), CharField()),
        action="personal.read",
        actor_role__in=(Role.ANALYST, Role.SENIOR),
    )
    return Exists(read)
