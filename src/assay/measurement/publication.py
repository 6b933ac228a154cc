"""What is published of a period's test buys, and how an outsider proves it: every byte signed, every figure recomputed.

manifest.json lists every file with its size and SHA-256 and is itself signed; the plan has its own, older seal by the
same key. Nothing here reads a disk: the files of a folder come and go as bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import AssayError
from assay.measurement.plans import Plan, plan_bytes, read_plan, strata_table
from assay.measurement.readme import readme
from assay.measurement.samples import OUTCOMES
from assay.measurement.sealing import (
    BrokenSeal,
    Seal,
    canonical_json,
    check_seal,
    fingerprint,
    public_key_of,
    read_canonical,
    read_seal,
    seal,
    seal_bytes,
)
from assay.measurement.studies import Figures, figures_bytes, measure
from assay.measurement.unit_file import csv_bytes, read_units

FORMAT, FORMAT_VERSION = "assay-publication", 1
MANIFEST, MANIFEST_SEAL = "manifest.json", "manifest.seal.json"
LISTED = ("README.txt", "figures.json", "plan.json", "plan.seal.json", "strata.csv", "units.csv")
FILES = (*LISTED, MANIFEST, MANIFEST_SEAL)
# Another version may compute an interval otherwise; then the figures differ, and the reader must know why.
PROGRAM = f"assay {version('assay')}"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked of a published folder, and what was found."""

    name: str
    holds: bool
    said: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What is proven of a published folder. `key_expected` says whether the key was known from elsewhere."""

    holds: bool
    checks: tuple[Check, ...]
    key_fingerprint: str | None
    key_expected: bool
    plan_sha256: str | None
    figures: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Custody:
    """What ties a publication to the private history: its last line's hash and length, and when it was published."""

    published_at: str
    history_sha256: str
    n_history: int


def publish(
    public: pa.Table, figures: Figures, plan: Plan, plan_seal: Seal, custody: Custody, private_key: bytes
) -> dict[str, bytes]:
    """The files of a published folder by name. BrokenSeal when the key is not the plan's.

    `public` are the `studies.public_units` of the look and `figures` what `studies.measure` gives for them.
    """
    if public_key_of(private_key) != plan_seal.public_key:
        theirs = fingerprint(public_key_of(private_key))
        raise BrokenSeal(
            f"The plan was sealed with the key {plan_seal.fingerprint}, this key is {theirs}; publish with the key of "
            "the plan.",
            value=theirs,
            allowed=plan_seal.fingerprint,
        )
    files = {
        "README.txt": readme(plan, figures, plan_seal.fingerprint).encode(),
        "figures.json": figures_bytes(figures),
        "plan.json": plan_bytes(plan),
        "plan.seal.json": seal_bytes(plan_seal),
        "strata.csv": csv_bytes(strata_table(plan)),
        "units.csv": csv_bytes(public),
    }
    manifest = canonical_json(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "program": PROGRAM,
            "look": figures.look,
            "published_at": custody.published_at,
            "history": {"entries": custody.n_history, "sha256": custody.history_sha256},
            "files": {name: {"bytes": len(files[name]), "sha256": _sha256(files[name])} for name in sorted(files)},
        }
    )
    signed = seal(manifest, private_key)
    return {**files, MANIFEST: manifest, MANIFEST_SEAL: seal_bytes(signed)}


def verify(files: Mapping[str, bytes], *, key_fingerprint: str | None = None) -> Verification:
    """Checks the files of a published folder one by one and recomputes its figures; stops at the first that fails.

    `files` must hold everything that lies in the folder. `key_fingerprint` is the signer's, from elsewhere: without it
    the checks prove that the folder is whole and agrees with itself, and not who made it.
    """
    found = _Folder(files, key_fingerprint)
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("signature", found.signature),
        ("files", found.files_listed),
        ("hashes", found.hashes),
        ("plan", found.plan_sealed),
        ("strata", found.strata_agree),
        ("units", found.units_agree),
        ("figures", found.figures_agree),
    )
    checks: list[Check] = []
    for name, step in steps:
        try:
            checks.append(Check(name, True, step()))
        except AssayError as error:
            checks.append(Check(name, False, str(error)))
            break
        except Exception as error:
            checks.append(Check(name, False, f"It cannot be read: {type(error).__name__}: {error}."))
            break
    holds = len(checks) == len(steps) and checks[-1].holds
    figures = found.figures if holds else None
    return Verification(holds, tuple(checks), found.fingerprint, key_fingerprint is not None, found.plan_hash, figures)


class _Folder:
    """A published folder under examination: each method proves one thing, resting on those before it."""

    def __init__(self, files: Mapping[str, bytes], key_fingerprint: str | None) -> None:
        self._files, self._expected = files, key_fingerprint
        self._key, self._look = "", 0
        self._manifest: dict[str, Any] = {}
        self.fingerprint: str | None = None
        self.plan_hash: str | None = None
        self.figures: dict[str, Any] | None = None

    def _file(self, name: str) -> bytes:
        if name not in self._files:
            raise BrokenSeal(f"{name} is missing.")
        return self._files[name]

    def signature(self) -> str:
        signed = read_seal(self._file(MANIFEST_SEAL), MANIFEST_SEAL)
        check_seal(self._file(MANIFEST), signed, MANIFEST, key_fingerprint=self._expected)
        self._key, self.fingerprint = signed.public_key, signed.fingerprint
        self._manifest = read_canonical(self._file(MANIFEST), MANIFEST)
        if (self._manifest.get("format"), self._manifest.get("format_version")) != (FORMAT, FORMAT_VERSION):
            raise BrokenSeal(f"{MANIFEST} is not of the format {FORMAT} {FORMAT_VERSION}.")
        self._look = int(self._manifest["look"])
        whose = "the key you expect" if self._expected else "the key that lies in the folder"
        return f"{MANIFEST} is signed with {whose}, {signed.fingerprint}."

    def files_listed(self) -> str:
        listed = set(self._manifest["files"])
        if listed != set(LISTED):
            raise BrokenSeal(f"{MANIFEST} lists {', '.join(sorted(listed))}; it must list {', '.join(LISTED)}.")
        extra, lost = sorted(set(self._files) - set(FILES)), sorted(set(FILES) - set(self._files))
        if extra or lost:
            words = [f"{name!r} does not belong there" for name in extra] + [f"{name} is missing" for name in lost]
            raise BrokenSeal(f"The folder holds other files than its manifest: {'; '.join(words[:5])}.")
        return f"All {len(FILES)} files are there and no other."

    def hashes(self) -> str:
        for name in LISTED:
            said, content = self._manifest["files"][name], self._file(name)
            if said != {"bytes": len(content), "sha256": _sha256(content)}:
                raise BrokenSeal(
                    f"{name} was changed: its SHA-256 is {_sha256(content)}, {MANIFEST} says {said['sha256']}."
                )
        return "Every file has the size and the SHA-256 that the manifest states."

    def plan_sealed(self) -> str:
        sealed = read_seal(self._file("plan.seal.json"), "plan.seal.json")
        check_seal(self._file("plan.json"), sealed, "plan.json")
        if sealed.public_key != self._key:
            raise BrokenSeal("plan.json was sealed with another key than the manifest.")
        self._plan = read_plan(self._file("plan.json"))
        self.plan_hash = sealed.sha256
        frame = self._plan.frame
        if frame.n_units != sum(each.n_units for each in self._plan.strata):
            raise BrokenSeal("The strata of plan.json do not add up to its frame.")
        return f"The plan is as it was sealed on {self._plan.circumstances.sealed_at}: SHA-256 {sealed.sha256}."

    def strata_agree(self) -> str:
        if csv_bytes(strata_table(self._plan)) != self._file("strata.csv"):
            raise BrokenSeal("strata.csv does not hold the strata of plan.json.")
        return f"strata.csv holds the {len(self._plan.strata)} strata of the plan."

    def units_agree(self) -> str:
        self._units = read_units(self._file("units.csv"))
        check_units(self._units, self._plan)
        return f"units.csv holds the {len(self._units):,} units of the plan, drawn as planned from every stratum."

    def figures_agree(self) -> str:
        recomputed = figures_bytes(measure(self._units, self._plan, self._look))
        if recomputed != self._file("figures.json"):
            by = self._manifest.get("program")
            why = (
                "" if by == PROGRAM else f" It was published with {by}, this is {PROGRAM}: verify it with that version."
            )
            raise BrokenSeal(f"figures.json differs from what its units give.{why}", {"file": "figures.json"})
        self.figures = read_canonical(recomputed, "figures.json")
        return "Every figure was computed again from units.csv and plan.json and is the same to the last digit."


def check_units(units: pa.Table, plan: Plan) -> None:
    """Raises BrokenSeal unless the units are those of the plan: numbers per stratum and pot, probabilities, words."""
    names = units["unit"].to_pylist()
    if len(set(names)) < len(names) or names != sorted(names):
        raise BrokenSeal("units.csv has a unit twice, or is not in the order of units.")
    rows = list(zip(*(units[c].to_pylist() for c in ("stratum", "pot", "is_plain")), strict=True))
    wanted: Counter[tuple[str | None, str, bool]] = Counter()
    for each in plan.strata:
        wanted[(each.stratum, each.pot, True)] = each.n_plain
        wanted[(each.stratum, each.pot, False)] = each.n_drawn - each.n_plain
    wanted[(None, "control", False)] = plan.n_genuine_controls + plan.n_fake_controls
    if Counter(rows) != +wanted:
        raise BrokenSeal("units.csv has other numbers of units per stratum, pot or plain share than the plan.")
    known = Counter(units["known"].drop_null().to_pylist())
    if known != +Counter({"genuine": plan.n_genuine_controls, "counterfeit": plan.n_fake_controls}):
        raise BrokenSeal("units.csv has other controls than the plan.")
    chances = {each.stratum: each.n_drawn / each.n_units for each in plan.strata}
    given = zip(units["stratum"].to_pylist(), units["inclusion_probability"].to_pylist(), strict=True)
    wrong = next((s for s, p in given if p != chances.get(s)), None)
    if wrong is not None:
        raise BrokenSeal(f"units.csv has an inclusion probability in stratum {wrong} that is not its plan's.")
    allowed = pa.array([*OUTCOMES], pa.string())
    for name in ("outcome", "second_outcome"):
        if not pc.all(pc.is_in(units[name].drop_null(), allowed)).as_py() and len(units[name].drop_null()):
            raise BrokenSeal(f"units.csv has an {name} that is none of {', '.join(OUTCOMES)}.")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
