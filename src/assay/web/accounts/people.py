"""The administration of people: who is there, who comes, who goes."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from assay.casework.access import NotThere, may, need
from assay.casework.models import ApiToken, Organisation, OrganisationKind, Person, Role
from assay.casework.queries.people import PeopleFilter, people_for
from assay.casework.services import factors, passwords, people, personal
from assay.casework.services.people import PersonDetails
from assay.casework.services.recording import Actor
from assay.casework.services.tokens import revoke_token
from assay.market.errors import CallerError
from assay.web.accounts.forms import PeopleSearchForm, PersonForm, ReasonForm, say
from assay.web.accounts.person import the_person

_ROWS = 50


def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody, narrowed by words, kind, role and state."""
    form = PeopleSearchForm(request.GET)
    form.is_valid()  # a value that makes no sense narrows nothing
    given = form.cleaned_data
    wanted = PeopleFilter(
        given.get("q", ""),
        given.get("kind", ""),
        given.get("role", ""),
        given.get("state", ""),
        given.get("organisation"),
    )
    page = Paginator(people_for(the_person(request), wanted), _ROWS).get_page(request.GET.get("page"))
    personal.read_people(Actor.of(the_person(request)), page.object_list)
    context = {"page": page, "wanted": wanted, "kinds": OrganisationKind.choices, "roles": Role.choices}
    context["states"] = form.fields["state"].choices[1:]  # type: ignore[attr-defined]
    return render(request, "accounts/people.html", context)


def person_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Adds a person to an organisation, and shows the link that lets them in."""
    actor, organisation = Actor.of(the_person(request)), _organisation(pk)
    initial = {"language": organisation.language, "needs_second_factor": organisation.kind != OrganisationKind.MERCHANT}
    form = PersonForm(request.POST or None, organisation=organisation, initial=initial)
    if form.is_valid():
        try:
            person = people.add_person(actor, organisation, form.details())
        except CallerError as error:
            say(form, error)
        else:
            return _link_page(request, person, passwords.invite(actor, person))
    context = {"form": form, "organisation": organisation}
    return render(request, "accounts/person_add.html", context, status=400 if form.errors else 200)


def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what is set about them, and what can be done."""
    actor, person = Actor.of(the_person(request)), _person(request, pk)
    form = PersonForm(request.POST or None, organisation=person.organisation, initial=_initial(person))
    if form.is_valid() and _change(actor, person, form):
        messages.success(request, _("Saved."))
        return redirect("accounts:person", pk)
    personal.read_people(actor, [person])
    context = {
        "form": form,
        "subject": person,
        "is_self": person == actor.person,
        "can_act": may(the_person(request), "person.deactivate", person),
        "has_factor": factors.has_factor(person),
        "tokens": ApiToken.objects.filter(person=person).order_by("-created_at"),
    }
    return render(request, "accounts/person.html", context, status=400 if form.errors else 200)


def person_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a new link that sets the password, and shows it in this answer only."""
    person = _person(request, pk)
    return _link_page(request, person, passwords.invite(Actor.of(the_person(request)), person))


def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a person out."""
    person = _person(request, pk)
    people.deactivate(Actor.of(the_person(request)), person, reason=_reason(request))
    messages.success(request, _("The person can no longer sign in; open sessions and tokens have ended."))
    return redirect("accounts:person", pk)


def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets a person in again."""
    person = _person(request, pk)
    people.reactivate(Actor.of(the_person(request)), person, reason=_reason(request))
    messages.success(request, _("The person can sign in again. Their tokens stay ended."))
    return redirect("accounts:person", pk)


def person_reset_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes a person's second factor; they enrol anew."""
    person = _person(request, pk)
    factors.reset(Actor.of(the_person(request)), person, reason=_reason(request))
    messages.success(request, _("The second factor is removed. The person sets up a new one at the next sign-in."))
    return redirect("accounts:person", pk)


def person_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a token of somebody else."""
    token = ApiToken.objects.select_related("person").filter(pk=pk).first()
    if token is None:
        raise NotThere(f"There is no token {pk}.")
    revoke_token(Actor.of(the_person(request)), token, reason=_reason(request))
    messages.success(request, _("The token no longer works."))
    return redirect("accounts:person", token.person_id)


def _change(actor: Actor, person: Person, form: PersonForm) -> bool:
    try:
        people.change_person(actor, person, form.details())
    except CallerError as error:
        say(form, error)
        return False
    return True


def _link_page(request: HttpRequest, person: Person, link: str) -> HttpResponse:
    url = request.build_absolute_uri(reverse("accounts:invitation", args=[link]))
    context = {"subject": person, "url": url, "days": passwords.INVITATION_DAYS}
    return render(request, "accounts/link.html", context)


def _initial(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in PersonDetails.__dataclass_fields__}


def _person(request: HttpRequest, pk: int) -> Person:
    found = Person.objects.select_related("organisation").filter(pk=pk).first()
    if found is None or not may(the_person(request), "person.read", found):
        raise NotThere(f"There is no person {pk}.")
    need(the_person(request), "person.change", found)
    return found


def _organisation(pk: int) -> Organisation:
    found = Organisation.objects.filter(pk=pk).first()
    if found is None:
        raise NotThere(f"There is no organisation {pk}.")
    return found


def _reason(request: HttpRequest) -> str:
    form: Form = ReasonForm(request.POST)
    return str(form.cleaned_data["reason"]) if form.is_valid() else ""
