"""Rows of the vault: keys of subjects, sealed payloads, erasures that are not finished.

Nothing here is committed to by the head: these rows are made to be destroyed.
What was in them is committed to by leaves, so a row that was exchanged or
dropped is noticed by whoever reads it (`audit.ledger.vault`).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from typing_extensions import override

from audit.ledger.store._statements import Statements


class SubjectRow(NamedTuple):
    """A subject: a random name, the keyed hash it is found by, and its key, wrapped."""

    ref: str
    lookup: bytes
    wrapped: bytes


class PayloadRow(NamedTuple):
    """A sealed payload, named by the commitment that its entry's leaf holds."""

    commitment: bytes
    subject: str
    sealed: bytes


class ErasureRow(NamedTuple):
    """An erasure that was recorded as entry `seq`, and whose traces are not scrubbed yet."""

    seq: int
    ts_ns: int
    ref: str
    lookup: bytes
    payloads: int
    leaf_hash: bytes


SUBJECT = ", ".join(SubjectRow._fields)
PAYLOAD = ", ".join(PayloadRow._fields)
ERASURE = ", ".join(ErasureRow._fields)


class VaultReading(Protocol):
    """What a snapshot tells of the vault."""

    def vault_check(self) -> bytes | None:
        """Return what the vault's key must give, or None if nothing was ever put in."""

    def find_subject(
        self, *, lookup: bytes | None = None, ref: str | None = None
    ) -> SubjectRow | None:
        """Return the subject with this lookup or name, or None."""

    def subjects(self) -> Iterator[SubjectRow]:
        """Give all subjects."""

    def find_payload(self, commitment: bytes) -> PayloadRow | None:
        """Return a sealed payload, if it is there."""

    def commitments(self) -> Iterator[bytes]:
        """Give the commitments of all sealed payloads."""

    def erasures(self) -> list[ErasureRow]:
        """Return the erasures that are not finished, oldest first."""


class VaultWriting(VaultReading, Protocol):
    """What may be done to the vault inside a transaction."""

    def hold_vault(self, *, alone: bool) -> None:
        """Keep erasures out until the transaction ends; `alone`, writers of payloads too."""

    def set_vault_check(self, check: bytes) -> None:
        """Remember what the vault's key must give, unless that is known already."""

    def add_subject(self, row: SubjectRow) -> None:
        """Add a subject, unless there is one with this lookup."""

    def rewrap(self, check: bytes, rows: Sequence[SubjectRow]) -> None:
        """Replace what the vault's key must give, and subjects' wrapped keys by their name."""

    def add_payloads(self, rows: Sequence[PayloadRow]) -> None:
        """Store sealed payloads; one that is there already stays."""

    def forget_subject(self, ref: str) -> int:
        """Delete a subject's key and payloads, and return how many payloads that were."""

    def forget_payloads(self, commitments: Sequence[bytes]) -> None:
        """Delete sealed payloads."""

    def add_erasure(self, row: ErasureRow) -> None:
        """Remember that the traces of an erasure are to be scrubbed."""

    def finish_erasures(self, numbers: Sequence[int]) -> None:
        """Forget erasures, by their entry's number, whose traces were scrubbed."""


class VaultStatements(VaultWriting, Statements):
    """The statements, the same for every database."""

    @override
    def vault_check(self) -> bytes | None:
        found = self.all("SELECT key_check FROM vault")
        return bytes(found[0][0]) if found else None

    @override
    def find_subject(
        self, *, lookup: bytes | None = None, ref: str | None = None
    ) -> SubjectRow | None:
        column, value = ("lookup", lookup) if ref is None else ("ref", ref)
        found = self.all(f"SELECT {SUBJECT} FROM subjects WHERE {column} = ?", (value,))
        return SubjectRow(*found[0]) if found else None

    @override
    def subjects(self) -> Iterator[SubjectRow]:
        yield from map(
            SubjectRow._make, self.stream(f"SELECT {SUBJECT} FROM subjects ORDER BY ref", ())
        )

    @override
    def find_payload(self, commitment: bytes) -> PayloadRow | None:
        query = f"SELECT {PAYLOAD} FROM payloads WHERE commitment = ?"
        found = self.all(query, (commitment,))
        return PayloadRow(*found[0]) if found else None

    @override
    def commitments(self) -> Iterator[bytes]:
        query = "SELECT commitment FROM payloads ORDER BY commitment"
        yield from (bytes(row[0]) for row in self.stream(query, ()))

    @override
    def erasures(self) -> list[ErasureRow]:
        return [
            ErasureRow(*row) for row in self.all(f"SELECT {ERASURE} FROM erasures ORDER BY seq")
        ]

    @override
    def set_vault_check(self, check: bytes) -> None:
        insert = "INSERT INTO vault (id, key_check) VALUES (0, ?) ON CONFLICT (id) DO NOTHING"
        self.run(insert, (check,))

    @override
    def add_subject(self, row: SubjectRow) -> None:
        insert = (
            f"INSERT INTO subjects ({SUBJECT}) VALUES (?, ?, ?) ON CONFLICT (lookup) DO NOTHING"
        )
        self.run(insert, row)

    @override
    def rewrap(self, check: bytes, rows: Sequence[SubjectRow]) -> None:
        self.run("UPDATE vault SET key_check = ?", (check,))
        values = [(row.wrapped, row.ref) for row in rows]
        self.many("UPDATE subjects SET wrapped = ? WHERE ref = ?", values)

    @override
    def add_payloads(self, rows: Sequence[PayloadRow]) -> None:
        self.many(
            f"INSERT INTO payloads ({PAYLOAD}) VALUES (?, ?, ?) ON CONFLICT (commitment) DO NOTHING",
            rows,
        )

    @override
    def forget_subject(self, ref: str) -> int:
        gone = self.run("DELETE FROM payloads WHERE subject = ?", (ref,)).rowcount
        self.run("DELETE FROM subjects WHERE ref = ?", (ref,))
        return int(gone)

    @override
    def forget_payloads(self, commitments: Sequence[bytes]) -> None:
        self.many("DELETE FROM payloads WHERE commitment = ?", [(one,) for one in commitments])

    @override
    def add_erasure(self, row: ErasureRow) -> None:
        self.run(f"INSERT INTO erasures ({ERASURE}) VALUES (?, ?, ?, ?, ?, ?)", row)

    @override
    def finish_erasures(self, numbers: Sequence[int]) -> None:
        self.many("DELETE FROM erasures WHERE seq = ?", [(one,) for one in numbers])
