"""Who may see which field: every field of casework has a class, and rows are masked before they are serialised.

| class | who sees it |
|---|---|
| public | everybody who signs in |
| platform | people of the marketplace, auditors; of their own rows, the organisation they concern |
| case | analysts, seniors, auditors; where the table below says so, other roles, and the organisation concerned |
| sealed | nobody: only the service that owns it reads it |

Numbers, times, yes-or-no values, choices and links to rows of cases have the class of their table. Text, JSON and links
to people and organisations have to be named: a field that is not is an error of the house (`unclassed`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from assay.casework.access.roles import is_auditor
from assay.casework.models import AuditEvent, FieldClass, OrganisationKind, Person, Role

MASK = "•••"
# What begins a formula for a spreadsheet; the wide forms are what Chinese keyboards give, and Excel takes them too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Who reads what is of a case where a table does not say otherwise.
_READERS: dict[str, str] = dict.fromkeys((Role.ANALYST, Role.SENIOR, Role.AUDITOR), "*")
_OVERSEERS: dict[str, str] = dict.fromkeys((Role.SENIOR, Role.AUDITOR), "*")
PUBLIC, PLATFORM, CASE, SEALED = FieldClass.PUBLIC, FieldClass.PLATFORM, FieldClass.CASE, FieldClass.SEALED


@dataclass(frozen=True, slots=True)
class Classes:
    """Of one table: the class of what is not named, the named fields, and what an organisation sees of its own rows.

    `readers`: by role the fields of the class case that it sees. There and in `own`, `*` is all but sealed fields.
    """

    rest: FieldClass
    platform: str = ""
    case: str = ""
    sealed: str = ""
    public: str = ""
    own: str = ""
    readers: dict[str, str] = field(default_factory=lambda: _READERS)
    named: dict[str, FieldClass] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for kind, names in ((PLATFORM, self.platform), (CASE, self.case), (SEALED, self.sealed), (PUBLIC, self.public)):
            self.named.update(dict.fromkeys(names.split(), kind))


# Of a test buy what buyers work with and administrators look after: all but what came of it.
_OF_GOODS = (
    "id programme unit look pot listing_id merchant_id title brand category merchant_name rights_holder "
    "catalogue_weight_g price_minor score known inclusion_probability stage assigned_to due_at order_no carrier "
    "tracking_no parcel_weight_g cost_minor said_brand said_model seal_no note finished_at recorded_at custody_head"
)
_TABLES: dict[str, Classes] = {
    "organisation": Classes(PLATFORM, platform="name merchant_id contact_email", own="*"),
    # An address is known to those who administer and to colleagues; a password's hash to nobody.
    "person": Classes(PLATFORM, platform="email name organisation", sealed="password session_epoch", own="*"),
    "apitoken": Classes(PLATFORM, platform="person name prefix scopes", sealed="secret_sha256", own="*"),
    "loginthrottle": Classes(PLATFORM, sealed="key"),
    "analysisrun": Classes(
        PLATFORM,
        platform="run_key folder snapshot_id model_label model_listing model_merchant counts not_computed loaded_by "
        "progress",
    ),
    "item": Classes(
        CASE,
        case="subject_id merchant_id merchant_name title brand category currency harm_currency claimed_by claimed_for",
        own="subject_type subject_id merchant_id merchant_name title",
    ),
    "finding": Classes(CASE, case="snapshot_id model content content_sha256"),
    "savedview": Classes(PLATFORM, platform="person name query"),
    "queuecensus": Classes(PLATFORM, platform="counts"),
    "review": Classes(CASE, case="person reason_code note settled_by"),
    # Whoever is tested with them must not know them: seniors keep them, auditors check that they do.
    "gold": Classes(CASE, case="source added_by", readers=_OVERSEERS),
    # The note stays inside; the merchant reads the statement of reasons.
    "decision": Classes(
        CASE,
        case="reference merchant_id reason_code note decided_by approved_by batch",
        own="id reference merchant_id action reason_code state in_force_at ends_at ended_at",
    ),
    "statement": Classes(CASE, case="organisation merchant_id subject text content", own="*"),
    "strike": Classes(CASE, case="merchant_id", own="*"),
    "strikepolicy": Classes(PLATFORM, platform="weights thresholds created_by switched_on_by"),
    "strikeproposal": Classes(CASE, case="merchant_id"),
    "automationpolicy": Classes(PLATFORM, platform="category lowered_because"),
    "document": Classes(CASE, case="organisation filename media_type sha256 uploaded_by", own="*"),
    "appeal": Classes(
        CASE,
        case="organisation lodged_by text claimed_by answered_by answer_text",
        own="id decision organisation lodged_by language text lodged_at state due_at answered_at answer_text",
    ),
    "appealletter": Classes(CASE, case="subject text content", own="*"),
    # What an event tells has the class of its subject: see `_class_of`.
    "auditevent": Classes(
        PLATFORM, platform="actor actor_role action subject_type subject_id before after reason leaf"
    ),
    "audithead": Classes(PLATFORM, platform="log_id frontier checkpoint"),
    "auditcheckpoint": Classes(PLATFORM, public="text"),
    "legalhold": Classes(PLATFORM, platform="subject_type subject_id reason placed_by lifted_by"),
    "endpoint": Classes(PLATFORM, platform="organisation url", sealed="sealed_secret sealed_old_secret"),
    # Whoever keeps the way out open sees what goes out: it names no person and holds no text of anybody.
    "effect": Classes(PLATFORM, platform="kind subject last_error payload"),
    "workerbeat": Classes(PLATFORM, platform="job held_by last_error"),
    "idempotencykey": Classes(PLATFORM, platform="key request_sha256", case="response"),
    # Administrators see that work goes on, and with it the figures; buyers no figures, or they would look for more.
    "programme": Classes(
        CASE,
        case="name folder plan_sha256 key_fingerprint currency loaded_by progress problem",
        readers=_READERS | {Role.ADMINISTRATOR: "*", Role.TEST_BUYER: "id name currency"},
    ),
    "testbuytask": Classes(
        CASE,
        case="unit pot listing_id merchant_id title brand category merchant_name rights_holder known assigned_to "
        "order_no carrier tracking_no said_brand said_model seal_no note outcome second_outcome record_problem "
        "custody_head",
        # What was found, and what the folder says against it, is for who answers for the figures and who checks them.
        readers=_OVERSEERS
        | {
            Role.ADMINISTRATOR: _OF_GOODS,
            Role.TEST_BUYER: _OF_GOODS,
            Role.ANALYST: "id programme unit",
            Role.AUTHENTICATOR: "unit said_brand said_model",
        },
    ),
    "custodyentry": Classes(
        CASE,
        case="act person seal_no place note details previous_sha256 sha256",
        readers=_OVERSEERS | {Role.ADMINISTRATOR: "*", Role.TEST_BUYER: "*"},
    ),
    "examination": Classes(
        CASE,
        case="organisation examiner outcome findings seal_no_expected seal_no_found resealed_no declined_because",
        readers=_OVERSEERS
        | {
            Role.ADMINISTRATOR: "id task ordinal organisation examiner assigned_at due_at is_independent declined_at "
            "declined_because finished_at"
        },
        # Not which of the two it is, nor whether another organisation made the other.
        own="id organisation examiner assigned_at due_at outcome findings cost_minor seal_no_expected seal_no_found "
        "seal_fits is_seal_intact resealed_no declined_at declined_because finished_at",
    ),
}
# Events about these tell nothing of a case; of all others, states and reasons are of the class `case`.
_PLATFORM_SUBJECTS = frozenset(
    {
        *("person", "organisation", "apitoken", "account", "endpoint", "audit", "legalhold", "strikepolicy"),
        *("automationpolicy", "workerbeat", "analysisrun", "loginthrottle"),
    }
)
_SAID_OF_SUBJECT = frozenset({"before", "after", "reason"})
# Keys of JSON that nobody should have written; were they there, they are not shown.
_NEVER_SHOWN = frozenset({"password", "secret", "sealed_secret", "clear_text", "secret_sha256", "token"})


def visible(person: Person, row: models.Model) -> dict[str, Any]:
    """The row as this person may see it: every field by name, links as ids, `MASK` in place of what is not for them.

    What is empty stays empty, except in sealed fields.
    """
    is_own = _concerns(person, row)
    return {
        each.name: _shown(
            getattr(row, each.attname), sees(person, row, each.name, is_own=is_own), _class_of(row, each.name)
        )
        for each in row._meta.concrete_fields
    }


def sees(person: Person, row: models.Model, name: str, *, is_own: bool | None = None) -> bool:
    """Whether a person may see one field of a row. KeyError for a field without a class."""
    kind = _class_of(row, name)
    if kind in (SEALED, PUBLIC):
        return kind == PUBLIC
    if kind == PLATFORM and (person.organisation.kind == OrganisationKind.MARKETPLACE or is_auditor(person)):
        return True
    if kind == CASE and _holds(_table(row).readers.get(person.role, ""), name):
        return True
    concerns = _concerns(person, row) if is_own is None else is_own
    return concerns and (kind == PLATFORM or _holds(_table(row).own, name))


def safe_cell(value: Any) -> Any:  # noqa: ANN401 - a cell holds whatever a row holds
    """A value that a spreadsheet shows and does not run: text that begins a formula gets an apostrophe before it.

    >>> safe_cell("=1+1"), safe_cell(-5), safe_cell("5-a-day")
    ("'=1+1", -5, '5-a-day')
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


@cache
def field_classes() -> dict[str, FieldClass]:
    """The class of every field of casework by `table.field`."""
    found = {}
    for model in apps.get_app_config("casework").get_models():
        table = _TABLES[str(model._meta.model_name)]
        for each in model._meta.concrete_fields:
            found[f"{model._meta.model_name}.{each.name}"] = table.named.get(each.name, table.rest)
    return found


def unclassed(tables: list[type[models.Model]] | None = None) -> list[str]:
    """Fields that have to be named in this file and are not, and names here that are no field."""
    wrong = []
    for model in tables or list(apps.get_app_config("casework").get_models()):
        name = str(model._meta.model_name)
        if name not in _TABLES:
            wrong.append(name)
            continue
        table, fields = _TABLES[name], {each.name: each for each in model._meta.concrete_fields}
        wrong += [f"{name}.{each}" for each in fields if _has_to_be_named(fields[each]) and each not in table.named]
        wrong += [f"{name}.{each} (no such field)" for each in _names(table) - {*fields, "*"}]
    return sorted(wrong)


def _names(table: Classes) -> set[str]:
    """Every name of a field that a table's entry holds."""
    return {*table.named, *(each for names in (table.own, *table.readers.values()) for each in names.split())}


def _has_to_be_named(each: models.Field[Any, Any]) -> bool:
    if each.is_relation:
        return each.related_model is not None and each.related_model._meta.model_name in ("person", "organisation")
    holds_anything = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)
    return isinstance(each, (*holds_anything, models.GenericIPAddressField)) and not each.choices


def _holds(names: str, name: str) -> bool:
    return names == "*" or name in names.split()


def _table(row: models.Model) -> Classes:
    return _TABLES[str(row._meta.model_name)]


def _class_of(row: models.Model, name: str) -> FieldClass:
    if isinstance(row, AuditEvent) and name in _SAID_OF_SUBJECT:
        return PLATFORM if row.subject_type in _PLATFORM_SUBJECTS else CASE
    table = _table(row)
    return table.named.get(name, table.rest)


def _shown(value: Any, is_seen: bool, kind: FieldClass) -> Any:  # noqa: ANN401 - any field's value
    if not is_seen:
        return MASK if kind == SEALED or value not in (None, "", [], {}) else value
    return _without_secrets(value) if isinstance(value, dict | list) else value


def _without_secrets(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {k: MASK if k in _NEVER_SHOWN else _without_secrets(v) for k, v in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def _concerns(person: Person, row: models.Model) -> bool:
    """Whether a row is of the person's own organisation, by its organisation or the market's id of the merchant."""
    if row == person.organisation:
        return True
    owner = getattr(row, "appeal", None) or getattr(row, "person", None) or row
    organisation_id = getattr(owner, "organisation_id", None)
    if organisation_id is not None and organisation_id == person.organisation_id:
        return True
    merchant_id = getattr(row, "merchant_id", None)
    return bool(merchant_id) and merchant_id == person.organisation.merchant_id
