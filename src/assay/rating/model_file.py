"""A model on disk: one JSON file, the same bytes for the same model, with a hash against damage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from assay.market.errors import CallerError, OutsideError
from assay.rating.model import CalibrationTable, Model, Term, TermTable

FORMAT = "assay-model"
# Raised when a reader of the old number would misread the file; a reader refuses numbers it does not know.
FORMAT_VERSION = 1


class DamagedModel(OutsideError):
    """A model file is not what `assay train` wrote. Exit code 3."""


class UnknownModelVersion(CallerError):
    """A model file was written by a newer Assay. Exit code 2."""


def save_model(model: Model, path: Path) -> str:
    """Writes the model to `path` (whole or not at all) and gives its hash.

    OutsideError when the place cannot be written.
    """
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sha256": model_hash(model),
        "model": as_plain(model),
    }
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
        partial.replace(path)
    except OSError as error:
        raise OutsideError(f"cannot write the model to {path}: {error.strerror}", {"file": str(path)}) from error
    return str(content["sha256"])


def load_model(path: Path) -> Model:
    """Reads a model written by `save_model`.

    CallerError when there is no such file, UnknownModelVersion when it is newer than this program, DamagedModel when it
    is not a model, was cut off or was changed by hand.
    """
    content = _read(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(path, f'it has no "format": "{FORMAT}"')
    found = content.get("format_version")
    if found != FORMAT_VERSION:
        raise UnknownModelVersion(
            f"{path} has model format {found!r}; this Assay reads {FORMAT_VERSION}: train it again",
            {"file": str(path)},
            found,
            str(FORMAT_VERSION),
        )
    try:
        model = from_plain(content["model"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if model_hash(model) != content.get("sha256"):
        raise _damaged(path, "its content does not match its sha256, so it was changed after training")
    return model


def model_hash(model: Model) -> str:
    """SHA-256 of the model's canonical JSON, the card included: the identity a run records."""
    return hashlib.sha256(orjson.dumps(as_plain(model), option=orjson.OPT_SORT_KEYS)).hexdigest()


def as_plain(model: Model) -> dict[str, Any]:
    """The model as JSON-ready data."""
    return {
        "kind": model.kind,
        "base_points": model.base_points,
        "terms": [_plain_term(table) for table in model.terms],
        "calibration": None if model.calibration is None else _plain_calibration(model.calibration),
        "card": dict(model.card),
    }


def from_plain(plain: Mapping[str, Any]) -> Model:
    """The inverse of `as_plain`; KeyError, TypeError or ValueError when parts are missing or do not fit."""
    calibration = plain["calibration"]
    return Model(
        kind=plain["kind"],
        base_points=_whole(plain["base_points"]),
        terms=tuple(_term_table(term) for term in plain["terms"]),
        calibration=None if calibration is None else _calibration(calibration),
        card=plain["card"],
    )


def _plain_term(table: TermTable) -> dict[str, Any]:
    term = table.term
    described = {"id": term.id, "column": term.column, "direction": term.direction, "label": term.label}
    return described | {
        "edges": [float(edge) for edge in table.edges],
        "points": list(table.points),
        "missing_points": table.missing_points,
    }


def _plain_calibration(table: CalibrationTable) -> dict[str, Any]:
    lines = {name: list(getattr(table, name)) for name in ("totals", "points", "low", "high")}
    return lines | {"rests_on": table.rests_on, "figures": dict(table.figures)}


def _term_table(plain: Mapping[str, Any]) -> TermTable:
    term = Term(plain["id"], plain["column"], plain["direction"], plain["label"])
    edges = tuple(float(edge) for edge in plain["edges"])
    return TermTable(term, edges, tuple(map(_whole, plain["points"])), _whole(plain["missing_points"]))


def _calibration(plain: Mapping[str, Any]) -> CalibrationTable:
    totals, points, low, high = (tuple(map(_whole, plain[name])) for name in ("totals", "points", "low", "high"))
    return CalibrationTable(totals, points, low, high, plain["rests_on"], plain["figures"])


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"points must be whole numbers, got {value!r}")
    return value


def _read(path: Path) -> object:
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CallerError(f"no model at {path}; `assay train` writes one", {"file": str(path)}) from error
    except OSError as error:
        raise OutsideError(f"cannot read the model {path}: {error.strerror}", {"file": str(path)}) from error
    except orjson.JSONDecodeError as error:
        raise _damaged(path, f"it is not JSON ({error})") from error


def _damaged(path: Path, reason: str) -> DamagedModel:
    return DamagedModel(f"{path} is not a usable model: {reason}; train it again or restore it", {"file": str(path)})
