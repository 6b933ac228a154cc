"""Memory budget, spilling, scratch files and what a full disk or a missing permission says."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import ibis
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.engine import EngineSettings, open_engine, whole_folder
from assay.engine.tasks import stop_workers
from assay.market.errors import CallerError, OutsideError


def run(script: str, *arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


_SORT = """
import sys, threading, time
from pathlib import Path
import ibis, psutil
from assay.engine import EngineSettings, open_engine

peak = 0
spilt = 0
def watch(scratch):
    global peak, spilt
    while True:
        peak = max(peak, psutil.Process().memory_info().rss)
        spilt = max(spilt, sum(f.stat().st_size for f in scratch.glob("spill/*") if f.exists()))
        time.sleep(0.01)

with open_engine(None, EngineSettings(memory_gib=0.3, workers=2, scratch=Path(sys.argv[1]))) as engine:
    threading.Thread(target=watch, args=(engine.scratch,), daemon=True).start()
    time.sleep(0.05)
    before = peak
    rows = engine.read(Path(sys.argv[3]))
    engine.write(rows.order_by("key"), Path(sys.argv[2]))
    n = engine.collect(engine.read(Path(sys.argv[2])).agg(n=ibis._.count(), k=ibis._.k.max()))
print(n.to_pylist(), (peak - before) / 2**30 < 0.3, spilt > 0)
"""


def test_a_sort_larger_than_the_memory_budget_spills_and_finishes(tmp_path):
    k = np.arange(12_000_000)
    pq.write_table(pa.table({"k": k, "key": k * 7_919 % 12_000_017}), tmp_path / "in.parquet", compression="none")
    done = run(_SORT, tmp_path / "scratch", tmp_path / "out", tmp_path / "in.parquet")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[{'n': 12000000, 'k': 11999999}] True True"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_work_that_cannot_spill_names_the_memory_setting(tmp_path):
    with open_engine(None, EngineSettings(memory_gib=0.25, workers=1)) as engine:
        one = engine.table(pa.table({"one": [1]}), "one")
        with pytest.raises(
            OutsideError, match=r"does not fit into 0\.25 GiB of memory.*memory_gib.*--memory"
        ) as caught:
            engine.write(one.select(long=ibis.literal("x" * 1_000).repeat(900_000)), tmp_path / "out")
    assert caught.value.where == {"setting": "memory_gib"}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("field", "value"), [("memory_gib", 0.01), ("memory_gib", float("nan")), ("workers", 0)])
def test_limits_that_nothing_fits_into_are_refused(field, value):
    with pytest.raises(CallerError, match="at least") as caught:
        EngineSettings(**{field: value})
    assert caught.value.where == {"setting": field}


def test_closing_removes_the_scratch_and_ends_the_workers(tmp_path):
    engine = open_engine(None, EngineSettings(scratch=tmp_path / "scratch", memory_gib=1.0, workers=2))
    engine.table(pa.table({"k": [1]}), "t")
    assert len(list((tmp_path / "scratch").iterdir())) == 1
    engine.close()
    engine.close()
    gc.collect()
    assert list((tmp_path / "scratch").iterdir()) == []
    stop_workers()
    assert [p for p in psutil.Process().children() if "popen_loky" in " ".join(p.cmdline())] == []


_INTERRUPTED = """
import sys, time
from pathlib import Path
from assay.engine import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "part").write_text("new")
    print("half", flush=True)
    time.sleep(60)
"""


def test_a_kill_in_the_middle_leaves_the_old_folder_whole(tmp_path):
    with whole_folder(tmp_path / "step") as folder:
        (folder / "part").write_text("old")
    command = [sys.executable, "-c", _INTERRUPTED, str(tmp_path / "step")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    assert [(p.name, p.read_text()) for p in (tmp_path / "step").iterdir()] == [("part", "old")]


_REPLACING = """
import sys
from pathlib import Path
from assay.engine import whole_folder
print("ready", flush=True)
number = 0
while True:
    number += 1
    with whole_folder(Path(sys.argv[1])) as folder:
        (folder / "part").write_text(str(number))
"""


def test_at_no_instant_is_there_nothing_while_a_folder_is_replaced(tmp_path):
    with whole_folder(tmp_path / "step") as folder:
        (folder / "part").write_text("0")
    command = [sys.executable, "-c", _REPLACING, str(tmp_path / "step")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        there = [(tmp_path / "step").is_dir() for _ in range(20_000)]
        process.kill()
    assert all(there)
    assert (tmp_path / "step" / "part").read_text().isdigit()


def test_a_failing_block_leaves_the_old_folder_and_no_temporary_one(tmp_path):
    with whole_folder(tmp_path / "step") as folder:
        (folder / "part").write_text("old")
    with pytest.raises(ValueError, match="no"), whole_folder(tmp_path / "step") as folder:
        raise ValueError("no")
    assert [p.name for p in tmp_path.iterdir()] == ["step"]


def test_a_file_in_the_way_is_named(duckdb_engine, tmp_path):
    (tmp_path / "file").write_text("in the way")
    rows = duckdb_engine.table(pa.table({"k": [1]}), "t")
    with pytest.raises(OutsideError, match="a part of the path is a file") as caught:
        duckdb_engine.write(rows, tmp_path / "file" / "step")
    assert caught.value.exit_code == 3


def test_a_folder_that_is_not_there_cannot_be_read(engine, tmp_path):
    with pytest.raises(OutsideError, match="missing"):
        engine.read(tmp_path / "missing")


_FILL = """
import os, sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from assay.engine import EngineSettings, open_engine
from assay.market.errors import OutsideError
from tests.engine.kernels import unchanged

def told(work):
    try:
        work()
        print("nothing")
    except OutsideError as error:
        print(error)

{limit}
schema = pa.schema([("k", pa.int64()), ("r", pa.float64())])
with open_engine(None, EngineSettings(scratch=Path(sys.argv[1]), memory_gib=1.0, workers=2)) as engine:
    big = engine.read(Path(sys.argv[2]))
    {deny}
    told(lambda: engine.write(big.mutate(r=big.r + 1.0), Path(sys.argv[3]) / "w"))
    told(lambda: engine.map_batches(big, unchanged, schema, Path(sys.argv[3]) / "m"))
    told(lambda: engine.write(big.order_by("r"), Path(sys.argv[3]) / "w"))
"""


def big_file(folder: Path) -> Path:
    rng = np.random.default_rng(7)
    pq.write_table(pa.table({"k": np.arange(600_000), "r": rng.random(600_000)}), folder / "big.parquet")
    return folder / "big.parquet"


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 2 MB; only root may make one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_named_by_write_and_map_batches(tmp_path, small_disk):
    script = "import sys; sys.path.insert(0, sys.argv[4])" + _FILL.format(limit="", deny="")
    done = run(script, tmp_path / "scratch", big_file(tmp_path), small_disk, Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    faults = done.stdout.splitlines()
    assert all("no space is left on the disk; free some space" in fault for fault in faults), faults
    assert len(faults) == 3
    assert list(small_disk.iterdir()) == []


def test_a_file_larger_than_the_system_allows_is_named(tmp_path):
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))"
    script = "import sys; sys.path.insert(0, sys.argv[4])" + _FILL.format(limit=limit, deny="")
    (tmp_path / "out").mkdir()
    done = run(script, tmp_path / "scratch", big_file(tmp_path), tmp_path / "out", Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    faults = done.stdout.splitlines()
    assert all("the file is larger than the system allows" in fault for fault in faults), faults
    assert len(faults) == 3


def test_a_missing_permission_is_named(tmp_path):
    (tmp_path / "out").mkdir(mode=0o755)
    (tmp_path / "out").chmod(0o555)
    deny = "os.setuid(65534)" if os.geteuid() == 0 else ""
    script = "import sys; sys.path.insert(0, sys.argv[4])" + _FILL.format(limit="", deny=deny)
    done = run(script, tmp_path / "scratch", big_file(tmp_path), tmp_path / "out", Path(__file__).parents[2])
    faults = done.stdout.splitlines()
    assert all("permission is denied; name a folder that you may write to" in fault for fault in faults), done.stderr
    assert len(faults) == 3
