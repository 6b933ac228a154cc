"""Forms of the accounts: what is asked for, and how a browser may help to fill it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.casework.access import Refused
from assay.casework.access.roles import ROLES_OF
from assay.casework.models import Language, Organisation, OrganisationKind, Role
from assay.casework.services.people import PersonDetails
from assay.casework.services.tokens import MOST_DAYS, SCOPES
from assay.market.errors import CallerError


class SignInForm(forms.Form):
    """Address and password."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1_000,  # a hash of more than anybody types would only cost us time
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


def _new_password() -> forms.CharField:
    """At most 1,000 characters, spaces at the ends included."""
    return forms.CharField(
        label=_("New password"),
        help_text=_("At least 12 characters. Several words in a row are easier to remember than signs."),
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NewPasswordForm(forms.Form):
    """A password, typed twice."""

    password = _new_password()
    again = forms.CharField(
        label=_("The same again"),
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        found = super().clean() or {}
        if found.get("password") and found.get("again") and found["password"] != found["again"]:
            self.add_error("again", _("The two passwords differ."))
        return found


class ChangePasswordForm(NewPasswordForm):
    """The old password and a new one."""

    old = forms.CharField(
        label=_("Old password"),
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("old", "password", "again")


class TokenForm(forms.Form):
    """A program's key: its name, what it may do, how long."""

    name = forms.CharField(
        label=_("What uses it"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    scopes = forms.MultipleChoiceField(label=_("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label=_("Good for days"), min_value=1, max_value=MOST_DAYS, initial=90)
    password = forms.CharField(
        label=_("Your password"),
        help_text=_("A token outlives this session, so an open session alone is not enough."),
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, scopes: list[str], **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(scope, SCOPES[scope]) for scope in scopes if scope in SCOPES]


class OrganisationForm(forms.Form):
    """An organisation; kind and merchant id are set once."""

    kind = forms.ChoiceField(label=_("Kind"), choices=OrganisationKind.choices)
    name = forms.CharField(label=_("Name"), max_length=300)
    merchant_id = forms.CharField(
        label=_("Merchant id"),
        required=False,
        max_length=200,
        help_text=_("The market's id of the merchant; for merchants only."),
    )
    language = forms.ChoiceField(label=_("Language of letters"), choices=Language.choices)
    contact_email = forms.EmailField(label=_("E-mail for questions"), required=False)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["kind"], self.fields["merchant_id"]

    def clean(self) -> dict[str, Any]:
        """A merchant has the market's id, and nobody else does."""
        found = super().clean() or {}
        if "kind" in found and (found["kind"] == OrganisationKind.MERCHANT) != bool(found.get("merchant_id")):
            self.add_error("merchant_id", _("A merchant needs the market's id; others have none."))
        return found


class PersonForm(forms.Form):
    """A person; the roles are those that the organisation's kind gives."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The person signs in with it."))
    role = forms.ChoiceField(label=_("Role"))
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    needs_second_factor = forms.BooleanField(
        label=_("A second factor is needed to sign in"),
        required=False,
        help_text=_("For everybody who sees more than their own account."),
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        if isinstance(field, forms.ChoiceField):
            given = ROLES_OF.get(organisation.kind, frozenset())
            field.choices = [choice for choice in Role.choices if choice[0] in given]

    def details(self) -> PersonDetails:
        """What was filled in."""
        return PersonDetails(**self.cleaned_data)


def say(form: forms.Form, error: CallerError) -> None:
    """Shows what a service refused beside the field it is about, in the reader's language where it is foreseen."""
    field = error.where.get("field")
    words = _REFUSED if isinstance(error, Refused) else _FORESEEN.get(str(field))
    form.add_error(field if words and field in form.fields else None, words or error.message)


_REFUSED = _("Your role does not allow this, or not to yourself.")
_FORESEEN = {
    "email": _("Somebody signs in with this address already."),
    "merchant_id": _("This merchant has an organisation already; add people to that one."),
    "role": _("This would leave no administrator; give the role to somebody else first."),
}


class ReasonForm(forms.Form):
    """Why something is done to an account."""

    reason = forms.CharField(label=_("Reason"), max_length=1_000)


class PeopleSearchForm(forms.Form):
    """What the list of people is narrowed by."""

    q = forms.CharField(required=False, max_length=200)
    kind = forms.ChoiceField(required=False, choices=[("", _("all")), *OrganisationKind.choices])
    role = forms.ChoiceField(required=False, choices=[("", _("all")), *Role.choices])
    state = forms.ChoiceField(
        required=False,
        choices=[("", _("all")), ("active", _("active")), ("waiting", _("invited")), ("left", _("deactivated"))],
    )
    organisation = forms.IntegerField(required=False, max_value=2**63 - 1, widget=forms.HiddenInput)
