"""Where a request comes from, and where a person goes next; both are what the other side says, so both are checked."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from assay.web.surroundings import surroundings


def address_of(request: HttpRequest) -> str:
    """The IP address that asks. Behind our proxy the last hop of X-Forwarded-For, which the proxy itself wrote.

    Earlier hops come from whoever asks, and would give every guess an address of its own.
    """
    if settings.ASSAY_PROXY:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        return hops[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def safe_next(request: HttpRequest) -> str:
    """The page that was asked for before signing in, if it is one of ours; else the start page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours and wanted.startswith("/") else reverse("home")


def first_page(request: HttpRequest) -> str:
    """Where a person's day begins: the first place of the navigation that is open to them, else their own account."""
    places = [place.url for place in surroundings(request)["places"]]
    return places[0] if places else reverse("accounts:me")
