"""Anchors by a private Sigstore in memory, at a time that the tests choose."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from audit.documents import AnchorKind, AnchorWord
from audit.sign import parse_trusted_root
from audit.sign.anchor import AnchorTrust
from tests.sigstack import Stack
from tests.sigstack.merkle import b64
from tests.sigstack.stack import Signer


@dataclass
class Anchors:
    """A timestamp authority and a log; `now` is their time in UTC seconds."""

    now: int
    seed: str = "anchors"
    stack: Stack = field(init=False)

    def __post_init__(self) -> None:
        self.stack = Stack(seed=self.seed, now=self._time)

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    @property
    def trust(self) -> AnchorTrust:
        """Whoever takes their word, with a clock that is theirs."""
        data = json.dumps(self.stack.trusted_root()).encode()
        return AnchorTrust(parse_trusted_root(data, source="root"), lambda: self.now * 10**9)

    @property
    def makers(self) -> list["Maker"]:
        return [Maker(self, kind) for kind in AnchorKind]

    def timestamp(self, note: bytes) -> bytes:
        return self.stack.tsa.stamp(note, self._time())

    def log(self, note: bytes) -> bytes:
        """Return a bundle as `LogMaker` writes it."""
        signer: Signer = Signer(self.stack.signer("anchor").key)
        digest, signature = hashlib.sha256(note).digest(), signer.sign(note)
        entry = self.stack.entry_v2(self.stack.body_rekord_v2(digest, signature, signer))
        value = self.stack.artifact_bundle(digest, 2, signature=signature, signer=signer)
        value["verificationMaterial"] = {
            "publicKey": {"hint": b64(digest)},
            "tlogEntries": [entry],
        }
        return json.dumps(value).encode()


@dataclass(frozen=True)
class Maker:
    """One service of `Anchors`."""

    anchors: Anchors
    kind: AnchorKind
    place: str = "memory"

    def make(self, note: bytes) -> tuple[bytes, AnchorWord]:
        data = getattr(self.anchors, self.kind.value)(note)
        word = self.anchors.trust.verify(self.kind, data, note)
        assert word is not None
        return data, word
