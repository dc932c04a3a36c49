"""What a witness remembers: the last tree it cosigned, per log.

Trust: whoever can put an old file here can have two histories cosigned. Keep it
on the witness's own disk, and never restore it from a backup.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import LedgerUnavailable
from audit.ledger._merkle import EMPTY_ROOT
from audit.ledger._treehead import TreeHead

_TABLE = """CREATE TABLE IF NOT EXISTS cosigned (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL
) STRICT"""


class WitnessState:
    """The last tree head per origin, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)

    def last(self, origin: str) -> TreeHead:
        """Return the last tree cosigned for a log; the empty one if none was."""
        with self._connected() as connection:
            query = "SELECT size, root FROM cosigned WHERE origin = ?"
            found = connection.execute(query, (origin,)).fetchone() or (0, EMPTY_ROOT)
        return TreeHead(origin, *found)

    def swap(self, old: TreeHead, new: TreeHead) -> bool:
        """Remember `new` if `old` is still the last; it is durable then. Else return False."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            query = "SELECT size, root FROM cosigned WHERE origin = ?"
            found = connection.execute(query, (old.origin,)).fetchone() or (0, EMPTY_ROOT)
            if found != (old.size, old.root):
                connection.execute("ROLLBACK")
                return False
            connection.execute(
                "INSERT INTO cosigned VALUES (?, ?, ?) ON CONFLICT (origin) "
                "DO UPDATE SET size = excluded.size, root = excluded.root",
                (new.origin, new.size, new.root),
            )
            connection.execute("COMMIT")
        return True

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(self._path, timeout=10, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as exc:
            raise LedgerUnavailable(f"cannot use the witness's state {self._path}: {exc}") from exc
