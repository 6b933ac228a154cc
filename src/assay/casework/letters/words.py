"""What a language must be able to say in a letter. Every field is needed, so a new sentence cannot be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StatementWords:
    """Sentences of a statement of reasons. Names in braces are filled in; `what` names the offer or the account."""

    # by action, then by subject type where it matters
    subjects: dict[str, str]
    what_offer: str
    what_account: str
    decided: dict[str, str]
    lasts_until: str
    lasts: str
    nothing_restricted: str
    everywhere: str
    invoice_by: str
    facts_heading: str
    facts_intro: str
    facts_account: str
    facts_none: str
    decided_heading: str
    means_heading: str
    detected_score: str
    detected_live: str
    detected_random: str
    detected_test_buy: str
    by_person: str
    by_two: str
    by_machine: str
    ground_heading: str
    ground_illegal: str
    ground_terms: str
    ground_none: str
    # by reason code, the law or clause relied on; and why, by reason code and, where it reads differently, action or
    # `account`
    grounds: dict[str, str]
    explained: dict[str, str]
    terms_url: str
    strike_heading: str
    strike_none: str
    strike_given: str
    strike_together: str
    strike_ahead: str
    strike_no_threshold: str
    object_heading: str
    object_how: str
    object_who: str
    object_proof: str
    object_body: str
    object_court: str


@dataclass(frozen=True, slots=True)
class ReplyWords:
    """Sentences of the receipt of an appeal and of its outcome."""

    receipt_subject: str
    receipt_heading: str
    received: str
    answered_by: str
    stays: str
    text_heading: str
    proof_heading: str
    next_heading: str
    next_steps: str
    withdraw: str
    upheld_subject: str
    reversed_subject: str
    upheld: str
    reversed: str
    reversed_effects: str
    reversed_others: str
    reversed_strike: str
    reasons_heading: str
    reasons_intro: str
    answered_how: str
    further_heading: str
    further_again: str
    further_body: str
    further_court: str


@dataclass(frozen=True, slots=True)
class SettledWords:
    """Sentences of the letter about a request for an invoice that was answered and led to nothing."""

    subject: str
    asked: str
    accepted: str
    untold: str
    nothing_more: str
    if_again: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `labels` are the signals' short labels where they differ from the recorded ones."""

    language: str
    colon: str
    day: Callable[[datetime], str]
    moment: Callable[[datetime], str]
    strikes: Callable[[float], str]
    to: str
    sender: str
    reference: str
    date: str
    account: str
    no_name: str
    actions: dict[str, str]
    labels: dict[str, str]
    statement: StatementWords
    reply: ReplyWords
    settled: SettledWords
