"""The draw: which units are bought, fixed by the sealed plan, the frame and a secret that the plan commits to.

Each listing gets a number by SHA-256 of the secret and its id; a stratum's sample is its lowest numbers (permanent
random numbers, Ohlsson 1995): simple random sampling without replacement that does not depend on the order of rows, on
the engine or on a version of a random generator. The secret stays private, because with it any seller could look up
whether its goods were bought; whoever audits the draw is given it and checks it against the plan's commitment.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.market.errors import CallerError
from assay.measurement.plans import Plan

Ints = npt.NDArray[np.int64]
_CODE_DIGITS = 12  # 48 bits: with 100,000 buys, two codes meet once in 50,000 draws, and then the draw refuses

UNITS = pa.schema(
    [
        pa.field("unit", pa.string()),
        pa.field("pot", pa.string()),
        pa.field("stratum", pa.string()),
        pa.field("is_plain", pa.bool_()),
        pa.field("look", pa.int64()),
        pa.field("inclusion_probability", pa.float64()),
        pa.field("n_orders", pa.int64()),
        pa.field("revenue_minor", pa.int64()),
        pa.field("outcome", pa.string()),
        pa.field("second_outcome", pa.string()),
        pa.field("known", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("category", pa.string()),
        pa.field("brand", pa.string()),
        pa.field("merchant_size", pa.string()),
        pa.field("origin", pa.string()),
        pa.field("safety_class", pa.string()),
    ]
)
# What the buyers need and nobody else may see.
PRIVATE = (
    pa.field("listing_id", pa.string()),
    pa.field("merchant_id", pa.string()),
    pa.field("price_minor", pa.int64()),
)
DRAWN_UNITS = pa.schema([*UNITS, *PRIVATE])


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of the frame that were drawn, in order, with the stratum, plain flag and look of each."""

    rows: Ints
    stratum: Ints
    is_plain: npt.NDArray[np.bool_]
    look: Ints


def make_secret(seed: str | None = None) -> str:
    """The secret of a draw: the given seed, else 256 random bits. A short seed can be guessed by trying."""
    return secrets.token_hex(32) if seed is None else seed


def commitment(secret: str) -> str:
    """SHA-256 that commits to the secret of a draw without showing it."""
    return hashlib.sha256(f"assay draw:{secret}".encode()).hexdigest()


def draw_numbers(listing_ids: Iterable[str], secret: str) -> npt.NDArray[np.uint64]:
    """The permanent random number of every listing: the first 64 bits of SHA-256 of secret, colon, id."""
    start = hashlib.sha256(f"{secret}:".encode())

    def number(listing_id: str) -> int:
        digest = start.copy()
        digest.update(listing_id.encode())
        return int.from_bytes(digest.digest()[:8])

    return np.fromiter((number(each) for each in listing_ids), dtype=np.uint64)


def draw(plan: Plan, stratum: Ints, numbers: npt.NDArray[np.uint64]) -> Drawn:
    """Draws every stratum's sample: its lowest numbers. The first of them are the plain random share.

    `stratum` indexes the plan's strata, one entry per unit of the frame. `look` (1 to the plan's looks) splits each
    stratum's sample evenly in the order of the numbers, so that what is bought up to any look is itself a stratified
    random sample. CallerError when the frame does not have the strata of the plan.
    """
    sizes = np.bincount(stratum, minlength=len(plan.strata))
    if sizes.tolist() != [each.n_units for each in plan.strata]:
        raise CallerError(
            "The frame is not the one that was planned: its strata have other sizes; draw with the frame of the plan.",
            value=sizes.tolist(),
            allowed=str([each.n_units for each in plan.strata]),
        )
    order = np.lexsort((numbers, stratum))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    parts = [_part(order[start:], h, plan) for h, start in enumerate(starts)]
    rows, strata, plain, look = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Drawn(rows, strata, plain.astype(np.bool_), look)


def _part(order: Ints, h: int, plan: Plan) -> tuple[Ints, Ints, Ints, Ints]:
    planned = plan.strata[h]
    place = np.arange(planned.n_drawn)
    look = place * plan.settings.looks // max(planned.n_drawn, 1) + 1
    rows = np.asarray(order[: planned.n_drawn])
    return rows, np.full(len(rows), h), (place < planned.n_plain).astype(np.int64), look


def unit_table(plan: Plan, drawn: Drawn, rows: pa.Table, secret: str) -> pa.Table:
    """The drawn units and the controls (columns of `DRAWN_UNITS`, in the order of their codes), without outcomes.

    `rows` are the drawn rows of the frame, in the order of `drawn`: listing_id, merchant_id, score_hundredths,
    n_orders, revenue_minor, price_minor and the domains.
    """
    planned = [plan.strata[h] for h in drawn.stratum]
    columns = {name: rows[name] for name in rows.column_names if name in DRAWN_UNITS.names} | {
        "unit": pa.array(unit_codes(rows["listing_id"].to_pylist(), secret)),
        "pot": pa.array([each.pot for each in planned]),
        "stratum": pa.array([each.stratum for each in planned]),
        "is_plain": pa.array(drawn.is_plain),
        "look": pa.array(drawn.look),
        "inclusion_probability": pa.array([each.n_drawn / each.n_units for each in planned], pa.float64()),
        "score": pa.array(rows["score_hundredths"].to_numpy() / 100.0),
    }
    frame_part = pa.table([columns.get(f.name, pa.nulls(len(rows), f.type)) for f in DRAWN_UNITS], schema=DRAWN_UNITS)
    controls = pa.Table.from_pylist(control_units(plan, secret), schema=DRAWN_UNITS)
    return pa.concat_tables([frame_part, controls]).sort_by("unit").combine_chunks()


def unit_codes(listing_ids: Iterable[str], secret: str) -> list[str]:
    """The public names of drawn units: not to be led back to a listing without the secret."""
    codes = [_code(f"listing:{each}", secret) for each in listing_ids]
    if len(set(codes)) < len(codes):
        raise CallerError("Two drawn units have one code; draw with another seed.")
    return codes


def control_units(plan: Plan, secret: str) -> list[dict[str, object]]:
    """The controls of a plan as rows of `UNITS`: codes like any other, `known` says what they are."""
    kinds = ["genuine"] * plan.n_genuine_controls + ["counterfeit"] * plan.n_fake_controls
    looks = plan.settings.looks
    return [
        {
            "unit": _code(f"control:{n}", secret),
            "pot": "control",
            "known": kind,
            "is_plain": False,
            "look": n % looks + 1,
        }
        for n, kind in enumerate(kinds)
    ]


def _code(text: str, secret: str) -> str:
    return "T" + hashlib.sha256(f"code:{secret}:{text}".encode()).hexdigest()[:_CODE_DIGITS]
