"""The audit ledger: append, verify, prove.

* `open_ledger`: a URL -> an open `Ledger`, which appends, reads, signs and verifies
* `read_checkpoint`, `verify_note`: a signed note -> what it says, and whose keys signed it
"""

from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._keys import VerifierKey
from audit.ledger._ledger import Ledger
from audit.ledger._note import Note, verify_note
from audit.ledger._open import open_ledger

__all__ = [
    "Ledger",
    "Note",
    "VerifierKey",
    "open_ledger",
    "read_checkpoint",
    "verify_note",
]
