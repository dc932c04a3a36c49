"""Look through a whole ledger and list everything that is wrong, and where."""

from audit.ledger.fsck._fsck import Brought, check_ledger

__all__ = ["Brought", "check_ledger"]
