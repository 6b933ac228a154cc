"""Trade item numbers (GTIN, EAN, UPC, ISBN): cleaning, check digit, and whose company prefix they carry.

Source of the check digit, the lengths and the prefixes: GS1 General Specifications, sections 1.4, 2.1 and 7.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.market.values import numeric
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

LENGTHS = (8, 12, 13, 14)

ALLOWED = "8, 12, 13 or 14 digits, or an ISBN of 10"

_LABEL = re.compile(
    r"\s*(?:(?:gtin|ean|upc|isbn|jan)(?:[- ]?(?:8|10|12|13|14|a)(?!\d))?\s*[:#.]?|\(01\))\s*", re.IGNORECASE
)
_MARKS = re.compile(r"[\s\-‐‑–.·]+")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")

_ROWS_AT_ONCE = 1 << 20  # rows checked per pass: 14 bytes each, so the working arrays stay near 100 MB


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """14 digits, zero-padded; None for a blank. A number whose check digit fails is kept: it is evidence.

    Labels ("EAN:"), spaces and hyphens are dropped; an ISBN of 10 characters that checks becomes its 978 number; 11
    digits become a UPC when the leading zero that a spreadsheet cut makes the check digit fit.

    Raises BadValue when there are no digits, a wrong number of them, letters, or scientific notation, which has lost
    the last digits for good.

    >>> clean("4006381333931"), clean("0-306-40615-2"), clean("36000291452")
    ('04006381333931', '09780306406157', '00036000291452')
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        text = raw
    elif isinstance(raw, int | float | Decimal) and not isinstance(raw, bool) and _is_whole(raw):
        text = str(int(raw))
    else:
        raise refuse(raw, "is no trade item number", ALLOWED)
    if len(text) in LENGTHS and text.isascii() and text.isdigit():
        return text.zfill(14)
    return _from_text(raw, text)


def _from_text(raw: object, text: str) -> str | None:
    if not text.strip():
        return None
    try:
        plain = numeric.plain(text[:100])
    except numeric.UnreadableNumber as fault:
        raise refuse(raw, str(fault), ALLOWED) from None
    if numeric.SCIENTIFIC.fullmatch(plain) or re.fullmatch(r"\s*[\d.,]+[eE]\+?\d+\s*", plain):
        raise refuse(raw, "is in scientific notation, which has lost its last digits", ALLOWED)
    plain = _LABEL.sub("", plain, count=1) if _LABEL.match(plain) else plain
    whole = _WHOLE_FLOAT.fullmatch(plain.strip())
    digits = whole[1] if whole else _MARKS.sub("", plain)
    if re.fullmatch(r"\d{9}[\dXx]", digits) and _isbn10_holds(digits):
        body = f"978{digits[:9]}"
        return f"0{body}{_check_digit(body)}"
    if not re.search(r"\d", digits):
        raise refuse(raw, "has no digits", ALLOWED)
    if not digits.isdigit() or len(text) > 100:
        raise refuse(raw, "holds more than digits", ALLOWED)
    if len(digits) not in LENGTHS and not (len(digits) == 11 and is_valid(f"0{digits}")):
        raise refuse(raw, f"has {len(digits)} digits", ALLOWED)
    return digits.zfill(14)


def is_valid(text: str) -> bool:
    """Whether the check digit fits: 8, 12, 13 or 14 digits, zero-padded or not; all zeros are a placeholder, not valid.

    >>> is_valid("04006381333931"), is_valid("04006381333932")
    (True, False)
    """
    if len(text) not in LENGTHS or not (text.isascii() and text.isdigit()):
        return False
    return _check_digit(text[:-1]) == int(text[-1]) and text.strip("0") != ""


def is_valid_many(
    texts: pa.Array | pa.ChunkedArray | Sequence[str | None] | npt.NDArray[np.object_],
) -> npt.NDArray[np.bool_]:
    """`is_valid` for a whole column, as a boolean array of the same length; null is False. No Python loop over rows.

    >>> is_valid_many(["04006381333931", None, "1"]).tolist()
    [True, False, False]
    """
    column = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.large_string())
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found = [
        _valid_slice(chunk.slice(start, _ROWS_AT_ONCE))
        for chunk in chunks
        for start in range(0, len(chunk), _ROWS_AT_ONCE)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.bool_)


def same_company(gtin: str | None, prefixes: Iterable[str]) -> bool | None:
    """Whether the number carries one of a brand's GS1 company prefixes (6 to 12 digits, as in a GTIN-13).

    None when that cannot be said: no number, no prefix, or a GTIN-8, which carries no company prefix. A company prefix
    says who was given the number, so False means that the brand did not issue it (or the prefix list is incomplete).

    >>> same_company("04006381333931", ["4006381"]), same_company("04006381333931", ["5012345"])
    (True, False)
    """
    wanted = tuple(prefix for prefix in prefixes if prefix.isdigit() and 6 <= len(prefix) <= 12)
    if gtin is None or not wanted:
        return None
    digits = gtin.zfill(14)
    if len(digits) != 14 or not digits.isdigit() or digits.startswith("000000"):
        return None
    # the first of 14 digits is the packaging level; a UPC's prefix begins with the zero that makes it a GTIN-13
    return digits[1:].startswith(wanted)


def is_restricted(gtin: str) -> bool:
    """Whether the number is for use inside one shop (GS1 prefixes 02, 04 and 20 to 29), so that no "
    "brand issued it."""
    return gtin.zfill(14)[1:].startswith(("02", "04", "2"))


def _check_digit(body: str) -> int:
    """Weights 3, 1, 3 … from the right; the digit that brings the sum to a multiple of 10."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def _is_whole(raw: int | float | Decimal) -> bool:
    return numeric.is_finite(raw) and 0 <= raw < 10**14 and raw == int(raw)


def _isbn10_holds(text: str) -> bool:
    """ISO 2108:1992: weights 10 down to 1, the sum a multiple of 11, X for ten."""
    total = sum((10 if char in "Xx" else int(char)) * (10 - place) for place, char in enumerate(text))
    return total % 11 == 0


def _valid_slice(column: pa.Array) -> npt.NDArray[np.bool_]:
    wide = column.cast(pa.large_string())
    valid = np.zeros(len(wide), dtype=np.bool_)
    if len(wide) == wide.null_count:
        return valid
    _, offsets_buffer, data_buffer = wide.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer is not None else np.zeros(0, dtype=np.uint8)
    lengths = np.diff(offsets)
    if wide.null_count:
        lengths = np.where(np.asarray(wide.is_valid().to_numpy(zero_copy_only=False)), lengths, 0)
    for length in LENGTHS:
        rows = np.flatnonzero(lengths == length)
        if len(rows):
            valid[rows] = _fits(data, offsets[rows], length)
    return valid


def _fits(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    if len(starts) * length == int(starts[-1]) + length - int(starts[0]):  # the texts lie side by side: no gathering
        table = data[starts[0] : starts[-1] + length].reshape(-1, length)
    else:
        table = data[starts[:, None] + np.arange(length)]
    total = np.zeros(len(starts), dtype=np.uint16)
    is_digit = np.ones(len(starts), dtype=np.bool_)
    any_digit = np.zeros(len(starts), dtype=np.uint8)
    for place in range(length):
        digits = table[:, place] - np.uint8(48)  # bytes below "0" wrap around to large numbers and fail the test
        is_digit &= digits <= 9
        any_digit |= digits
        total += digits * np.uint16(3 if (length - 1 - place) % 2 else 1)
    fits: npt.NDArray[np.bool_] = is_digit & (total % 10 == 0) & (any_digit != 0)
    return fits


RULE = Rule(
    accepts="GTIN-8, UPC-A, EAN-13, GTIN-14 and ISBN-10 as text or number, with spaces, hyphens or a label.",
    becomes=(
        "14 digits, zero-padded. A number whose check digit fails is kept as it is: it is evidence, and "
        "a signal reads it."
    ),
    refuses=(
        "No digits, another number of digits, letters, and scientific notation (a spreadsheet's "
        "4.00638E+12 has lost digits)."
    ),
    examples=(
        Example("4006381333931"),
        Example("EAN: 4006381-333931"),
        Example("4006381333932"),
        Example("96385074"),
        Example("36000291452"),
        Example("0-306-40615-2"),
        Example("4.00638E+12"),
        Example("Does not apply"),
    ),
)
