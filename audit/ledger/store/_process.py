"""One process per open ledger.

A process that forks leaves its child copies of its connections. SQLite's locks
do not come along, so a child that used them could undo what its parent
committed; on a socket, two processes would read each other's answers.
"""

import os
import weakref

import sqlalchemy as sa

from audit.core.errors import LedgerUnavailable

_idle: "weakref.WeakSet[sa.Engine]" = weakref.WeakSet()


class HomeProcess:
    """The process that opened a ledger; no other may use it."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is the process."""
        return os.getpid() == self._pid

    def check(self, url: str) -> None:
        """Return if this is the process.

        Raises:
            LedgerUnavailable: it is a child of it.
        """
        if not self.is_here:
            raise LedgerUnavailable(
                f"{url} was opened by the process that forked this one",
                hint="open the ledger again after the fork",
            )


def close_before_fork(engine: sa.Engine) -> None:
    """Let no idle connection of `engine` come along when this process forks."""
    _idle.add(engine)


def _close_idle() -> None:
    for engine in list(_idle):
        engine.dispose()


os.register_at_fork(before=_close_idle)
