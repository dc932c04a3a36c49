"""Log entries in a bundle: parsed, and proved to be in a log that is trusted.

The rules:

* An entry proves that these bytes were logged. What they say about the signature is
  compared with the signature itself (`_body.py`).
* The proof's index and size are the checkpoint's; a path that fits several trees
  cannot be claimed for another one.
* The time of an entry counts only with the log's own signature over it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from audit.core.canonical import canonical_bytes
from audit.sign import _base64
from audit.sign._fields import Fields
from audit.sign.log._checkpoint import verify_checkpoint
from audit.sign.log._merkle import leaf_hash, root_of
from audit.sign.trust import LogKey, TrustedRoot

MAX_PROOF = 64
MAX_BODY = 1 << 20
KINDS = frozenset(
    {
        ("hashedrekord", "0.0.1"),
        ("hashedrekord", "0.0.2"),
        ("dsse", "0.0.1"),
        ("dsse", "0.0.2"),
    }
)


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an entry lies in its tree, as it is claimed."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry as a bundle has it; nothing in it has been verified."""

    index: int
    log_id: bytes
    kind: tuple[str, str]
    integrated: int
    promise: bytes | None
    proof: Proof | None
    body: bytes


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry that a trusted log holds, or has promised to."""

    log: LogKey
    index: int
    """In the tree of the log that the proof is about; the promised one without a proof."""
    integrated: datetime | None
    """When, if the log signed that."""
    proved: bool
    """Whether inclusion was proved, rather than promised."""


def parse_entry(item: Fields) -> Entry:
    """Read one entry of a bundle.

    Raises:
        ValueError: malformed, or of a kind that is not read.
    """
    log_id = item.object("logId")
    version = item.object("kindVersion")
    kind = (version.text("kind"), version.text("version"))
    if kind not in KINDS:
        raise ValueError(
            f"{item.path('kindVersion')} is {kind[0][:40]!r} {kind[1][:40]!r}, not read"
        )
    promise = None
    if "inclusionPromise" in item:
        inner = item.object("inclusionPromise")
        promise = inner.data("signedEntryTimestamp")
        inner.done()
    proof = _proof(item.object("inclusionProof")) if "inclusionProof" in item else None
    entry = Entry(
        index=item.number("logIndex"),
        log_id=log_id.data("keyId"),
        kind=kind,
        integrated=item.number("integratedTime"),
        promise=promise,
        proof=proof,
        body=item.data("canonicalizedBody"),
    )
    for fields in (log_id, version, item):
        fields.done()
    if len(entry.body) > MAX_BODY:
        raise ValueError(f"{item.path('canonicalizedBody')} is too long")
    return entry


def _proof(item: Fields) -> Proof:
    note = item.object("checkpoint")
    hashes = []
    for at, text in enumerate(item.items("hashes", most=MAX_PROOF)):
        try:
            hashes.append(_base64.decode(text))
        except ValueError as exc:
            raise ValueError(f"{item.path('hashes')}.{at} is {exc}") from exc
    proof = Proof(
        item.number("logIndex"),
        item.number("treeSize"),
        item.data("rootHash"),
        tuple(hashes),
        note.text("envelope"),
    )
    note.done()
    item.done()
    return proof


def verify_entry(entry: Entry, root: TrustedRoot) -> VerifiedEntry:
    """Prove that a trusted log holds `entry`, or has promised to.

    Raises:
        ValueError: it is not so, with the reason.
    """
    log = root.log(entry.log_id)
    if log is None:
        raise ValueError(f"the log {entry.log_id[:32].hex()} is not in {root.source}")
    tiled = entry.kind[1] == "0.0.2"
    if tiled and (entry.proof is None or entry.promise is not None or entry.integrated):
        raise ValueError("an entry of a tiled log has a proof, and no promise or time")
    if not tiled and entry.promise is None:
        raise ValueError("the log did not promise to hold the entry, nor say when it got it")
    integrated = _promised(entry, log) if entry.promise is not None else None
    if entry.proof is None:
        return VerifiedEntry(log, entry.index, integrated, proved=False)
    _included(entry, entry.proof, log)
    if tiled and entry.index != entry.proof.index:
        raise ValueError("the log entry has two indexes")
    if entry.index < entry.proof.index:
        raise ValueError("the log entry's index is below the one in its tree")
    return VerifiedEntry(log, entry.proof.index, integrated, proved=True)


def _included(entry: Entry, proof: Proof, log: LogKey) -> None:
    checkpoint = verify_checkpoint(proof.checkpoint, log)
    if checkpoint.size != proof.size:
        raise ValueError(
            f"the inclusion proof is for {proof.size} entries, the checkpoint for {checkpoint.size}"
        )
    found = root_of(proof.index, proof.size, leaf_hash(entry.body), proof.hashes)
    if not found == proof.root == checkpoint.root:
        raise ValueError("the inclusion proof does not lead to the checkpoint's root")


def _promised(entry: Entry, log: LogKey) -> datetime:
    promised = canonical_bytes(
        {
            "body": _base64.encode(entry.body),
            "integratedTime": entry.integrated,
            "logID": entry.log_id.hex(),
            "logIndex": entry.index,
        }
    )
    if entry.promise is None or not log.verifies(entry.promise, promised):
        raise ValueError("the promise of inclusion is not signed by the log")
    return datetime.fromtimestamp(entry.integrated, UTC)
