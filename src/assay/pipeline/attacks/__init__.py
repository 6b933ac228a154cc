"""Organised campaigns: from posts to groups with their layers of evidence, in a folder of tables."""

from assay.attacks.settings import AttackSettings
from assay.pipeline.attacks.searching import AttackRun, find_attacks, open_attacks

__all__ = ["AttackRun", "AttackSettings", "find_attacks", "open_attacks"]
