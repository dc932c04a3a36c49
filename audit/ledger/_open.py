"""From a URL to an open ledger."""

from pathlib import Path

from audit.core.clock import Clock, now_ns
from audit.core.errors import UsageError
from audit.ledger._ledger import Ledger
from audit.ledger.store._sqlite import SqliteStore

_SQLITE = "sqlite:///"


def open_ledger(
    url: str, *, create: bool = False, read_only: bool = False, clock: Clock = now_ns
) -> Ledger:
    """Open the ledger at `url`: `sqlite:///PATH`, or a bare path that ends in `.db`.

    `create` makes an empty one if nothing is there. A clock can be passed for tests.

    Raises:
        UsageError: not a URL of a database this version knows.
        LedgerUnavailable: not there, locked, not writable, no ledger, or of a newer schema.
    """
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
    elif "://" not in url and url.endswith(".db"):
        path = Path(url)
    else:
        raise UsageError(
            f"{url.rsplit('@', maxsplit=1)[-1]!r} is not the URL of a ledger",
            hint="write sqlite:///PATH, with four slashes for an absolute path",
        )
    return Ledger(SqliteStore(path, create=create, read_only=read_only), clock=clock)
