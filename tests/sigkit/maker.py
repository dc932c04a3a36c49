"""What the cases of keyless bundles are made with: one stack, one good bundle, one change."""

import base64
import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.sigkit.bundles import OTHER_DIGEST, compact, statement
from tests.sigstack import Stack
from tests.sigstack.merkle import Log, b64
from tests.sigstack.stack import Signer

VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "keyless"
Json = dict[str, Any]
PAYLOAD = compact(statement())
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """One bundle, the root it is verified with, and what the refusal says; empty: it verifies."""

    name: str
    bundle: bytes
    reason: str
    root: Json | None = None


class Maker:
    """Makes the cases of one version of Rekor."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.stack = Stack()
        self.signer = self.stack.signer()
        self.good = self.signed()
        self.other = self.signed(compact(statement(OTHER_DIGEST)), self.stack.signer("other"))

    def signed(self, payload: bytes = PAYLOAD, signer: Signer | None = None, **how: Any) -> Json:
        return self.stack.statement_bundle(
            payload, self.version, signer=signer or self.signer, **how
        )

    def case(
        self, name: str, value: Json | bytes, reason: str = "", root: Json | None = None
    ) -> Case:
        data = value if isinstance(value, bytes) else compact(value)
        return Case(f"v{self.version}-{name}", data, reason, root)

    def changed(self, change: Callable[[Json], object], of: Json | None = None) -> Json:
        value = copy.deepcopy(of or self.good)
        change(value)
        return value

    def certified(self, **wanted: Any) -> Json:
        """Return a bundle by a certificate that differs from what is usual."""
        return self.signed(signer=self.stack.signer(**wanted))

    def root(self, change: Callable[[Json], object]) -> Json:
        value = copy.deepcopy(self.stack.trusted_root())
        change(value)
        return value

    @property
    def log(self) -> Log:
        return self.stack.rekor1 if self.version == 1 else self.stack.rekor2


def material(value: Json) -> Json:
    inner: Json = value["verificationMaterial"]
    return inner


def entry(value: Json) -> Json:
    inner: Json = material(value)["tlogEntries"][0]
    return inner


def proof(value: Json) -> Json:
    inner: Json = entry(value)["inclusionProof"]
    return inner


def stamps(value: Json) -> list[Json]:
    inner: list[Json] = material(value)["timestampVerificationData"]["rfc3161Timestamps"]
    return inner


def signature(value: Json) -> bytes:
    return base64.b64decode(value["dsseEnvelope"]["signatures"][0]["sig"])


def flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[0] ^= 1
    return b64(bytes(data))
