"""The services around a PostgreSQL ledger: its sequencer, and its users' rights."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.core.clock import Clock, now_ns
from audit.core.errors import UsageError
from audit.ledger._open import open_store

if TYPE_CHECKING:
    from audit.ledger.store._postgres import PostgresStore


def serve_sequencer(
    url: str, *, should_stop: Callable[[], bool] = lambda: False, clock: Clock = now_ns
) -> int:
    """Sequence a ledger's inbox until `should_stop`, and return how many events that were.

    A second one waits, and takes over when the first is gone.

    Raises:
        UsageError: not a PostgreSQL ledger.
        LedgerUnavailable: another sequencer took over, or the database cannot be reached.
    """
    from audit.ledger.store._sequencer import run_sequencer

    store = _postgres(url)
    try:
        return run_sequencer(store, clock, should_stop=should_stop)
    finally:
        store.close()


def grant_role(url: str, role: str, kind: str) -> None:
    """Let an existing role of the database be a reader, a writer or a sequencer.

    Raises:
        UsageError: not a PostgreSQL ledger, or not a kind of user.
        LedgerUnavailable: no such role, or the caller does not own the tables.
    """
    from audit.ledger.store._roles import grant

    store = _postgres(url)
    try:
        grant(store, role, kind)
    finally:
        store.close()


def _postgres(url: str) -> "PostgresStore":
    from audit.ledger.store._postgres import PostgresStore

    store = open_store(url, create=False, read_only=False)
    if isinstance(store, PostgresStore):
        return store
    store.close()
    raise UsageError(f"{store.url} is not a PostgreSQL ledger; only that has a sequencer")
