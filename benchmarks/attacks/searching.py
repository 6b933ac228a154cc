"""One search in a process of its own, so that its memory can be measured: seconds and counts as one line of JSON."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

# How often the memory of the process tree is looked at.
_EVERY_S = 0.2


def searched(posts: Path, out: Path, memory_gib: float) -> dict[str, Any]:
    """Wall and processor seconds, and peak GiB of the process tree (resident, shared pages once per process)."""
    shutil.rmtree(out, ignore_errors=True)
    before = _cpu_s()
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, str(posts), str(out), str(memory_gib)], stdout=subprocess.PIPE, text=True
    )
    peak = _Peak(process.pid)
    peak.start()
    answer, _ = process.communicate()
    seconds = time.perf_counter() - started
    peak.done.set()
    peak.join()
    if process.returncode != 0:
        raise SystemExit(f"the search of {posts} ended with {process.returncode}")
    about = json.loads(answer.splitlines()[-1])
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_cpu_s() - before, 1),
        "search_seconds": about["seconds"],
        "peak_gib": round(peak.gib, 2),
    }


def _cpu_s() -> float:
    """Seconds that ended children of this process, and theirs, kept a core busy: hardly moved by other load."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Peak(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.done = threading.Event()
        self.gib = 0.0

    def run(self) -> None:
        while not self.done.wait(_EVERY_S):
            total = 0
            try:
                tree = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                return
            for process in tree:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.gib = max(self.gib, total / 2**30)


def main() -> None:
    from assay.engine import EngineSettings
    from assay.pipeline.attacks import find_attacks

    posts, out, memory = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    started = time.perf_counter()
    find_attacks(posts, out, engine_settings=EngineSettings(memory_gib=memory))
    print(json.dumps({"seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main()
