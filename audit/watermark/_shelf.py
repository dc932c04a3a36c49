"""The receipt shelf: where receipts lie with what can be destroyed, and are found again.

The ledger holds each receipt's digest for ever; the shelf holds the receipt,
its salt, sketch and fingerprint, in one SQLite file. Entries are added once and
never changed, except that `erase` takes away what ties them to a text.

Trust: the shelf is an index. A receipt is believed for its signature and its
ledger entry; a missing row can hide a receipt, no row can forge one.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from audit.core.errors import ConfigError, StorageFailed
from audit.documents import ReceiptRecord
from audit.watermark._wording import unpack_fingerprint
from audit.watermark._wording_index import WordingIndex

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipt (
  number INTEGER PRIMARY KEY, receipt_id TEXT NOT NULL UNIQUE, key_id TEXT, ts_ns INTEGER NOT NULL,
  tag BLOB, lookup BLOB, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipt_by_key ON receipt (key_id, ts_ns);
CREATE INDEX IF NOT EXISTS receipt_by_text ON receipt (lookup);
"""


@dataclass(frozen=True, slots=True)
class TagBlock:
    """The tags of one key in a span of time: receipt ids and their tags, end to end."""

    receipt_ids: tuple[str, ...]
    tags: bytes


class ReceiptShelf:
    """Receipts in one SQLite file, for any thread; close it, or use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        """Open the shelf at `path`, or make it.

        Raises:
            ConfigError: the file is not a receipt shelf.
            StorageFailed: it cannot be opened or made.
        """
        self._path = path
        self._lock = threading.RLock()
        with self._translated():
            self._db = sqlite3.connect(
                path, isolation_level=None, timeout=30, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            self._wording = WordingIndex(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def add(self, record: ReceiptRecord, *, lookup: bytes) -> None:
        """Put a record on the shelf; it is on disk when this returns.

        Raises:
            StorageFailed: it cannot be written, or the receipt id is there already.
        """
        receipt = record.signed.receipt
        mark = receipt.mark
        key_id, tag = (mark.key_id, bytes.fromhex(mark.tag)) if mark else (None, None)
        row = (receipt.receipt_id, key_id, receipt.ts_ns, tag, lookup, record.model_dump_json())
        hashes = unpack_fingerprint(bytes.fromhex(record.fingerprint or ""))
        with self._translated(), self._transaction():
            added = self._db.execute(
                "INSERT INTO receipt (receipt_id, key_id, ts_ns, tag, lookup, record) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            self._wording.add(int(added.lastrowid or 0), hashes)

    def find(self, receipt_id: str) -> ReceiptRecord | None:
        """Return the record of a receipt id, if it is here."""
        with self._translated():
            row = self._db.execute(
                "SELECT record FROM receipt WHERE receipt_id = ?", (receipt_id,)
            ).fetchone()
        return None if row is None else self._read(row[0])

    def find_texts(self, lookups: Sequence[bytes]) -> tuple[str, ...]:
        """Return the receipt ids filed under any of these text lookups."""
        marks = ",".join("?" * len(lookups))
        query = f"SELECT receipt_id FROM receipt WHERE lookup IN ({marks})"  # noqa: S608
        with self._translated():
            return tuple(row[0] for row in self._db.execute(query, tuple(lookups)))

    def nearest(self, hashes: Sequence[int], *, most: int) -> tuple[str, ...]:
        """Return the receipts that share most indexed hashes with a fingerprint, best first."""
        with self._translated():
            return tuple(
                self._db.execute(
                    "SELECT receipt_id FROM receipt WHERE number = ?", (number,)
                ).fetchone()[0]
                for number in self._wording.nearest(hashes, most=most)
            )

    def tags(self, key_id: str, *, from_ns: int, until_ns: int) -> TagBlock:
        """Return the tags of one key's receipts in a span of time."""
        with self._translated():
            rows = self._db.execute(
                "SELECT receipt_id, tag FROM receipt WHERE key_id = ? AND ts_ns >= ? AND ts_ns < ?",
                (key_id, from_ns, until_ns),
            ).fetchall()
        return TagBlock(tuple(row[0] for row in rows), b"".join(row[1] for row in rows))

    def erase(self, receipt_id: str) -> bool:
        """Destroy salt, sketch and fingerprint of a receipt; return whether it was here.

        What remains is the signed receipt, which nothing ties to a text any more.
        """
        record = self.find(receipt_id)
        if record is None:
            return False
        bare = record.model_copy(update={"salt": None, "sketch": None, "fingerprint": None})
        with self._translated():
            self._db.execute("PRAGMA secure_delete = ON")
            with self._transaction():
                (number,) = self._db.execute(
                    "SELECT number FROM receipt WHERE receipt_id = ?", (receipt_id,)
                ).fetchone()
                self._wording.remove(number)
                self._db.execute(
                    "UPDATE receipt SET record = ?, lookup = NULL WHERE receipt_id = ?",
                    (bare.model_dump_json(), receipt_id),
                )
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    def __len__(self) -> int:
        with self._translated():
            return int(self._db.execute("SELECT COUNT(*) FROM receipt").fetchone()[0])

    def _read(self, text: str) -> ReceiptRecord:
        return ReceiptRecord.read(text.encode(), source=str(self._path))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Hold the lock, and give our errors for SQLite's."""
        try:
            with self._lock:
                yield
        except sqlite3.IntegrityError as exc:
            raise StorageFailed(f"{self._path}: this receipt is on the shelf already") from exc
        except sqlite3.DatabaseError as exc:
            if "not a database" in str(exc):
                raise ConfigError(f"{self._path}: not a receipt shelf") from exc
            raise StorageFailed(f"{self._path}: {exc}") from exc
