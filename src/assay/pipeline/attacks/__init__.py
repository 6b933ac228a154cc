"""Organised campaigns: from posts to groups with their layers of evidence, and from groups to pages and packs.

>>> from pathlib import Path
>>> from assay.pipeline import attacks
>>> run = attacks.find_attacks(Path("demo/market"), Path("demo/attacks"))               # doctest: +SKIP
>>> attacks.report_attacks(run.folder, Path("attacks.html"))                            # doctest: +SKIP
>>> attacks.pack_attack(run.folder, "G-ABCDE", Path("pack"), is_public=True).claim      # doctest: +SKIP
"""

from assay.attacks.settings import AttackSettings
from assay.pipeline.attacks.packs import WrittenPack, pack_attack, report_attacks
from assay.pipeline.attacks.searching import AttackRun, find_attacks, open_attacks
from assay.pipeline.attacks.watching import WatchedDay, watch_attacks

__all__ = [
    "AttackRun",
    "AttackSettings",
    "WatchedDay",
    "WrittenPack",
    "find_attacks",
    "open_attacks",
    "pack_attack",
    "report_attacks",
    "watch_attacks",
]
