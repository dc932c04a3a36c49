"""Expiry: whole partitions, below an index that the log signs, recorded by an entry.

The rules:

* Only what the policy no longer keeps expires: older than its calendar months,
  counted back from the last entry's time or from now, whichever is earlier. A clock
  that runs ahead expires nothing by itself.
* Only what a checkpoint by the log's key covers, and only of a ledger that verifies.
* The last entry always stays, and so does every leaf hash.
* Payloads of expired entries go with them.
* One transaction: entry, signed minimum index, hashes, and the entries' end.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from audit.core.clock import Clock
from audit.core.errors import UsageError
from audit.core.progress import Progress
from audit.documents import Event, ExpiryReceipt, NoteSigner, RetentionPlan, leaf_hash
from audit.ledger._leaf import as_pending, read_leaf
from audit.ledger._merkle import Frontier
from audit.ledger._minimum import (
    EXPIRED,
    TILE,
    MinimumIndex,
    kept_hashes,
    minimum_of,
    sign_minimum,
    stub_rows,
)
from audit.ledger._verify import read_rows, verify_snapshot
from audit.ledger.retention._months import months_before
from audit.ledger.retention._policy import LoadedRetention
from audit.ledger.store._append import append_directly
from audit.ledger.store._retention_rows import ExpiryRow
from audit.ledger.store._rows import EntryRow, Snapshot, Store, Writing
from audit.ledger.vault import named_payload

_AT_ONCE = 64 * TILE


def plan_expiry(
    snapshot: Snapshot, policy: LoadedRetention, *, now_ns: int, covered: int | None = None
) -> RetentionPlan:
    """Return what the policy keeps and what could expire now; nothing is changed.

    `covered` entries are under a checkpoint, and no others expire; without it,
    the largest stored checkpoint counts, whoever signed it.
    """
    head, minimum = snapshot.head(), minimum_of(snapshot)
    if covered is None:
        covered = max((row.size for row in snapshot.checkpoints()), default=0)
    cutoff = months_before(min(now_ns, head.last_ns), policy.months)
    kept_from = _first_from(snapshot, cutoff, minimum, head.size)
    unit = math.lcm(snapshot.partition_size(), TILE)
    below = min(kept_from, covered, max(head.size - 1, 0)) // unit * unit
    return RetentionPlan(
        policy=policy.ref,
        keep_months=policy.months,
        cutoff_ns=cutoff,
        size=head.size,
        minimum=minimum,
        kept_from=kept_from,
        covered=covered,
        partition=unit,
        below=max(below, minimum),
    )


@dataclass(frozen=True, slots=True)
class Expirer:
    """Expires entries of a ledger under a policy; `signer` is the log's key.

    `trusted` are further keys of this log whose checkpoints and expiries count.
    """

    store: Store
    clock: Clock
    policy: LoadedRetention
    signer: NoteSigner
    trusted: tuple[str, ...] = ()

    def run(self, *, below: int | None, progress: Progress) -> ExpiryReceipt:
        """Expire what the policy no longer keeps, or of that only what lies below `below`.

        Raises:
            UsageError: the policy keeps an entry below `below`, or no partition ends there.
            ChainBroken: the ledger does not verify; nothing expired.
            LedgerUnavailable: this user of the database may not; or what expired is not
                scrubbed yet, and the same call does that.
        """
        self.store.check_may_scrub()
        vkeys = (self.signer.vkey, *self.trusted)
        with self.store.reading() as snapshot:
            found = verify_snapshot(snapshot, vkeys=vkeys, outside=(), progress=progress)
        with self.store.writing() as writing:
            writing.hold_vault(alone=True)
            now_ns = self.clock()
            plan = plan_expiry(writing, self.policy, now_ns=now_ns, covered=found.covered)
            wanted = plan.below if below is None else _allowed(plan, below)
            row = self._expire(writing, plan, wanted) if wanted > plan.minimum else None
            note = writing.expiries()[-1].note.decode() if row else None
        if wanted:
            self.store.scrub()
        return ExpiryReceipt(
            policy=plan.policy,
            cutoff_ns=plan.cutoff_ns,
            minimum=wanted,
            expired=wanted - plan.minimum,
            entry=str(row.seq) if row else None,
            entry_hash=row.leaf_hash.hex() if row else None,
            note=note,
        )

    def _expire(self, writing: Writing, plan: RetentionPlan, below: int) -> EntryRow:
        """Do it, inside the transaction, and return the entry that records it."""
        tree = Frontier()
        for one in kept_hashes(writing, plan.minimum):
            tree.add(one)
        for rows in _parts(writing, plan.minimum, below):
            hashes = [leaf_hash(row.leaf) for row in rows]
            for one in hashes:
                tree.add(one)
            writing.add_stubs(stub_rows(rows[0].seq, hashes))
            writing.forget_payloads(_commitments(rows))
        ref = plan.policy
        policy = (ref.id, ref.version, ref.digest)
        new = MinimumIndex(self.signer.name, below, tree.root(), plan.size, policy)
        facts = {
            **new.facts(),
            "cutoff_ns": str(plan.cutoff_ns),
            "keep_months": plan.keep_months,
            "previous_minimum": str(plan.minimum),
        }
        event = as_pending(Event(type=EXPIRED, facts=facts))
        (row,) = append_directly(writing, [event], self.clock)
        number, note = len(writing.expiries()), sign_minimum(new, self.signer)
        writing.add_expiry(ExpiryRow(number, below, self.signer.vkey, note))
        writing.drop_below(below)
        return row


def _allowed(plan: RetentionPlan, below: int) -> int:
    if below > plan.below:
        raise UsageError(
            f"entries from {plan.below} on do not expire: the policy {plan.policy.id} keeps those "
            f"from {plan.kept_from} on, a checkpoint covers {plan.covered}, and partitions are of "
            f"{plan.partition}",
            hint="see what can expire: audit ledger retention show --help",
        )
    if below < plan.minimum or below % plan.partition:
        raise UsageError(f"no partition of {plan.partition} entries that is kept ends at {below}")
    return below


def _parts(writing: Writing, start: int, below: int) -> Iterator[list[EntryRow]]:
    """Give the entries from `start` to before `below`, some at a time, no query left open."""
    for first in range(start, below, _AT_ONCE):
        count = min(_AT_ONCE, below - first)
        rows = writing.rows(start=first, subject=None, type_=None)
        part = [row for row, _ in zip(read_rows(rows), range(count), strict=False)]
        rows.close()
        yield part


def _commitments(rows: list[EntryRow]) -> list[bytes]:
    """Return the commitments of the payloads that belong to entries."""
    entries = (read_leaf(row.leaf) for row in rows if b'"payload":{' in row.leaf)
    named = (named_payload(entry) for entry in entries)
    return [one[0] for one in named if one is not None]


def _first_from(snapshot: Snapshot, cutoff: int, low: int, high: int) -> int:
    """Return the number of the first entry that is not older than `cutoff`, by halving."""
    while low < high:
        middle = (low + high) // 2
        rows = snapshot.rows(start=middle, subject=None, type_=None)
        row = next(read_rows(rows))
        rows.close()
        low, high = (middle + 1, high) if row.ts_ns < cutoff else (low, middle)
    return low
