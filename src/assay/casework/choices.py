"""What a reviewer can choose: an answer, an action and a coded reason that go together, for so many days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext

from assay.casework.models import Action, Answer, SubjectType
from assay.casework.reasons import BY_CODE, REASONS, SEVERITY, USUAL_DAYS, Reason
from assay.market.errors import CallerError

# A restriction longer than ten years is one without an end; those exist under their own name (no days at all).
MOST_DAYS = 3_650
# A decision acts on its own subject: about one offer nobody closes an account, and a merchant is not a listing.
_NOT_ABOUT: dict[str, frozenset[str]] = {
    SubjectType.LISTING: frozenset({Action.SUSPEND, Action.CLOSE}),
    SubjectType.MERCHANT: frozenset({Action.REMOVE}),
}
# What fits on one screen; a longer note belongs into a document.
MOST_NOTE_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What is decided about an item. `days` is how long the action lasts; None takes the usual time of the action.

    `note` stays inside the house. Only the automation sets `is_automatic`.
    """

    answer: str
    action: str
    reason_code: str
    note: str = ""
    days: int | None = None
    is_automatic: bool = False

    @property
    def course(self) -> str:
        """Answer, action and reason in one word, as forms send it: `counterfeit/remove/offered-as-copy`."""
        return f"{self.answer}/{self.action}/{self.reason_code}"

    @property
    def lasting_days(self) -> int | None:
        """Days the action lasts; None until it is lifted."""
        return USUAL_DAYS[self.action] if self.days is None else self.days


@dataclass(frozen=True, slots=True)
class Course:
    """One answer with one action, and the reasons that go with both."""

    answer: Answer
    action: Action
    reasons: tuple[Reason, ...]


def courses(subject_type: str, answer: str = "") -> Iterator[Course]:
    """Everything that may be chosen about a listing or a merchant, mildest action first; of one answer if given."""
    for each in Answer:
        if answer and each != answer:
            continue
        for action in SEVERITY:
            fitting = tuple(r for r in REASONS if _fits(r, subject_type, each, action))
            if fitting:
                yield Course(each, Action(action), fitting)


def read_course(text: str) -> Choice:
    """The choice behind `answer/action/reason`; CallerError when it is not three words."""
    parts = text.split("/")
    if len(parts) != 3:
        raise CallerError(
            gettext("The decision %(text)s is not an answer, an action and a reason; choose one from the list.")
            % {"text": repr(text[:80])},
            where={"field": "course"},
            value=text[:80],
            allowed="answer/action/reason",
        )
    answer, action, reason_code = parts
    return Choice(answer, action, reason_code)


def check(choice: Choice, subject_type: str) -> Choice:
    """The choice with its note trimmed. CallerError where answer, action, reason, days or note do not go together."""
    reason = BY_CODE.get(choice.reason_code)
    if reason is None or not _fits(reason, subject_type, choice.answer, choice.action):
        raise CallerError(
            gettext(
                "The reason %(reason)s does not go with answer %(answer)s and action %(action)s; choose from the list."
            )
            % {"reason": repr(choice.reason_code), "answer": repr(choice.answer), "action": repr(choice.action)},
            where={"field": "course"},
            value=choice.course,
            allowed=", ".join(sorted({f"{c.answer}/{c.action}" for c in courses(subject_type)})),
        )
    _check_days(choice)
    note = choice.note.strip()
    if len(note) > MOST_NOTE_CHARACTERS:
        raise CallerError(
            gettext("The note has %(n)s characters; at most %(most)s are kept.")
            % {"n": f"{len(note):,}", "most": f"{MOST_NOTE_CHARACTERS:,}"},
            where={"field": "note"},
            value=len(note),
            allowed=f"{MOST_NOTE_CHARACTERS:,} characters",
        )
    return replace(choice, note=note)


def _check_days(choice: Choice) -> None:
    if choice.days is None:
        return
    if choice.action == Action.NONE or not 1 <= choice.days <= MOST_DAYS:
        lasts = choice.action != Action.NONE
        said = gettext("1 to %(most)s days") % {"most": f"{MOST_DAYS:,}"} if lasts else gettext("no days")
        raise CallerError(
            gettext("The action “%(action)s” cannot last %(days)s days; allowed: %(allowed)s.")
            % {"action": Action(choice.action).label, "days": choice.days, "allowed": said},
            where={"field": "days"},
            value=choice.days,
            allowed=f"1 to {MOST_DAYS:,} days" if lasts else "no days: nothing is done",
        )


def _fits(reason: Reason, subject_type: str, answer: str, action: str) -> bool:
    if action in _NOT_ABOUT.get(subject_type, ()):
        return False
    return subject_type in reason.subjects and answer in reason.answers and action in reason.actions
