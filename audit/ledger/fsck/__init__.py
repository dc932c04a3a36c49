"""Look through a whole ledger and list everything that is wrong, and where."""

from audit.ledger.fsck._fsck import Brought, check_ledger
from audit.ledger.fsck._together import reading_in_ranges

__all__ = ["Brought", "check_ledger", "reading_in_ranges"]
