"""Appeals as staff see them: which wait, one with everything it rests on, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.casework.access import NotThere, Refused, need
from assay.casework.findings import Content
from assay.casework.models import Appeal, AppealState, Person
from assay.casework.queries import appeals as found_appeals
from assay.casework.queries import documents as sent
from assay.casework.queries import merchants
from assay.casework.reasons import BY_CODE
from assay.casework.services import appeals, documents, personal
from assay.casework.services import strikes as striking
from assay.casework.signal_words import in_own_words
from assay.market.errors import CallerError
from assay.publishing.visible import visible
from assay.web.attachments import attachment
from assay.web.console.appeals.forms import AnswerForm
from assay.web.console.asking import actor_of, person_of, told
from assay.web.faults import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_A_PAGE = 50
_NOT_ACCEPTED = 422
_MAY_NOT = {
    "role": gettext_lazy("Your role reads appeals; analysts and seniors answer them."),
    "senior": gettext_lazy("Two people took this decision. A senior who had no part in it answers."),
    "decided": gettext_lazy("You took this decision. Somebody who had no part in it answers."),
    "approved": gettext_lazy("You agreed to this decision. Somebody who had no part in it answers."),
    "reviewed": gettext_lazy("You reviewed this item before. Somebody who had no part in it answers."),
    "answered": gettext_lazy("You answered an earlier appeal against this decision. Somebody else answers this one."),
}


def appeal_list(request: HttpRequest) -> HttpResponse:
    """Appeals that wait, the one that is due first on top; or those that were answered."""
    need(person_of(request), "appeal.read")
    is_waiting = request.GET.get("state") != "answered"
    rows = found_appeals.waiting() if is_waiting else found_appeals.answered()
    page = Paginator(rows, _A_PAGE).get_page(request.GET.get("page"))
    here = "waiting" if is_waiting else "answered"
    context: dict[str, Any] = {"page": page, "here": here, "now": timezone.now()}
    context["mine"] = _answerable(person_of(request), page) if is_waiting else set()
    return render(request, "console/appeals/list.html", context)


def _answerable(person: Person, page: Iterable[Appeal]) -> set[int]:
    """Those on a page that the person may answer."""
    rows = found_appeals.answerable(person).filter(pk__in=[each.pk for each in page])
    return set(rows.values_list("pk", flat=True))


def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """One appeal: the frozen finding, the statement as sent, documents, the merchant's words, the answer."""
    return _page(request, merchants.appeal_for(person_of(request), pk))


def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an appeal for two hours."""
    return _do(request, pk, appeals.claim)


def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives it back."""
    return _do(request, pk, appeals.release)


def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers an appeal; the merchant is told at once."""
    found = merchants.appeal_for(person_of(request), pk)
    need(person_of(request), "appeal.answer", found)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=_NOT_ACCEPTED)
    try:
        appeals.answer(actor_of(request), found, form.verdict)
    except (Refused, NotThere):
        raise
    except CallerError as error:
        form.add_error(None, error.message)
        return _page(request, merchants.appeal_for(person_of(request), pk), form=form, status=status_of(error))
    messages.success(request, _("Answered. The merchant can read the outcome now."))
    return redirect("console:appeal", pk=pk)


def document_list(request: HttpRequest) -> HttpResponse:
    """What merchants sent about decisions, newest first; or only answers to requests for an invoice that wait."""
    person = person_of(request)
    need(person, "appeal.read")
    waiting = request.GET.get("state") == "waiting"
    page = Paginator(sent.that_came(person, waiting=waiting), _A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "here": "documents", "waiting": waiting}
    return render(request, "console/appeals/documents.html", context)


def document(request: HttpRequest, pk: int) -> HttpResponse:
    """One document as a download; opening it is logged."""
    found = merchants.document_for(person_of(request), pk)
    return attachment(found, documents.open_document(actor_of(request), found))


@told("console:appeals")
def _do(request: HttpRequest, pk: int, act: Any) -> HttpResponse:  # noqa: ANN401 - a service of appeals
    act(actor_of(request), merchants.appeal_for(person_of(request), pk))
    return redirect("console:appeal", pk=pk)


def _page(request: HttpRequest, found: Appeal, *, form: AnswerForm | None = None, status: int = 200) -> HttpResponse:
    person, decision = person_of(request), found.decision
    why_not = found_appeals.may_not_answer_because(person, decision)
    frozen = decision.finding.content
    personal.read_appeal(actor_of(request), found)
    context = {
        "appeal": found,
        "decision": decision,
        "statement": decision.statement,
        "content": in_own_words(Content.read(frozen)) if "format" in frozen else None,
        "reason": BY_CODE[decision.reason_code].label,
        "lines": [visible(line, len(line) + 1) for line in found.text.splitlines()],
        "documents": merchants.documents_of(decision.statement),
        "standing": striking.standing(decision.merchant_id),
        "letters": found.letters.order_by("id"),
        "steps": found_appeals.timeline(decision),
        **_answering(person, found, why_not),
        "form": form or AnswerForm(),
    }
    return render(request, "console/appeals/appeal.html", context, status=status)


def _answering(person: Person, found: Appeal, why_not: str) -> dict[str, Any]:
    """What the person may do to the appeal, or why not."""
    is_open = found.state == AppealState.OPEN
    is_held = found_appeals.is_held_from(person, found)
    until = found.claimed_until
    return {
        "is_open": is_open,
        "why_not": _MAY_NOT.get(why_not, ""),
        "is_held": is_held,
        "is_mine": found.claimed_by_id == person.pk and until is not None and until > timezone.now(),
        "may_answer": is_open and not why_not and not is_held,
        "is_late": is_open and found.due_at < timezone.now(),
    }
