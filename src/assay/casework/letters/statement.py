"""The statement of reasons as a letter, with everything Article 17(3) of Regulation (EU) 2022/2065 asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assay.casework.letters.languages import words
from assay.casework.letters.letter import Letter, Section, one_line
from assay.casework.letters.words import StatementWords, Words
from assay.casework.models import Action, Stream, SubjectType

# Longer titles are cut in the letter; the portal's page of the decision shows them whole.
_MOST_TITLE = 120
# These leave offer and account as they are: they ask or warn, and restrict nothing.
UNRESTRICTED = frozenset({Action.WARN, Action.ASK_INVOICE})


@dataclass(frozen=True, slots=True)
class Quoted:
    """A recorded sentence: the signal it comes from, its recorded label, and the words as they were frozen."""

    signal: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """The strike a decision gives, what the account stands at with it, and what comes next (None when nothing)."""

    weight: float
    expires_at: datetime
    total: float
    together_days: int
    next_at: float | None = None
    next_action: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a statement says. Times are aware; `stream` is how the item came up; `ends_at` None = until lifted."""

    language: str
    reference: str
    action: str
    reason_code: str
    ground: str
    subject_type: str
    subject_id: str
    title: str
    merchant_id: str
    merchant_name: str
    sender: str
    decided_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    appeal_by: datetime
    recorded_at: datetime
    score: float
    stream: str
    is_automatic: bool
    has_second: bool
    facts: tuple[Quoted, ...] = ()
    account_facts: tuple[Quoted, ...] = ()
    strike: Given | None = None
    dispute_body: str = ""
    terms_url: str = ""


def statement(facts: Facts) -> Letter:
    """The letter in the merchant's language."""
    say = words(facts.language)
    what = named(say.statement, facts.subject_type, facts.subject_id, facts.title, facts.merchant_id)
    name = one_line(facts.merchant_name, _MOST_TITLE) or say.no_name
    head = (
        *(((say.sender, one_line(facts.sender)),) if facts.sender else ()),
        (say.to, say.account.format(name=name, id=facts.merchant_id)),
        (say.reference, facts.reference),
        (say.date, say.day(facts.starts_at)),
    )
    sections = (
        _decided(say, facts, what),
        _rests_on(say, facts, what),
        _means(say.statement, facts, what),
        _ground(say.statement, facts),
        _strike(say, facts.strike),
        _objecting(say, facts),
    )
    subject = _by_subject(say.statement.subjects, facts).format(reference=facts.reference, what=what)
    return Letter(say.language, subject[:300], head, sections, say.colon)


def named(say: StatementWords, subject_type: str, subject_id: str, title: str, merchant_id: str) -> str:
    """The offer or the account that a letter is about, as its sentences name it."""
    if subject_type == SubjectType.MERCHANT:
        return say.what_account.format(id=merchant_id)
    return say.what_offer.format(title=one_line(title, _MOST_TITLE), id=subject_id)


def _by_subject(sentences: dict[str, str], facts: Facts) -> str:
    """A sentence about the action; some read differently when the whole account is meant."""
    special = f"{facts.action} account" if facts.subject_type == SubjectType.MERCHANT else ""
    return sentences.get(special) or sentences[facts.action]


def _decided(say: Words, facts: Facts, what: str) -> Section:
    of = say.statement
    lines = [_by_subject(of.decided, facts).format(what=what)]
    if facts.action == Action.ASK_INVOICE and facts.ends_at is not None:
        lines.append(of.invoice_by.format(end=say.moment(facts.ends_at)))
    if facts.action in UNRESTRICTED:
        lines.append(of.nothing_restricted)
    elif facts.ends_at is None:
        lines += [of.lasts.format(start=say.moment(facts.starts_at)), of.everywhere]
    else:
        lasts = of.lasts_until.format(start=say.moment(facts.starts_at), end=say.moment(facts.ends_at))
        lines += [lasts, of.everywhere]
    return Section(of.decided_heading, tuple(lines))


def _rests_on(say: Words, facts: Facts, what: str) -> Section:
    of = say.statement
    if not facts.facts and not facts.account_facts:
        return Section(of.facts_heading, (of.facts_none,))
    own = tuple((_label(say, each), one_line(each.text)) for each in facts.facts)
    about = tuple(
        (of.facts_account.format(label=_label(say, each)), one_line(each.text)) for each in facts.account_facts
    )
    intro = of.facts_intro.format(what=what, recorded=say.day(facts.recorded_at))
    return Section(of.facts_heading, (intro,), own + about, quoted_in="en")


def _label(say: Words, quoted: Quoted) -> str:
    """The label in the letter's language; the recorded one where nobody has written any."""
    return say.labels.get(quoted.signal) or one_line(quoted.label)


def _means(say: StatementWords, facts: Facts, what: str) -> Section:
    detected = {
        Stream.FLAGGED: say.detected_score,
        Stream.LIVE: say.detected_live,
        Stream.RANDOM: say.detected_random,
        Stream.TEST_BUY: say.detected_test_buy,
    }[Stream(facts.stream)]
    by = say.by_machine if facts.is_automatic else say.by_two if facts.has_second else say.by_person
    return Section(say.means_heading, (_capital(detected.format(what=what, score=f"{facts.score:.0f}")), by))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _ground(say: StatementWords, facts: Facts) -> Section:
    frame = {"illegal": say.ground_illegal, "terms": say.ground_terms}.get(facts.ground, say.ground_none)
    lines = [frame.format(ground=say.grounds.get(facts.reason_code, "")), explanation(say, facts)]
    if facts.ground == "terms" and facts.terms_url:
        lines.append(say.terms_url.format(url=facts.terms_url))
    return Section(say.ground_heading, tuple(lines))


def explanation(say: StatementWords, facts: Facts) -> str:
    """Why the ground applies, in the words that fit the action, or the account, or else the reason alone."""
    kind = "account" if facts.subject_type == SubjectType.MERCHANT else ""
    keys = (f"{facts.reason_code} {facts.action}", f"{facts.reason_code} {kind}", facts.reason_code)
    return next(say.explained[key] for key in keys if key in say.explained)


def _strike(say: Words, given: Given | None) -> Section:
    of = say.statement
    if given is None:
        return Section(of.strike_heading, (of.strike_none,))
    lines = [of.strike_given.format(strikes=say.strikes(given.weight), end=say.day(given.expires_at))]
    if given.together_days:
        lines.append(of.strike_together.format(days=given.together_days))
    total = say.strikes(given.total)
    if given.next_at is None:
        lines.append(of.strike_no_threshold.format(total=total))
    else:
        action = say.actions[given.next_action]
        lines.append(of.strike_ahead.format(total=total, at=say.strikes(given.next_at), action=action))
    return Section(of.strike_heading, tuple(lines))


def _objecting(say: Words, facts: Facts) -> Section:
    of = say.statement
    lines = [of.object_how.format(end=say.day(facts.appeal_by)), of.object_who, of.object_proof]
    if facts.dispute_body:
        lines.append(of.object_body.format(body=facts.dispute_body))
    return Section(of.object_heading, (*lines, of.object_court))
