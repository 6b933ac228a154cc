"""JSON lines: one object a line. A key of an inner object is reached with a dot: `seller.name`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from assay.intake.batches import Batch, Reader, RowFault, text_of, text_table
from assay.intake.streams import TextStream
from assay.market.errors import CallerError

BLOCK_BYTES = 8 << 20
# A line longer than this is not one object of a marketplace feed; memory must not follow it.
MAX_LINE = 64 << 20
# Names are gathered from this many first lines when nobody says which are needed.
_HEADER_LINES = 1000


def read_jsonlines(stream: TextStream, needed: tuple[str, ...] | None) -> Reader:
    """Opens JSON lines. Without `needed`, the columns are the keys found in the first lines, inner ones dotted."""
    sample = stream.peek()
    start = sample.lstrip()
    if not start:
        raise CallerError(f"{stream.path.name} is empty; one JSON object a line is needed.")
    if start.startswith(b"["):
        raise CallerError(
            f"{stream.path.name} is one JSON array, and is read only as JSON lines; convert it with "
            f"`jq -c '.[]' {stream.path.name}`.",
            where={"file": str(stream.path), "line": 1},
            allowed="one JSON object a line",
        )
    found = _keys(sample)
    columns = found if needed is None else tuple(dict.fromkeys((*needed, *found)))
    wanted = columns if needed is None else needed
    return Reader(columns, _batches(stream, wanted))


def _keys(sample: bytes) -> tuple[str, ...]:
    keys: dict[str, None] = {}
    for line in sample.split(b"\n")[:_HEADER_LINES]:
        row = _parsed(line)
        if isinstance(row, dict):
            for key, value in row.items():
                keys[key] = None
                if isinstance(value, dict):
                    keys.update(dict.fromkeys(f"{key}.{inner}" for inner in value))
    return tuple(keys)


def _batches(stream: TextStream, wanted: tuple[str, ...]) -> Iterator[Batch]:
    buffer, first, ended = b"", 1, False
    while not ended:
        more = stream.read(BLOCK_BYTES)
        ended = not more
        buffer += more
        end = len(buffer) if ended or len(buffer) > MAX_LINE else buffer.rfind(b"\n") + 1
        if end:
            yield _batch(buffer[:end], wanted, first)
            first += buffer.count(b"\n", 0, end)
            buffer = buffer[end:]


def _batch(block: bytes, wanted: tuple[str, ...], first: int) -> Batch:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    faults: list[RowFault] = []
    for number, line in enumerate(block.split(b"\n"), first):
        if not line.strip():
            continue
        row = _parsed(line)
        if isinstance(row, dict):
            rows.append(row)
            lines.append(number)
        else:
            faults.append(_fault(line, row, number))
    columns = [[text_of(row[name] if name in row else _inner(row, name)) for row in rows] for name in wanted]
    return Batch(text_table(wanted, columns), np.array(lines, dtype=np.int64), tuple(faults))


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return error


def _fault(line: bytes, got: Any, number: int) -> RowFault:  # noqa: ANN401 - any JSON
    shown = line[:200].decode("utf-8", "backslashreplace").strip()
    if not isinstance(got, orjson.JSONDecodeError):
        return RowFault(number, shown, "the line is JSON but not an object", "one JSON object a line")
    return RowFault(number, shown, "the line is not JSON", "one JSON object a line, in UTF-8, without NaN or Infinity")


def _inner(row: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
