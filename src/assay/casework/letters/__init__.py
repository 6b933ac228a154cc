"""Letters to merchants, written by hand in each language: statements of reasons, receipts and outcomes of appeals,
the end of a request for an invoice.

Pure: facts in, a `Letter` of sections out. Nothing here reads the database, and no letter names a reviewer or notifier.
"""

from assay.casework.letters.letter import Letter, Section
from assay.casework.letters.replies import Reply, outcome, receipt
from assay.casework.letters.settled import Settled, settled
from assay.casework.letters.statement import Facts, Quoted, statement

__all__ = ["Facts", "Letter", "Quoted", "Reply", "Section", "Settled", "outcome", "receipt", "settled", "statement"]
