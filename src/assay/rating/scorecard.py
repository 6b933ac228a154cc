"""The expert scorecard: a documented model for markets without verdicts, labelled "not calibrated"."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from assay.market.errors import CallerError
from assay.rating.model import Kind, Model, Term, TermTable

# 528 points lie between a base of 2 % and a score of 80 (a total of 139): two strong signals together, never one.
MOST_SIGNAL_POINTS = 300
TOTAL_OF_80 = 139

LABEL = "expert scorecard, not calibrated"


@dataclass(frozen=True, slots=True)
class ScorecardLine:
    """One signal's line of the scorecard: its points and why. `rule_grade` frees it from the caps."""

    id: str
    unit: str
    edges: tuple[float, ...]
    points: tuple[int, ...]
    why: str
    source: str
    rule_grade: bool = False

    @property
    def column(self) -> str:
        """Column of the signal table."""
        return self.id.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All lines for listings or for merchants, and the base they start from."""

    kind: Kind
    base_points: int
    lines: tuple[ScorecardLine, ...]


def scorecard(kind: Kind, terms: Sequence[Term] | None = None, path: Path | None = None) -> Model:
    """The scorecard as a model, with the terms given (all its lines when None).

    A term that the scorecard does not know gets no points and is named in the card under `signals_without_points`; a
    line whose signal the market does not have is left out and named under `signals_not_available`. `path` reads another
    scorecard file. CallerError when that file breaks the rules.
    """
    card = read_scorecard(kind, path)
    wanted = _terms_of(card) if terms is None else {term.id: term for term in terms}
    tables = tuple(
        TermTable(wanted[line.id], line.edges, line.points, missing_points=0)
        for line in card.lines
        if line.id in wanted
    )
    known = {line.id for line in card.lines}
    about = {
        "label": LABEL,
        "kind": kind,
        "calibration": "none: the order of the scores is meant, their level rests on an assumed share, not on verdicts",
        "signals_without_points": sorted(set(wanted) - known),
        "signals_not_available": sorted(known - set(wanted)),
        "lines": {line.id: {"why": line.why, "source": line.source, "unit": line.unit} for line in card.lines},
    }
    return Model(kind, card.base_points, tables, calibration=None, card=about)


def read_scorecard(kind: Kind, path: Path | None = None) -> Scorecard:
    """Reads and checks the scorecard file; CallerError with every broken rule when it does not hold."""
    text = (
        resources.files("assay.rating").joinpath("scorecard.toml").read_text("utf-8") if path is None else _text(path)
    )
    place = "the built-in scorecard" if path is None else str(path)
    try:
        section = tomllib.loads(text)[kind]
        card = Scorecard(kind, int(section["base_points"]), tuple(_line(line) for line in section["signals"]))
    except tomllib.TOMLDecodeError as error:
        raise CallerError(f"{place} is not TOML: {error}", {"file": place}) from error
    except (KeyError, TypeError, ValueError) as error:
        raise CallerError(f"{place}: [{kind}] is not a scorecard: {error!r}", {"file": place}) from error
    faults = broken_rules(card)
    if faults:
        raise CallerError(f"{place}: " + "; ".join(faults), {"file": place})
    return card


def broken_rules(card: Scorecard) -> list[str]:
    """What the caps forbid, in words; empty when the scorecard keeps them.

    A signal that is not rule-grade gives at most 300 points, and a family's such signals together stay below 80: that
    takes a second family of evidence or a rule-grade signal.
    """
    faults = []
    families: dict[str, int] = {}
    for line in card.lines:
        most = max(line.points)
        if line.rule_grade:
            continue
        if most > MOST_SIGNAL_POINTS:
            faults.append(f"{line.id} gives {most} points, allowed are {MOST_SIGNAL_POINTS} unless it is rule_grade")
        family = line.id.split("-", 1)[0]
        families[family] = families.get(family, 0) + max(most, 0)
    room = TOTAL_OF_80 - 1 - card.base_points
    over = {family: total for family, total in families.items() if total > room}
    faults += [f"family {name} gives {total} points together, allowed are {room}" for name, total in over.items()]
    return faults


def _terms_of(card: Scorecard) -> dict[str, Term]:
    return {line.id: Term(line.id, line.column, label=line.id) for line in card.lines}


def _line(plain: Mapping[str, Any]) -> ScorecardLine:
    line = ScorecardLine(
        id=str(plain["id"]),
        unit=str(plain["unit"]),
        edges=tuple(float(edge) for edge in plain["edges"]),
        points=tuple(int(points) for points in plain["points"]),
        why=str(plain["why"]),
        source=str(plain["source"]),
        rule_grade=bool(plain.get("rule_grade", False)),
    )
    TermTable(Term(line.id, line.column), line.edges, line.points)
    return line


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CallerError(f"cannot read the scorecard {path}: {error}", {"file": str(path)}) from error
