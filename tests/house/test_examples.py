"""Every example in a docstring gives what it says."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import assay

_EXAMPLE = re.compile(r"^ +>>> ", re.MULTILINE)
ROOT = Path(assay.__file__).parent
WITH_EXAMPLES = sorted(path for path in ROOT.rglob("*.py") if _EXAMPLE.search(path.read_text(encoding="utf-8")))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", [_name(path) for path in WITH_EXAMPLES])
def test_the_examples_in_the_docstrings_run(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted and not done.failed
