"""From a URL to an open ledger."""

from pathlib import Path

from audit.core.clock import Clock, now_ns
from audit.core.errors import UsageError
from audit.ledger._ledger import Ledger
from audit.ledger.store._rows import Store
from audit.ledger.store._sqlite import SqliteStore

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgresql+psycopg://")


def open_ledger(
    url: str, *, create: bool = False, read_only: bool = False, clock: Clock = now_ns
) -> Ledger:
    """Open the ledger at `url`.

    `sqlite:///PATH`, a bare path that ends in `.db`, or `postgresql://...`.
    `create` makes an empty one if nothing is there, and brings an older schema
    up to date. A clock can be passed for tests.

    Raises:
        UsageError: not a URL of a database this version knows.
        LedgerUnavailable: not there, locked, not writable, no ledger, or of another schema.
    """
    return Ledger(open_store(url, create=create, read_only=read_only), clock=clock)


def open_store(url: str, *, create: bool, read_only: bool) -> Store:
    """Open the database at `url`.

    Raises:
        UsageError, LedgerUnavailable: as `open_ledger`.
    """
    if url.startswith(_POSTGRES):
        from audit.ledger.store._postgres import PostgresStore

        return PostgresStore(url, create=create, read_only=read_only)
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return SqliteStore(Path(url.removeprefix(_SQLITE)), create=create, read_only=read_only)
    if "://" not in url and url.endswith(".db"):
        return SqliteStore(Path(url), create=create, read_only=read_only)
    shown = url.rsplit("@", maxsplit=1)[-1].partition("?")[0]
    raise UsageError(
        f"{shown!r} is not the URL of a ledger",
        hint="write sqlite:///PATH, with four slashes for an absolute path, or postgresql://...",
    )
