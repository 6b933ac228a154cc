"""Pages for what went wrong: one sentence, what to do, no traceback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from assay.casework.access import NotThere, Refused
from assay.casework.moves import WrongState
from assay.market.errors import AssayError, CallerError, OutsideError

_UNIQUE_VIOLATION = "23505"  # SQLSTATE of PostgreSQL
# Deadlock, serialization failure, lock not available: of two transactions the database ended this one.
_ENDED = ("40P01", "40001", "55P03")
# How the API names what went wrong before any of its calls was found.
NAMES = {
    400: "Invalid",
    403: "Refused",
    404: "NotThere",
    405: "Invalid",
    409: "WrongState",
    500: "OurFault",
    503: "OutsideError",
}


class Busy(OutsideError):
    """The database ended this transaction for somebody else's: nothing is wrong, and the same works a moment later."""


def status_of(error: AssayError) -> int:
    """The HTTP status of one of Assay's errors."""
    for kind, status in ((Refused, 403), (NotThere, 404), (WrongState, 409), (CallerError, 400)):
        if isinstance(error, kind):
            return status
    return 500 if error.exit_code == 1 else 503


def said_for(error: Exception) -> AssayError | None:
    """An error of Assay's own as it is; one of two that were in each other's way at one moment; None for others."""
    if isinstance(error, AssayError):
        return error
    if isinstance(error, OperationalError) and (
        "database is locked" in str(error) or getattr(error.__cause__, "sqlstate", "") in _ENDED
    ):
        return Busy(
            _("Somebody else was at the same at this very moment, and nothing of yours was written. Try again.")
        )
    if isinstance(error, IntegrityError) and (
        "UNIQUE constraint" in str(error) or getattr(error.__cause__, "sqlstate", "") == _UNIQUE_VIOLATION
    ):
        return WrongState(_("Somebody wrote the same at this very moment; nothing of yours was written. Look again."))
    return None


def answer(request: HttpRequest, error: AssayError) -> HttpResponse:
    """The page for an error; a refusal says no more than that."""
    status = status_of(error)
    if isinstance(error, Busy):
        response = _page(request, status, error.message, title=_("Somebody else was faster"))
        response["Retry-After"] = "1"
        return response
    return _page(request, status, "" if status in (403, 404) else error.message)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _page(request, 404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(request, 400)


def our_fault(request: HttpRequest) -> HttpResponse:
    """500."""
    return _page(request, 500)


def wrong_method(request: HttpRequest, allowed: Sequence[str]) -> HttpResponse:
    """405, with the methods that are there."""
    is_api = request.path.startswith("/api/")
    response = _page(request, 405, f"This address answers to {', '.join(allowed)} only." if is_api else "")
    response["Allow"] = ", ".join(allowed)
    return response


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from our own page, or from one that is too old."""
    return _page(request, 403, _("This form has expired or did not come from this site. Go back, reload, try again."))


def _speak(request: HttpRequest) -> None:
    """The reader's own language where no view was found, so that nothing has chosen it yet."""
    language = getattr(getattr(request, "user", None), "language", "")
    if language and translation.get_language() != language:
        translation.activate(language)
        request.LANGUAGE_CODE = language


def _page(request: HttpRequest, status: int, text: str = "", *, title: str = "") -> HttpResponse:
    _speak(request)
    titles: dict[int, Any] = {
        400: _("This could not be done"),
        403: _("This is not for you"),
        404: _("There is no such page"),
        405: _("This page cannot be opened by its address"),
        409: _("This is no longer possible"),
        500: _("This is our fault"),
        503: _("Something outside failed"),
    }
    texts: dict[int, Any] = {
        400: _("What was asked for cannot be read. Go back and check the form."),
        403: _("Your role does not allow this page or this action. If it should, ask an administrator."),
        404: _("It may have been removed, or it belongs to another organisation."),
        405: _("It is what a form led to. Go back and send the form again."),
        500: _("It has been written to the log. Nothing you sent was half done."),
    }
    if request.path.startswith("/api/"):
        said = {"error": NAMES[status], "message": str(text or texts.get(status, "")), "where": {"path": request.path}}
        return JsonResponse(said | {"value": None, "allowed": None}, status=status)
    context = {"status": status, "title": title or titles.get(status, ""), "text": text or texts.get(status, "")}
    return render(request, "fault.html", context, status=status)
