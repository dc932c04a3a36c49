"""Many writers at once, to see that a ledger keeps what it acknowledged."""

from audit.ledger.hammer._check import HammerCount
from audit.ledger.hammer._run import Load, hammer

__all__ = ["HammerCount", "Load", "hammer"]
