"""The closed list of reasons a decision may rest on, how severe actions are, and which need a second person."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Action, Answer, SubjectType

# Mildest first; automation, strikes and the choice of a second person compare places in this list.
SEVERITY: tuple[str, ...] = tuple(Action.values)
# These end a livelihood or nearly so, whoever asks for them (AMO holds such actions for a second person as well).
ALWAYS_SECOND_PERSON = frozenset({Action.SUSPEND, Action.CLOSE})
# A listing with more expected harm than this sells enough that a wrong removal hurts as much. Minor units a month of
# the currency that harm counts in (queries/harm.py); harm in any other is not compared with it.
HIGH_IMPACT_HARM_MINOR = 1_000_000
# Days an action lasts unless the reviewer says otherwise; None = until lifted.
USUAL_DAYS: dict[str, int | None] = {
    Action.NONE: None,
    Action.WARN: 90,
    Action.ASK_INVOICE: 14,
    Action.DEMOTE: 30,
    Action.REMOVE: None,
    Action.SUSPEND: 30,
    Action.CLOSE: None,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One coded reason: which answers and actions it goes with, and how it is said to a merchant.

    `ground` is `illegal`, `terms` or empty (no restriction); `category` and `keyword` are those of the Union's
    vocabulary for statements of reasons. `said` is one sentence that states and never accuses.
    """

    code: str
    label: str | Promise
    said: str | Promise
    subjects: tuple[str, ...]
    answers: tuple[str, ...]
    actions: tuple[str, ...]
    ground: str = ""
    category: str = ""
    keyword: str = ""


_BOTH = (SubjectType.LISTING, SubjectType.MERCHANT)
_GOODS = (SubjectType.LISTING,)
_SHOP = (SubjectType.MERCHANT,)
_IP = "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS"
_TRADEMARK = "KEYWORD_TRADEMARK_INFRINGEMENT"
_ON_GOODS = (Action.WARN, Action.ASK_INVOICE, Action.DEMOTE, Action.REMOVE)
_ON_SHOP = (Action.WARN, Action.ASK_INVOICE, Action.DEMOTE, Action.SUSPEND, Action.CLOSE)

REASONS: tuple[Reason, ...] = (
    Reason(
        "authentication",
        _("an authentication found a counterfeit"),
        _("Goods bought from this offer were examined and found not to be what the offer says they are."),
        _BOTH,
        (Answer.COUNTERFEIT,),
        (*_ON_GOODS, Action.SUSPEND, Action.CLOSE),
        "illegal",
        _IP,
        _TRADEMARK,
    ),
    Reason(
        "facts-do-not-fit",
        _("several facts of the offer do not fit"),
        _("Facts stated in the offer do not fit other facts that we hold; they are listed below with their values."),
        _BOTH,
        (Answer.COUNTERFEIT, Answer.INCONCLUSIVE),
        (*_ON_GOODS, Action.SUSPEND),
        "illegal",
        _IP,
        _TRADEMARK,
    ),
    Reason(
        "offered-as-copy",
        _("the offer's words call the goods a copy"),
        _("The words of the offer describe the goods as a copy of a brand's product."),
        _GOODS,
        (Answer.COUNTERFEIT,),
        _ON_GOODS,
        "illegal",
        _IP,
        _TRADEMARK,
    ),
    Reason(
        "brand-disguised",
        _("a brand is spelt so that filters miss it"),
        _("The offer names a brand in letters or signs that are not the brand's own spelling."),
        _GOODS,
        (Answer.COUNTERFEIT, Answer.INCONCLUSIVE),
        _ON_GOODS,
        "terms",
        _IP,
        _TRADEMARK,
    ),
    Reason(
        "no-provenance",
        _("no proof of where the goods come from"),
        _("We asked for an invoice or a letter of authorisation and have not received one that covers these goods."),
        _BOTH,
        (Answer.COUNTERFEIT, Answer.INCONCLUSIVE),
        (Action.ASK_INVOICE, Action.DEMOTE, Action.REMOVE, Action.SUSPEND),
        "terms",
        "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
        "KEYWORD_INSUFFICIENT_INFORMATION_ON_TRADERS",
    ),
    Reason(
        "repeated",
        _("repeated after earlier decisions"),
        _("Earlier decisions about this account are in force and the same has been found again."),
        _SHOP,
        (Answer.COUNTERFEIT,),
        _ON_SHOP,
        "illegal",
        _IP,
        _TRADEMARK,
    ),
    Reason(
        "unsafe",
        _("counterfeit goods that may injure"),
        _("The goods belong to a class in which a copy can injure, and facts of the offer do not fit."),
        _GOODS,
        (Answer.COUNTERFEIT, Answer.INCONCLUSIVE),
        (Action.DEMOTE, Action.REMOVE),
        "illegal",
        "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
        "KEYWORD_UNSAFE_PRODUCTS",
    ),
    Reason(
        "identity",
        _("the merchant's details do not fit"),
        _("Details given for this account do not fit other details that we hold; they are listed below."),
        _SHOP,
        (Answer.COUNTERFEIT, Answer.INCONCLUSIVE),
        (Action.WARN, Action.ASK_INVOICE, Action.SUSPEND),
        "terms",
        "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        "KEYWORD_INAUTHENTIC_ACCOUNTS",
    ),
    Reason(
        "nothing-found",
        _("looked at: everything fits or is explained"),
        "",
        _BOTH,
        (Answer.GENUINE,),
        (Action.NONE,),
    ),
    Reason(
        "authorised",
        _("authorised by the brand"),
        "",
        _BOTH,
        (Answer.GENUINE,),
        (Action.NONE,),
    ),
    Reason(
        "proof-accepted",
        _("invoice or letter accepted"),
        "",
        _BOTH,
        (Answer.GENUINE,),
        (Action.NONE,),
    ),
    Reason(
        "too-little",
        _("too little to tell; nothing is done"),
        "",
        _BOTH,
        (Answer.INCONCLUSIVE,),
        (Action.NONE,),
    ),
)

BY_CODE: dict[str, Reason] = {reason.code: reason for reason in REASONS}


def is_more_severe(action: str, than: str) -> bool:
    """Whether one action is more severe than another."""
    return SEVERITY.index(action) > SEVERITY.index(than)


def needs_second_person(action: str, harm_minor: int) -> bool:
    """Whether an action takes effect only after somebody else has agreed. The harm is in the currency that counts."""
    if action in ALWAYS_SECOND_PERSON:
        return True
    return action == Action.REMOVE and harm_minor >= HIGH_IMPACT_HARM_MINOR
