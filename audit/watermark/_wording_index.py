"""Finding fingerprints that share hashes, in SQLite.

Of each fingerprint the smallest hashes are indexed, which are the same ones for
a copy of the text; the rest is compared afterwards.
"""

import sqlite3
from collections.abc import Sequence

INDEXED = 32
"""Hashes of a fingerprint that are indexed."""
COMMON = 500
"""A hash in more fingerprints than this leads to none of them."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS wording (
  hash INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (hash, number)) WITHOUT ROWID
"""


class WordingIndex:
    """The index over fingerprints, by number; its database's owner begins and commits."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute(_SCHEMA)

    def add(self, number: int, hashes: Sequence[int]) -> None:
        """Index a fingerprint under a number."""
        rows = [(value, number) for value in hashes[:INDEXED]]
        self._db.executemany("INSERT INTO wording VALUES (?, ?)", rows)

    def remove(self, number: int) -> None:
        """Forget what is indexed under a number."""
        self._db.execute("DELETE FROM wording WHERE number = ?", (number,))

    def nearest(self, hashes: Sequence[int], *, most: int) -> list[int]:
        """Return the numbers that share indexed hashes with a fingerprint, best first.

        A hash counts the less the more fingerprints have it; one that very many
        have is a set phrase, and is passed over.
        """
        weights: dict[int, float] = {}
        for value in hashes:
            rows = self._db.execute(
                "SELECT number FROM wording WHERE hash = ? LIMIT ?", (value, COMMON + 1)
            ).fetchall()
            for (number,) in rows if len(rows) <= COMMON else ():
                weights[number] = weights.get(number, 0.0) + 1 / len(rows)
        return sorted(weights, key=lambda number: (-weights[number], number))[:most]
