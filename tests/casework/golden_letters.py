"""Letters are reviewed as text: compared with tests/golden/letters; ASSAY_GOLDEN=write renews the files."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "golden" / "letters"


def same_as_golden(name: str, text: str) -> None:
    """Compares a letter with its file."""
    path = _FOLDER / name
    if os.environ.get("ASSAY_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
