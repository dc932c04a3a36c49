"""A writer to be broken: `python -m tests.faults.writer FILE COUNT [lying]`.

It prints a line for each entry and each checkpoint that was acknowledged to
it, with one write each. What was refused is tried twice more. `lying`: the
store believes that it flushes, and does not.
"""

import os
import sqlite3
import sys
from typing import Any

from audit.core.errors import AuditError, LedgerUnavailable
from audit.documents import LedgerEntry, leaf_hash
from audit.ledger import open_ledger
from audit.ledger.store._sqlite import SqliteStore
from tests.fakes.ledgers import LOG, event

_TRIES = 3


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def attempt(call: Any) -> Any:
    """Return what `call` gives, having tried as a caller would."""
    for number in range(_TRIES):
        try:
            return call()
        except LedgerUnavailable:
            if number == _TRIES - 1:
                raise
    raise AssertionError


def lie() -> None:
    honest = SqliteStore._connect

    def connect(store: SqliteStore) -> sqlite3.Connection:
        connection = honest(store)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    SqliteStore._connect = connect  # type: ignore[method-assign]


def main(file: str, count: str, *flags: str) -> None:
    if "lying" in flags:
        lie()
    ledger = attempt(lambda: open_ledger(file, create=True))
    for number in range(int(count)):
        entries: list[LedgerEntry] = attempt(
            lambda number=number: ledger.append_many(
                [event(2 * number), event(2 * number + 1)],
                keys=[f"k{2 * number}", f"k{2 * number + 1}"],
            )
        )
        for entry in entries:
            say("entry", entry.seq, leaf_hash(entry.leaf()).hex())
        if number % 4 == 3:
            checkpoint = attempt(lambda: ledger.checkpoint(LOG))
            say("signed", str(checkpoint.size), checkpoint.note.encode().hex())
    ledger.close()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AuditError as exc:
        sys.exit(f"{type(exc).__name__}: {exc}")
