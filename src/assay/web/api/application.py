"""The API object: who may call, how errors are said, where the description lies."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from assay.casework.services.repeats import KeyUsedDifferently
from assay.market.errors import AssayError
from assay.web.api.keys import Bearer, TooMany
from assay.web.faults import NAMES, Busy, said_for, status_of

LOG = logging.getLogger("assay.web.api")

_ABOUT = """
Rate listings as they are created, read what was found and decided, and decide, in the name of the person whose token is
used. Every answer is JSON; every error has the same shape: `error`, `message`, `where`, `value`, `allowed`.

* **Token**: `Authorization: Bearer assay_…`; its scopes and the role of its person say what it may do.
* **Repeating**: send `Idempotency-Key` with a POST that decides something; the same key and body get the same answer
  for 24 hours, with the header `Idempotent-Replay: true`. Ratings need none: asked again they change nothing.
* **Pages**: lists give `items` and `next`; pass `next` as `cursor` for what follows.
* **Limits**: 429 with `Retry-After` when a token calls too often.
""".strip()

api = NinjaAPI(
    title="Assay",
    version="1",
    description=_ABOUT,
    auth=Bearer(),
    urls_namespace="api",
    docs_url=None,  # the ready-made page loads scripts from elsewhere; docs/reference/api.md is written from the code
    openapi_url=None,  # served by a view of our own, which the table of permits knows
    openapi_extra={"info": {"license": {"name": "Apache-2.0"}}},
)


def fault(request: HttpRequest, status: int, said: dict[str, Any]) -> HttpResponse:
    """An error in the one shape."""
    whole = {"error": "Fault", "message": "", "where": {}, "value": None, "allowed": None} | said
    return api.create_response(request, whole, status=status)


@api.exception_handler(AssayError)
def _assay(request: HttpRequest, error: AssayError) -> HttpResponse:
    return fault(request, 422 if isinstance(error, KeyUsedDifferently) else status_of(error), error.as_dict())


@api.exception_handler(IntegrityError)
@api.exception_handler(OperationalError)
def _at_once(request: HttpRequest, error: IntegrityError | OperationalError) -> HttpResponse:
    said = said_for(error)
    response = _assay(request, said) if said else _ours(request, error)
    if isinstance(said, Busy):
        response["Retry-After"] = "1"
    return response


@api.exception_handler(TooMany)
def _too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    said = {
        "error": "TooMany",
        "message": f"This token may call {error.per_minute} times a minute; try again in {error.seconds} s.",
        "allowed": f"{error.per_minute} a minute",
    }
    response = fault(request, 429, said)
    response["Retry-After"] = str(error.seconds)
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Every field that cannot be read, in one answer."""
    faults = [
        {"place": ".".join(str(part) for part in each["loc"][1:]), "message": each["msg"], "kind": each["type"]}
        for each in error.errors
    ]
    said = "; ".join(f"{each['place'] or 'the body'}: {each['message']}" for each in faults)
    return fault(
        request,
        422,
        {"error": "Invalid", "message": f"The request cannot be read: {said}.", "where": {"faults": faults}},
    )


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    said = {
        "error": "Unknown",
        "message": "No valid token came with the request; send `Authorization: Bearer assay_…`.",
        "allowed": "a token that has not expired or been revoked",
    }
    response = fault(request, 401, said)
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(HttpError)
def _plain(request: HttpRequest, error: HttpError) -> HttpResponse:
    return fault(request, error.status_code, {"error": NAMES.get(error.status_code, "Invalid"), "message": str(error)})


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    said = {"error": "Invalid", "message": f"The body is larger than {most:,} bytes.", "allowed": f"{most:,} bytes"}
    return fault(request, 413, said)


@api.exception_handler(Exception)
def _ours(request: HttpRequest, error: Exception) -> HttpResponse:
    LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    said = {"error": "OurFault", "message": "This is a fault in Assay, not in your request; it has been logged."}
    return fault(request, 500, said)
