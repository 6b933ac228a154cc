"""The expert scorecard speaks of signals that exist, and in the direction that they say."""

import pytest

from assay.rating import merchant_terms
from assay.rating.scorecard import read_scorecard
from assay.signals.families import SIGNALS
from assay.signals.signal import Direction

DIRECTIONS = {signal.id: signal.direction for signal in SIGNALS}
GOODS = {term.id: Direction(term.direction) for term in merchant_terms([])}
ALLOWED = {
    "listing": {signal.id for signal in SIGNALS},
    "merchant": {signal.id for signal in SIGNALS if signal.subject == "merchant"} | set(GOODS),
}
LINES = [(kind, line) for kind in ALLOWED for line in read_scorecard(kind).lines]


@pytest.mark.parametrize("kind", list(ALLOWED))
def test_every_line_is_of_a_signal_that_this_kind_of_subject_has(kind):
    assert {line.id for line in read_scorecard(kind).lines} <= ALLOWED[kind]


@pytest.mark.parametrize("kind", list(ALLOWED))
def test_no_signal_has_two_lines(kind):
    ids = [line.id for line in read_scorecard(kind).lines]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("kind", "line"), LINES, ids=[f"{kind} {line.id}" for kind, line in LINES])
def test_points_run_the_way_the_signal_says(kind, line):
    rising = sorted(line.points)
    direction = (DIRECTIONS | GOODS)[line.id]
    if direction is Direction.MORE:
        assert list(line.points) == rising
    if direction is Direction.LESS:
        assert list(line.points) == rising[::-1]
