"""Which arm serves a request: a keyed hash of its id.

    HMAC-SHA256(key, "lastmile-audit/arm/v1" 0x00 id), first eight bytes, modulo 10^6,
    is below percent * 10^4  ->  canary

Ids come from clients. Taking digits of the id itself lets a client choose its arm,
and sends all traffic of a moment to one arm where ids begin with a time.
"""

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import Arm

_DOMAIN = b"lastmile-audit/arm/v1\x00"
_PARTS = 10**6
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ArmKey:
    """The key that decides arms; `id` names it and gives nothing of it away."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The first 16 hex digits of a digest of the key."""
        return hashlib.sha256(_DOMAIN + b"id\x00" + self.secret).hexdigest()[:16]

    def arm(self, request_id: str, percent: Decimal) -> Arm:
        """Return the arm that serves a request when the canary has `percent` of a hundred."""
        digest = hmac.digest(self.secret, _DOMAIN + request_id.encode(), "sha256")
        part = int.from_bytes(digest[:8], "big") % _PARTS
        return Arm.CANARY if part < percent * (_PARTS // 100) else Arm.STABLE


def read_arm_key(path: Path) -> ArmKey:
    """Return the key in a file: 64 hex digits, readable by its owner alone.

    Raises:
        InputMissing: not there or not readable.
        ConfigError: others can read it, or it is not 64 hex digits.
    """
    text = read_bounded(path, limit=1024).strip()
    if stat.S_IMODE(os.stat(path).st_mode) & (stat.S_IRWXG | stat.S_IRWXO):  # noqa: PTH116
        raise ConfigError(f"{path}: others can read this key", hint=f"chmod 600 {path}")
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise ConfigError(f"{path}: not 64 hex digits", hint="openssl rand -hex 32")
    return ArmKey(secret)
