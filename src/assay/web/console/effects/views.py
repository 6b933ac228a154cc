"""Where effects go and what became of them: endpoints, effects, and the periodic work that sends them."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assay.casework.access import may, need
from assay.casework.models import EffectState
from assay.casework.queries import effects as found_in
from assay.casework.queries.jobs import job_rows
from assay.casework.services import effects, endpoints
from assay.web.console.asking import actor_of, person_of, told


def endpoint_list(request: HttpRequest) -> HttpResponse:
    """Every endpoint with what waits for it."""
    person = person_of(request)
    need(person, "effect.read")
    context = {"rows": found_in.endpoint_rows(person), "can_add": may(person, "endpoint.keep"), "here": "endpoints"}
    return render(request, "console/effects/endpoints.html", context)


@told("console:endpoints")
def endpoint_add(request: HttpRequest) -> HttpResponse:
    """Adds an endpoint and shows its secret, this once; a reload is refused, since the address has an endpoint then."""
    made = endpoints.add_endpoint(actor_of(request), url=request.POST.get("url", "").strip())
    return render(request, "console/effects/secret.html", {"made": made, "is_new": True})


def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """One endpoint: how it does, what failed last, and what may be done."""
    person = person_of(request)
    row = found_in.the_endpoint(person, pk)
    failed, _more = found_in.page_of(person, found_in.WantedEffects(state=EffectState.FAILED, endpoint=pk))
    context = {
        "row": row,
        "failed": failed[:10],
        "history": found_in.history("endpoint", pk),
        "can_keep": row.endpoint.is_active and may(person, "endpoint.keep", row.endpoint),
        "mark": endpoints.secret_mark(row.endpoint),
        "n_unheard": found_in.n_unheard(),
        "n_left": row.n_waiting + row.n_failed,
    }
    return render(request, "console/effects/endpoint.html", context)


@told("console:endpoints")
def endpoint_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Keeps effects back until it is resumed."""
    row = found_in.the_endpoint(person_of(request), pk)
    endpoints.pause(actor_of(request), row.endpoint, reason=request.POST.get("reason", ""))
    messages.success(request, _("Paused: effects are kept and wait."))
    return redirect("console:endpoint", pk)


@told("console:endpoints")
def endpoint_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends again, at once."""
    row = found_in.the_endpoint(person_of(request), pk)
    endpoints.resume(actor_of(request), row.endpoint)
    messages.success(request, _("Resumed: what waits is sent now."))
    return redirect("console:endpoint", pk)


@told("console:endpoints")
def endpoint_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends an endpoint for good."""
    row = found_in.the_endpoint(person_of(request), pk)
    endpoints.retire(actor_of(request), row.endpoint, reason=request.POST.get("reason", ""))
    messages.success(request, _("Retired: nothing is sent there any more."))
    return redirect("console:endpoint", pk)


@told("console:endpoints")
def endpoint_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Replaces the secret and shows the new one, this once; a reload is refused, since the form is old then."""
    row = found_in.the_endpoint(person_of(request), pk)
    made = endpoints.replace_secret(actor_of(request), row.endpoint, mark=request.POST.get("mark", ""))
    return render(request, "console/effects/secret.html", {"made": made, "is_new": False})


@told("console:endpoints")
def endpoint_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes the address; shows the new secret, this once, where one was asked for."""
    row, given = found_in.the_endpoint(person_of(request), pk), request.POST
    made = endpoints.change_address(
        actor_of(request),
        row.endpoint,
        url=given.get("url", "").strip(),
        reason=given.get("reason", ""),
        renews_secret="renew" in given,
    )
    messages.success(request, _("Moved: what waits goes to the new address."))
    if made is None:
        return redirect("console:endpoint", pk)
    return render(request, "console/effects/secret.html", {"made": made, "is_new": False})


@told("console:endpoints")
def endpoint_send_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends what nobody had heard there: all of it, or what one subject has."""
    row, given = found_in.the_endpoint(person_of(request), pk), request.POST
    subject = given.get("subject", "")
    n = endpoints.send_unheard(actor_of(request), row.endpoint, reason=given.get("reason", ""), subject=subject)
    messages.success(request, ngettext("%(n)d effect is sent now.", "%(n)d effects are sent now.", n) % {"n": n})
    return redirect("console:endpoint", pk)


@told("console:endpoints")
def endpoint_trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a trial message the way that effects go."""
    row = found_in.the_endpoint(person_of(request), pk)
    effect = endpoints.send_trial(actor_of(request), row.endpoint)
    messages.success(request, _("A trial message is on its way; this page says what becomes of it."))
    return redirect("console:effect", effect.pk)


@told("console:endpoints")
def endpoint_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Begins again with all that was given up."""
    row = found_in.the_endpoint(person_of(request), pk)
    n = endpoints.retry_failed(actor_of(request), row.endpoint, reason=request.POST.get("reason", ""))
    messages.success(request, ngettext("%(n)d effect is tried again.", "%(n)d effects are tried again.", n) % {"n": n})
    return redirect("console:endpoint", pk)


def effect_list(request: HttpRequest) -> HttpResponse:
    """Effects, newest first, one page after another."""
    person = person_of(request)
    need(person, "effect.read")
    given = request.GET
    wanted = found_in.WantedEffects(
        given.get("state", ""),
        _number(given.get("endpoint")),
        given.get("text", "").strip(),
        _number(given.get("before")),
    )
    rows, before = found_in.page_of(person, wanted)
    context = {"rows": rows, "wanted": wanted, "states": EffectState.choices, "here": "effects"}
    context["endpoints"] = found_in.endpoints_of(person)
    if before is not None:
        context["next_url"] = "?" + urlencode(wanted.query | {"before": str(before)})
    return render(request, "console/effects/effects.html", context)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def effect(request: HttpRequest, pk: int) -> HttpResponse:
    """One effect: what it says, how it went, what it waits for, and what may be done."""
    person = person_of(request)
    found = found_in.the_effect(person, pk)
    context = {
        "effect": found,
        "payload": json.dumps(found.payload, indent=2, ensure_ascii=False, sort_keys=True),
        "held_by": found_in.held_by(found),
        "history": found_in.history("effect", pk),
        "can_retry": found.state == EffectState.FAILED and may(person, "effect.retry", found),
        "targets": found_in.targets_of(person, found),
        "can_waive": found.state in effects.UNFINISHED and may(person, "effect.waive", found),
    }
    return render(request, "console/effects/effect.html", context)


@told("console:effects")
def effect_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Begins again with all tries."""
    found = found_in.the_effect(person_of(request), pk)
    effects.retry(actor_of(request), found, reason=request.POST.get("reason", ""))
    messages.success(request, _("It is tried again now."))
    return redirect("console:effect", pk)


@told("console:effects")
def effect_waive(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives an effect up for good, so that later ones go on."""
    found = found_in.the_effect(person_of(request), pk)
    effects.waive(actor_of(request), found, reason=request.POST.get("reason", ""))
    messages.success(request, _("Waived: it is not sent, and later effects of its subject go on."))
    return redirect("console:effect", pk)


def jobs(request: HttpRequest) -> HttpResponse:
    """The periodic work: when each job ran last, how it went, when it runs again."""
    need(person_of(request), "worker.read")
    return render(request, "console/effects/jobs.html", {"rows": job_rows(), "here": "jobs"})
