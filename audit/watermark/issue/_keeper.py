"""Keeping the key current: an epoch ends, and the next one begins by itself.

The registry file is written before the first response of an epoch, so that no
text ever carries a mark whose key nobody can look up.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.clock import Clock, now_ns
from audit.core.files import read_bounded, write_whole
from audit.documents import KeyRegistry, MarkProfile, RegisteredKey
from audit.watermark._engine_keys import write_engine_key
from audit.watermark._keys import RootKey, derive_epoch, derive_registered
from audit.watermark._receipts import ReceiptSigner
from audit.watermark._registry import add_key, current_key
from audit.watermark.examine import Tokenizer, tokenizer_digest
from audit.watermark.issue._issue import Issuer

DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The release whose answers are marked, and the engine that gives them."""

    model_id: str
    model_digest: str
    engine: str
    tokenizer: Tokenizer
    profile: MarkProfile


@dataclass(slots=True)
class KeyKeeper:
    """Gives the issuer of the moment; safe to ask from any thread."""

    registry_file: Path
    root: RootKey
    signer: ReceiptSigner
    release: ServedModel
    epoch_days: int = 7
    engine_keys: Path | None = None
    """Where the engine finds the key of each epoch, when it marks by itself."""
    clock: Clock = now_ns
    _issuer: Issuer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issuer(self) -> Issuer:
        """Return the issuer whose key counts now; a new epoch is registered first.

        Raises:
            ConfigError: the registry is no registry, or of another root.
            StorageFailed: a new epoch cannot be registered.
        """
        with self._lock:
            now = self.clock()
            if self._issuer is None or not self._issuer.line.counts_at(now):
                self._issuer = self._next(now)
            return self._issuer

    def registry(self) -> KeyRegistry:
        """Return the registry as it is on disk; empty when there is none yet."""
        if not self.registry_file.exists():
            return KeyRegistry(keys=())
        return KeyRegistry.read(read_bounded(self.registry_file), source=str(self.registry_file))

    def _next(self, now: int) -> Issuer:
        registry = self.registry()
        line = current_key(registry, self.release.model_digest, now)
        digest = tokenizer_digest(self.release.tokenizer)
        fits = line is not None and (line.tokenizer_digest, line.profile) == (
            digest,
            self.release.profile,
        )
        if line is None or not fits:
            line = self._line(now, digest)
            with write_whole(self.registry_file) as file:
                file.write(add_key(registry, line).model_dump_json(indent=2).encode() + b"\n")
        keys = derive_registered(self.root, line)
        if self.engine_keys is not None:
            write_engine_key(self.engine_keys, line, keys)
        release = self.release
        return Issuer(line, keys, self.signer, release.tokenizer, release.engine, self.clock)

    def _line(self, now: int, digest: str) -> RegisteredKey:
        epoch = str(now // 10**9)  # the second it begins: unique, and sorts by time
        return RegisteredKey(
            key_id=derive_epoch(self.root, self.release.model_digest, epoch).key_id,
            epoch=epoch,
            model_id=self.release.model_id,
            model_digest=self.release.model_digest,
            tokenizer_digest=digest,
            profile=self.release.profile,
            valid_from_ns=now,
            valid_until_ns=now + self.epoch_days * DAY_NS,
        )


Issuers = Callable[[], Issuer]
"""Returns the issuer of the moment; `KeyKeeper.issuer` is one."""
