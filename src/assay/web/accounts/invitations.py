"""The page behind an invitation: sets a password, once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from assay.casework.services.passwords import BadPassword, InvitationOver, invited, set_by_invitation
from assay.web.accounts.forms import NewPasswordForm


def invitation(request: HttpRequest, link: str) -> HttpResponse:
    """Sets the password of whoever the link is for, and leads to signing in."""
    try:
        person = invited(link)
        form = NewPasswordForm(request.POST or None)
        if form.is_valid():
            set_by_invitation(link, password=form.cleaned_data["password"])
            messages.success(request, _("The password is set. Sign in with it."))
            return redirect("accounts:sign-in")
    except InvitationOver:
        return render(request, "accounts/invitation_over.html", status=410)
    except BadPassword as error:
        for sentence in error.sentences:
            form.add_error("password", sentence)
    context = {"form": form, "subject": person}
    return render(request, "accounts/invitation.html", context, status=400 if form.errors else 200)
