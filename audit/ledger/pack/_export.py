"""Make an evidence pack: the same ledger and question give the same bytes.

Everything in it comes from tiles that make the root of a checkpoint which counts
under the policy. The pack is verified, with the program it brings, before it is given out.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.errors import ChainBroken, UsageError
from audit.core.standalone import (
    FIXED_FILES,
    MAX_PROOFS,
    program,
    tile_name,
    tiles_needed,
    write_archive,
)
from audit.documents import Checkpoint, PackManifest, ReceiptRecord
from audit.ledger._ledger import Ledger
from audit.ledger._policy import parse_policy
from audit.ledger._proof import TlogProof
from audit.ledger.pack._anchored import anchor_members
from audit.ledger.pack._question import Question, Selection, select
from audit.ledger.pack._verify import verify_pack
from audit.ledger.tiles import (
    TiledTree,
    TileFolder,
    TileStore,
    export_tiles,
    published_minimum,
)
from audit.ledger.tiles._layout import Tile

FindReceipt = Callable[[str], ReceiptRecord | None]


@dataclass(frozen=True, slots=True)
class PackRequest:
    """What to put into a pack, and from where.

    `policy` says whose checkpoints count. Without `tiles` they are made for
    the purpose. `find_receipt` gives the receipt of an id, as much of it as may be handed out.
    """

    question: Question
    policy: bytes
    tiles: TileStore | None = None
    find_receipt: FindReceipt | None = None
    trusted: Mapping[str, bytes] = field(default_factory=dict)
    """Whose anchors the maker counts, by the names of members."""


@dataclass(frozen=True, slots=True)
class ExportedPack:
    """A pack, what it holds, and what it does not."""

    data: bytes
    manifest: PackManifest
    checkpoint: Checkpoint
    later: int
    """How many entries the ledger has that the checkpoint is not over."""

    @property
    def digest(self) -> str:
        """The digest of the whole file."""
        return "sha256:" + hashlib.sha256(self.data).hexdigest()


def export_pack(ledger: Ledger, request: PackRequest) -> ExportedPack:
    """Return the pack that answers a question, once it verifies.

    Raises:
        QuorumMissing, SignatureMismatch: no stored checkpoint counts under the policy.
        ChainBroken, VerificationError: the ledger or the tiles are not what was signed.
        EvidenceError: a tile is missing, or the period may reach into what expired.
        UsageError: more than a pack can hold.
    """
    policy = parse_policy(request.policy, source="the policy of the pack")
    checkpoint = ledger.counted(policy).checkpoint
    later = ledger.size() - checkpoint.size
    with _tiles(ledger, checkpoint, request.tiles) as store:
        tree = TiledTree(store, checkpoint.size)
        if tree.root().hex() != checkpoint.root:
            raise ChainBroken(0, f"or a later one is not what the tiles of {tree.size} hold")
        selection = select(tree, request.question, minimum=published_minimum(store))
        members = _members(tree, selection, checkpoint, request)
        anchors = anchor_members(ledger, tree, policy, selection.end)
    if anchors:
        members |= anchors | dict(request.trusted)
    manifest = _manifest(request.question, selection, members)
    members["manifest.json"] = manifest.canonical()
    try:
        data = write_archive(members)
    except ValueError as exc:
        raise UsageError(str(exc), hint="ask for a shorter period or a subject") from exc
    verify_pack(data, request.policy, source="the new pack")
    return ExportedPack(data, manifest, checkpoint, later)


@contextlib.contextmanager
def _tiles(ledger: Ledger, checkpoint: Checkpoint, given: TileStore | None) -> Iterator[TileStore]:
    """Give the published tiles, or make those of the checkpoint, which are gone afterwards."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="audit-pack-") as folder:
        made = TileFolder(Path(folder))
        export_tiles(ledger, made, checkpoint=checkpoint)
        yield made


def _members(
    tree: TiledTree, selection: Selection, checkpoint: Checkpoint, request: PackRequest
) -> dict[str, bytes]:
    note = checkpoint.note.encode()
    first, end = selection.first, selection.end
    members = {name: content.encode() for name, content in FIXED_FILES.items()}
    members |= {
        "verify.py": program().encode(),
        "policy": request.policy,
        "checkpoint": note,
        "entries.jsonl": _lines(selection.leaves.values()),
        "edges.jsonl": _lines(
            tree.leaf(number) for number in (first - 1, end) if 0 <= number < tree.size
        ),
    }
    for (level, index), width in tiles_needed(tree.size, first, end).items():
        members[tile_name(level, index, width)] = tree.hashes(Tile(level, index, width))
    if len(selection.selected) <= MAX_PROOFS:
        for number in selection.selected:
            proof = TlogProof(number, tuple(tree.inclusion(number)), note)
            members[f"proofs/{number}.tlog-proof"] = proof.write()
    for receipt_id, digest in selection.receipts.items() if request.find_receipt else ():
        record = request.find_receipt(receipt_id) if request.find_receipt else None
        if record is not None and record.signed.receipt.document_digest() == digest:
            members[f"receipts/{receipt_id}.json"] = record.canonical()
    return members


def _lines(leaves: Iterable[bytes]) -> bytes:
    return b"".join(leaf + b"\n" for leaf in leaves)


def _manifest(question: Question, selection: Selection, members: dict[str, bytes]) -> PackManifest:
    return PackManifest(
        from_ns=question.from_ns,
        until_ns=question.until_ns,
        subjects=question.subjects,
        first=selection.first,
        end=selection.end,
        whole=selection.whole,
        selected=len(selection.selected),
        members={
            name: "sha256:" + hashlib.sha256(data).hexdigest() for name, data in members.items()
        },
    )
