"""Verify an evidence pack: with the program it brings, and with what needs more than that.

A pack is judged under the reader's policy. The one it brings is only what its
maker went by; nothing is trusted for standing in a pack.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from audit.core import standalone
from audit.core.clock import Clock, now_ns
from audit.core.errors import ConfigError, QuorumMissing, VerificationError
from audit.documents import AnchorVerifier, LedgerEntry, PackManifest, ReceiptRecord
from audit.ledger._leaf import read_leaf
from audit.ledger._outside import describe
from audit.ledger._policy import CountedCheckpoint, parse_policy
from audit.ledger.pack._anchored import verify_anchors
from audit.ledger.pack._question import Question


@dataclass(frozen=True, slots=True)
class PackTrust:
    """Whom a reader trusts besides his policy's log and witnesses.

    With `receipt_key`, a public key in PEM, the receipts must be signed by it.
    With `anchors`, somebody whose word counts must have made an anchor.
    """

    receipt_key: str | None = None
    anchors: AnchorVerifier | None = None


@dataclass(frozen=True, slots=True)
class VerifiedPack:
    """A pack that holds: its members, the checkpoint that counts, and what to say of it."""

    members: dict[str, bytes]
    manifest: PackManifest
    counted: CountedCheckpoint
    holds: tuple[str, ...]

    def entries(self) -> Iterator[LedgerEntry]:
        """Give the entries that are in the pack, in order."""
        for line in _lines(self.members["entries.jsonl"]):
            yield read_leaf(line)

    def find_receipt(self, receipt_id: str) -> ReceiptRecord | None:
        """Return the receipt of an id, if it is in the pack."""
        name = f"receipts/{receipt_id}.json"
        data = self.members.get(name)
        return None if data is None else ReceiptRecord.read(data, source=name)

    def check_question(self, question: Question) -> None:
        """Return if the pack answers `question` and no other.

        Raises:
            VerificationError: it answers another one.
        """
        asked = (question.from_ns, question.until_ns, question.subjects)
        answered = (self.manifest.from_ns, self.manifest.until_ns, self.manifest.subjects)
        if asked != answered:
            raise VerificationError(
                "the pack answers another question: its period or its subjects differ from yours"
            )


def verify_pack(
    data: bytes,
    policy: bytes,
    *,
    source: str,
    trust: PackTrust = PackTrust(),
    clock: Clock = now_ns,
) -> VerifiedPack:
    """Return what a pack holds under the reader's policy; `source` names it in errors.

    Raises:
        VerificationError: the first thing that does not hold.
        QuorumMissing: all holds, but too few witnesses cosigned the checkpoint.
        ConfigError: not a policy.
    """
    read = parse_policy(policy, source="the policy")
    text = policy.decode("utf-8", "surrogateescape")
    try:
        holds = standalone.verify_pack(data, text, trust.receipt_key, _programs())
        members = standalone.read_archive(data)
        manifest = PackManifest.read(members["manifest.json"], source="manifest.json")
        _check_documents(members)
    except standalone.Undecided as exc:
        raise QuorumMissing(f"{source}: {exc}") from exc
    except (ConfigError, *standalone.REFUSED) as exc:
        raise VerificationError(f"{source}: {exc}") from exc
    counted = read.count(members["checkpoint"], now_ns=clock())
    if trust.anchors is not None:
        words = verify_anchors(members, trust.anchors)
        holds += [f"anchored: the first {one.size} entries, {describe(one)}" for one in words]
    return VerifiedPack(members, manifest, counted, tuple(holds))


def _check_documents(members: dict[str, bytes]) -> None:
    """Return if entries and receipts are documents of ours in their one spelling.

    Raises:
        ValueError, ConfigError: one is not.
    """
    for line in _lines(members["entries.jsonl"] + members["edges.jsonl"]):
        read_leaf(line)
    for name, data in members.items():
        if (
            name.startswith("receipts/")
            and ReceiptRecord.read(data, source=name).canonical() != data
        ):
            raise ValueError(f"{name} is not in canonical form")


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1]


def _programs() -> dict[str, set[str]]:
    """Return the digests of the programs and pages that a pack may bring, by member."""
    texts = standalone.FIXED_FILES | {"verify.py": standalone.program()}
    return {
        name: {"sha256:" + hashlib.sha256(text.encode()).hexdigest()}
        for name, text in texts.items()
    }
