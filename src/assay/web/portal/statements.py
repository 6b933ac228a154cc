"""What was decided about a merchant: the statements of reasons, documents sent in answer, and the standing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from assay.casework.access import need
from assay.casework.letters.languages import words
from assay.casework.models import Decision, Statement
from assay.casework.moves import WrongState
from assay.casework.queries import merchants
from assay.casework.queries.appeals import timeline
from assay.casework.services import appeals, documents, statements
from assay.casework.uploads import Unfit
from assay.web.attachments import attachment
from assay.web.console.asking import actor_of, person_of
from assay.web.faults import status_of
from assay.web.portal.forms import AppealForm, DocumentForm

_A_PAGE = 25
_NOT_ACCEPTED = 422


def statement_list(request: HttpRequest) -> HttpResponse:
    """Every decision about the merchant that it was told of, newest first."""
    page = Paginator(merchants.statements_for(person_of(request)), _A_PAGE).get_page(request.GET.get("page"))
    actions = _actions(request)
    rows = [(row, actions[row.decision.action]) for row in page]
    context = {"page": page, "rows": rows, "now": timezone.now()}
    if page.number == 1:
        context["pending"] = merchants.pending_for(person_of(request))
    return render(request, "portal/statements.html", context)


def statement(request: HttpRequest, reference: str) -> HttpResponse:
    """One statement as it was sent, with what the merchant can do; opening it is noted."""
    found = merchants.statement_for(person_of(request), reference)
    found = statements.mark_read(actor_of(request), found)
    return _page(request, found)


def letter(request: HttpRequest, reference: str) -> HttpResponse:
    """The statement as a text file."""
    found = merchants.statement_for(person_of(request), reference)
    statements.mark_read(actor_of(request), found)
    headers = {"Content-Disposition": f'attachment; filename="{found.decision.reference}.txt"'}
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8", headers=headers)


def upload(request: HttpRequest, reference: str) -> HttpResponse:
    """A document for a decision; what is wrong with it is said beside the form."""
    found = merchants.statement_for(person_of(request), reference)
    form, status = DocumentForm(request.POST, request.FILES), _NOT_ACCEPTED
    if form.is_valid():
        file, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        try:
            documents.upload(actor_of(request), file, file.name, kind, decision=found.decision)
        except Unfit as error:
            form.add_error("file", error.message)
        except WrongState as error:
            form.add_error(None, error.message)
            status = status_of(error)
        else:
            messages.success(request, _("We have your document."))
            return redirect("portal:statement", reference=reference)
    return _page(request, found, document_form=form, status=status)


def document(request: HttpRequest, pk: int) -> HttpResponse:
    """A document that the merchant sent, back to it."""
    found = merchants.document_for(person_of(request), pk)
    return attachment(found, documents.open_document(actor_of(request), found))


def lodge(request: HttpRequest, reference: str) -> HttpResponse:
    """An appeal against a decision."""
    found = merchants.statement_for(person_of(request), reference)
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _page(request, found, appeal_form=form, status=_NOT_ACCEPTED)
    try:
        appeal = appeals.lodge(actor_of(request), found.decision, text=form.cleaned_data["text"])
    except WrongState as error:
        form.add_error(None, error.message)
        again = merchants.statement_for(person_of(request), reference)
        return _page(request, again, appeal_form=form, status=status_of(error))
    messages.success(request, _("We have your appeal. A receipt is below."))
    return redirect("portal:appeal", pk=appeal.pk)


def standing(request: HttpRequest) -> HttpResponse:
    """Strikes with their end, and what comes next."""
    person = person_of(request)
    need(person, "strike.read", person.organisation)
    account = merchants.account_for(person)
    actions = _actions(request)
    reached, ahead = account.standing.reached, account.standing.ahead
    context = {
        "account": account,
        "strikes": [(strike, actions[strike.decision.action]) for strike in account.standing.strikes],
        "reached_words": actions[reached.action] if reached else "",
        "ahead_words": actions[ahead.action] if ahead else "",
    }
    return render(request, "portal/standing.html", context)


def _actions(request: HttpRequest) -> dict[str, str]:
    """Actions as the letters call them, in the reader's language."""
    return words(person_of(request).language).actions


def _page(request: HttpRequest, found: Statement, *, status: int = 200, **forms: Any) -> HttpResponse:  # noqa: ANN401
    decision: Decision = found.decision
    closed = appeals.closed_because(decision)
    until = found.appeal_by
    context = {
        "statement": found,
        "decision": decision,
        "letter": found.content.get("letter"),
        "documents": merchants.documents_of(found),
        "appeals": decision.appeals.order_by("-id"),
        "closed": appeals.CLOSED.get(closed, ""),
        "takes_documents": until > timezone.now(),
        "steps": timeline(decision),
        "action": _actions(request)[decision.action],
        "document_form": DocumentForm(),
        "appeal_form": AppealForm(),
        **forms,
    }
    return render(request, "portal/statement.html", context, status=status)
