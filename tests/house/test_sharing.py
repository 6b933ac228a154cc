"""`make test` divides the tests among processes so that what is dear to make is made once."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.sharing import TOGETHER

ROOT = Path(__file__).resolve().parents[2]
FLAGS = re.search(r"^TOGETHER := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()


def test_every_place_that_shares_something_is_there():
    assert not [each for group in TOGETHER for each in group if not (ROOT / "tests" / each).exists()]


def test_a_file_and_a_group_each_stay_in_one_process():
    files = [f"tests/market/{name}.py" for name in ("test_gtin", "test_money")]
    group = [f"tests/simulation/{name}.py" for name in ("test_chatter", "test_campaigns")]
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", *FLAGS, *files, *group]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    ran = defaultdict(set)
    for process, file in re.findall(r"^\[(gw\d)\].* (tests/\S+?\.py)::", said, re.MULTILINE):
        ran["group" if file in group else file].add(process)
    assert set(ran) == {*files, "group"} and all(len(processes) == 1 for processes in ran.values()), said
