"""The letters in English."""

from __future__ import annotations

from datetime import UTC, datetime

from assay.casework.letters.words import ReplyWords, SettledWords, StatementWords, Words
from assay.casework.models import Action

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# The rights of a trade mark's owner in the Union; who trades elsewhere names the law of that place here.
_TRADE_MARK = (
    "the exclusive right of the owner of a trade mark: Article 9 of Regulation (EU) 2017/1001 and Article 10 of "
    "Directive (EU) 2015/2436"
)


def day(at: datetime) -> str:
    """`1 June 2026`, in UTC, whatever the locale of the machine."""
    there = at.astimezone(UTC)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year}"


def moment(at: datetime) -> str:
    """`1 June 2026, 12:00 UTC`."""
    return f"{day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def strikes(weight: float) -> str:
    """`1 strike`, `0.5 strikes`."""
    return f"{weight:g} {'strike' if weight == 1 else 'strikes'}"


_STATEMENT = StatementWords(
    subjects={
        Action.WARN: "Decision {reference}: a warning about {what}",
        Action.ASK_INVOICE: "Decision {reference}: please send an invoice for {what}",
        Action.DEMOTE: "Decision {reference}: {what} is shown lower",
        f"{Action.DEMOTE} account": "Decision {reference}: your offers are shown lower",
        Action.REMOVE: "Decision {reference}: {what} was removed",
        Action.SUSPEND: "Decision {reference}: your account is suspended",
        Action.CLOSE: "Decision {reference}: your account is closed",
    },
    what_offer="the offer “{title}” (listing {id})",
    what_account="your account (merchant {id})",
    decided_heading="What was decided",
    decided={
        Action.WARN: "We warn you about {what}.",
        Action.ASK_INVOICE: "We ask you for an invoice or a letter of authorisation that covers {what}.",
        Action.DEMOTE: "In search results and recommendations {what} is shown lower than before. It can still be "
        "found and bought.",
        f"{Action.DEMOTE} account": "In search results and recommendations the offers of {what} are shown lower than "
        "before. They can still be found and bought.",
        Action.REMOVE: "We removed {what}. It can no longer be found or bought.",
        Action.SUSPEND: "We suspended {what}. Its offers cannot be found or bought, and no new ones can be put up.",
        Action.CLOSE: "We closed {what}. Its offers cannot be found or bought, and no new ones can be put up.",
    },
    lasts_until="The decision applies from {start} until {end}.",
    lasts="The decision applies from {start}. It has no end date and lasts until it is lifted.",
    nothing_restricted="Nothing is restricted by this decision.",
    everywhere="It applies in every country that the marketplace serves.",
    invoice_by="Please upload the document in the portal, on the page of this decision, by {end}.",
    facts_heading="The facts it rests on",
    facts_intro="These are the facts about {what} as they were recorded on {recorded}, word for word.",
    facts_account="{label} (about the account)",
    facts_none="No single fact of an analysis is part of this decision. It rests on what the ground below says.",
    means_heading="How it was found and decided",
    detected_score="Automated means drew our attention to {what}: a score worked out from the facts of the offer and "
    "the account. It was {score} of 100.",
    detected_live="Automated means drew our attention to {what} when it was put up: a score worked out from the facts "
    "of the offer and the account. It was {score} of 100.",
    detected_random="Automated means did not pick {what}: it was drawn at random for a check. Automated means gathered "
    "the facts.",
    detected_test_buy="A test buy drew our attention to {what}: what was delivered was examined twice, and both "
    "examinations found a counterfeit. Automated means gathered the other facts.",
    by_person="A person looked at the facts and took the decision. No machine decided.",
    by_two="A person looked at the facts and took the decision, and a second person agreed before it took effect. No "
    "machine decided.",
    by_machine="The decision was taken by automated means, without a person. You can have a person look at it: the "
    "last section says how.",
    ground_heading="The ground",
    ground_illegal="The ground is the law: {ground}.",
    ground_terms="The ground is our terms of use: {ground}.",
    ground_none="The decision rests on the facts above.",
    grounds={
        "authentication": _TRADE_MARK,
        "facts-do-not-fit": _TRADE_MARK,
        "offered-as-copy": _TRADE_MARK,
        "repeated": _TRADE_MARK,
        "unsafe": "Article 5 of Regulation (EU) 2023/988, by which only safe products may be offered, and "
        + _TRADE_MARK,
        "brand-disguised": "the rule that a brand is written as the brand itself writes it",
        "no-provenance": "the rule that a merchant shows where goods come from when asked",
        "identity": "the rule that the details of an account are true and complete",
    },
    explained={
        "authentication": "Goods bought from this offer were examined and found not to be what the offer says they "
        "are.",
        "facts-do-not-fit": "Facts stated in the offer do not fit other facts that we hold; they are listed above with "
        "their values. An offer of goods under a brand that do not come from the brand's owner infringes that right.",
        "facts-do-not-fit account": "Facts about the account and its offers do not fit other facts that we hold; they "
        "are listed above with their values. An offer of goods under a brand that do not come from the brand's owner "
        "infringes that right.",
        "authentication account": "Goods bought from offers of this account were examined and found not to be what the "
        "offers say they are.",
        "offered-as-copy": "The words of the offer describe the goods as a copy of a brand's product.",
        "repeated": "Earlier decisions about this account are in force and the same has been found again.",
        "unsafe": "The goods belong to a class in which a copy can injure, and facts of the offer do not fit.",
        "brand-disguised": "The offer names a brand in letters or signs that are not the brand's own spelling.",
        "no-provenance ask_invoice": "We hold no invoice and no letter of authorisation that covers these goods.",
        "no-provenance account": "We asked for an invoice or a letter of authorisation and have not received one that "
        "covers the goods of this account.",
        "no-provenance": "We asked for an invoice or a letter of authorisation and have not received one that covers "
        "these goods.",
        "identity": "Details given for this account do not fit other details that we hold; they are listed above.",
    },
    terms_url="The terms: {url}",
    strike_heading="Strikes",
    strike_none="This decision gives no strike.",
    strike_given="This decision gives {strikes}, valid until {end}.",
    strike_together="Decisions within {days} days of the first count as one occasion: only the heaviest strike of an "
    "occasion counts.",
    strike_ahead="With it, the account stands at {total}. From {at} on we put before a person: {action}. A person "
    "decides, and you receive a statement like this one.",
    strike_no_threshold="With it, the account stands at {total}.",
    object_heading="If you do not agree",
    object_how="You can appeal against this decision until {end}. It costs nothing. Sign in to the portal, open the "
    "page of this decision and say what is not right.",
    object_who="A person who had no part in this decision answers. The answer is never given by a machine alone.",
    object_proof="An invoice from your supplier or a letter of authorisation from the brand helps most; you can upload "
    "both there.",
    object_body="You may also turn to an out-of-court dispute settlement body: {body}",
    object_court="You may go to court at any time.",
)

_REPLY = ReplyWords(
    receipt_subject="We received your appeal against decision {reference}",
    receipt_heading="What we received",
    received="We received your appeal against decision {reference} on {at}.",
    answered_by="A person who had no part in the decision answers by {due}.",
    stays="Until then the decision stays as it is.",
    text_heading="Your words",
    proof_heading="Documents we hold",
    next_heading="What happens next",
    next_steps="You can add documents until we answer. You will find the answer in the portal.",
    withdraw="You can take your appeal back there at any time before that.",
    upheld_subject="Your appeal against decision {reference}: the decision stands",
    reversed_subject="Your appeal against decision {reference}: the decision is reversed",
    upheld="We looked again at decision {reference}. It stands: {action}.",
    reversed="We looked again at decision {reference}. It is reversed: {action} no longer applies.",
    reversed_effects="What was restricted is being restored.",
    reversed_others="What was restricted is being restored as far as other decisions in force allow: {references}.",
    reversed_strike="The strike that came with it is cancelled.",
    reasons_heading="The reasons",
    reasons_intro="The person who answered writes:",
    answered_how="A person who had no part in the decision gave this answer on {at}. It was not given by automated "
    "means.",
    further_heading="If you do not agree",
    further_again="You can appeal once more until {end}, with facts or documents that we have not seen.",
    further_body="You may turn to an out-of-court dispute settlement body: {body}",
    further_court="You may go to court at any time.",
)

_SETTLED = SettledWords(
    subject="Your answer to request {request}: nothing more is needed",
    asked="On {day} we asked you for an invoice or a letter of authorisation that covers {what} (decision {request}). "
    "You sent documents, and a person has now decided.",
    accepted="We found nothing against it.",
    untold="They leave open what we asked; we take no measure.",
    nothing_more="The request is closed. You need not send anything more.",
    if_again="Should other facts come up later, you receive a new decision with its reasons.",
)

ENGLISH = Words(
    language="en",
    colon=": ",
    day=day,
    moment=moment,
    strikes=strikes,
    to="To",
    sender="From",
    reference="Reference",
    date="Date",
    account="{name} (merchant {id})",
    no_name="the merchant",
    actions={
        Action.NONE: "the outcome of the request for an invoice",
        Action.WARN: "a warning",
        Action.ASK_INVOICE: "the request for an invoice",
        Action.DEMOTE: "showing the offer lower",
        Action.REMOVE: "the removal of the offer",
        Action.SUSPEND: "the suspension of the account",
        Action.CLOSE: "the closing of the account",
    },
    labels={},
    statement=_STATEMENT,
    reply=_REPLY,
    settled=_SETTLED,
)
