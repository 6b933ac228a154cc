"""A frozen finding as a page says it: the names of signals and facts, and their values, in the reader's language.

A finding keeps the words of the analysis, which are English. Names and values are said again in the reader's language,
from the same table that letters to merchants take them from. The sentences of the discrepancies stay as they were
recorded, in pages as in letters: a decision rests on these very words, and a statement of reasons quotes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import get_language

from assay.casework.findings import Content, Discrepancy, Step
from assay.casework.letters.signals_in_chinese import CALIBRATIONS, FACTS, LABELS, STATUSES
from assay.casework.letters.values_in_chinese import value_in_chinese


@dataclass(frozen=True, slots=True)
class _Words:
    labels: dict[str, str]
    facts: dict[str, str]
    calibrations: dict[str, str]
    statuses: dict[str, str]
    value: Callable[[str], str]

    def label(self, signal: str, recorded: str) -> str:
        return self.labels.get(signal, recorded)


_LANGUAGES = {"zh-hans": _Words(LABELS, FACTS, CALIBRATIONS, STATUSES, value_in_chinese)}


def in_own_words(content: Content) -> Content:
    """The content with its names and values in the language of the page; unchanged for English."""
    say = _LANGUAGES.get(get_language() or "")
    if say is None:
        return content
    return replace(
        content,
        about=replace(content.about, label=say.calibrations.get(content.about.label, content.about.label)),
        merchant=replace(content.merchant, status=say.statuses.get(content.merchant.status, content.merchant.status)),
        waterfall=replace(content.waterfall, steps=tuple(_step(say, each) for each in content.waterfall.steps)),
        discrepancies=_discrepancies(say, content.discrepancies),
        merchant_discrepancies=_discrepancies(say, content.merchant_discrepancies),
        facts=tuple(replace(each, label=say.facts.get(each.id, each.label)) for each in content.facts),
        marks=tuple(replace(each, label=say.label(each.signal, each.label)) for each in content.marks),
        not_checked=tuple(replace(each, label=say.label(each.signal, each.label)) for each in content.not_checked),
        not_computed=tuple(replace(each, label=say.label(each.signal, each.label)) for each in content.not_computed),
    )


def _step(say: _Words, step: Step) -> Step:
    label = say.calibrations.get(step.label) or say.label(step.id, step.label)
    return replace(step, label=label, note=say.value(step.note))


def _discrepancies(say: _Words, found: tuple[Discrepancy, ...]) -> tuple[Discrepancy, ...]:
    return tuple(replace(each, label=say.label(each.signal, each.label)) for each in found)
