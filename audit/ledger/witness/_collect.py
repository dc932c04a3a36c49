"""Have a ledger's published checkpoint cosigned by all witnesses of a policy."""

from dataclasses import dataclass

from audit.core.errors import EvidenceError
from audit.documents import Checkpoint
from audit.ledger._ledger import Ledger
from audit.ledger._outside import COSIGNATURE
from audit.ledger._policy import LogPolicy
from audit.ledger.tiles import TileStore, read_tiled
from audit.ledger.witness._client import Post, ask_witness

_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Cosigning:
    """The note with all cosignatures so far, and why some witnesses did not answer."""

    note: bytes
    cosigned: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def collect_cosignatures(
    ledger: Ledger, store: TileStore, policy: LogPolicy, *, post: Post
) -> Cosigning:
    """Ask every witness of the policy, keep what they say, and publish it with the tiles.

    Raises:
        VerificationError: a witness saw another history of this log.
        EvidenceError: nothing is published, or the ledger does not have what is.
    """
    published, tree = read_tiled(store, vkeys=[str(key) for key in policy.logs])
    checkpoint = _stored(ledger, published)
    cosigned: list[str] = []
    failed: list[tuple[str, str]] = []
    for witness in policy.witnesses.values():
        try:
            line = ask_witness(witness, checkpoint, tree, post=post)
        except EvidenceError as exc:
            failed.append((witness.name, str(exc)))
            continue
        ledger.attach(checkpoint, COSIGNATURE, line.encode() + b"\n")
        cosigned.append(witness.name)
    note = ledger.cosigned_note(checkpoint)
    store.publish(_CHECKPOINT, note)
    return Cosigning(note, tuple(cosigned), tuple(failed))


def _stored(ledger: Ledger, published: Checkpoint) -> Checkpoint:
    for one in reversed(ledger.checkpoints()):
        if published.note.startswith(one.note):
            return one
    raise EvidenceError(f"{ledger.url} does not have the checkpoint over {published.size} entries")
