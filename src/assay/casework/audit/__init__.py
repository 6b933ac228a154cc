"""The audit log that shows when it was tampered with: events as bytes, a Merkle tree, signed checkpoints, verification.

Nothing here knows the database: the log is stored elsewhere and comes in as plain values.
"""

from assay.casework.audit.checkpoints import Checkpoint, sign, verify
from assay.casework.audit.events import EventRecord
from assay.casework.audit.tree import Frontier, leaf_hash
from assay.casework.audit.verification import Fault, Report, StoredEvent, Trusted, verify_log

__all__ = [
    "Checkpoint",
    "EventRecord",
    "Fault",
    "Frontier",
    "Report",
    "StoredEvent",
    "Trusted",
    "leaf_hash",
    "sign",
    "verify",
    "verify_log",
]
