"""Who works here: organisations, people with one role each, and the tokens programs use in their name."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class OrganisationKind(models.TextChoices):
    """What an organisation is to the marketplace; decides which roles its people may have."""

    MARKETPLACE = "marketplace", _("marketplace")
    BRAND = "brand", _("brand")
    LABORATORY = "laboratory", _("laboratory")
    AUTHORITY = "authority", _("authority")
    MERCHANT = "merchant", _("merchant")


class Role(models.TextChoices):
    """What a person does. One person has one role; who needs two has two accounts."""

    ANALYST = "analyst", _("analyst")
    SENIOR = "senior", _("senior analyst")
    TEST_BUYER = "test_buyer", _("test buyer")
    AUTHENTICATOR = "authenticator", _("authenticator")
    MERCHANT = "merchant", _("merchant")
    AUDITOR = "auditor", _("auditor")
    ADMINISTRATOR = "administrator", _("administrator")


class Language(models.TextChoices):
    """Languages that pages and letters are complete in."""

    ENGLISH = "en", "English"
    CHINESE = "zh-hans", "简体中文"


class Organisation(models.Model):
    """A marketplace, brand, laboratory, authority or merchant. `merchant_id` is the market's id of a merchant."""

    kind = models.CharField(max_length=20, choices=OrganisationKind.choices)
    name = models.CharField(max_length=300)
    merchant_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    language = models.CharField(max_length=10, choices=Language.choices, default=Language.ENGLISH)
    contact_email = models.EmailField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind="merchant", merchant_id__isnull=False)
                | (~models.Q(kind="merchant") & models.Q(merchant_id__isnull=True)),
                name="organisation_merchant_id_iff_merchant",
            )
        ]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Finds people by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person with this address. Person.DoesNotExist when there is none."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser):
    """Somebody who signs in with an e-mail address (kept in lower case) and has one role."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    role = models.CharField(max_length=20, choices=Role.choices)
    language = models.CharField(max_length=10, choices=Language.choices, default=Language.ENGLISH)
    is_active = models.BooleanField(default=True)
    needs_second_factor = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # Raising it ends every open session of the person: a changed password or role takes effect at once.
    session_epoch = models.PositiveIntegerField(default=0)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    # Name and address are gone, the row stays: decisions and the log point at it.
    erased_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PersonManager] = PersonManager()

    def __str__(self) -> str:
        return self.name or self.email


class ApiToken(models.Model):
    """A program's key to the API in a person's name. Shown once; only its SHA-256 is kept."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    scopes: models.JSONField[Any, Any] = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class LoginThrottle(models.Model):
    """Failed sign-ins by key (an account's or an address' hash), for slowing down guessing."""

    key = models.CharField(max_length=64, unique=True)
    n_failures = models.PositiveIntegerField(default=0)
    first_failure_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, blank=True)
