"""Where and when a signature was seen, and whether everything that vouches counted then."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from audit.core.clock import Clock
from audit.sign._dsse import Envelope
from audit.sign._timestamp import verify_timestamps
from audit.sign.bundle._parse import Bundle
from audit.sign.certificate import issuer_of, verify_sct
from audit.sign.keys import PublicKey
from audit.sign.log import Signed, VerifiedEntry, compare_body, verify_entry
from audit.sign.trust import TrustedRoot

SKEW = timedelta(minutes=5)
"""How far two clocks may differ before one of them lies."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """The log that holds a signature, and where in it."""

    log_id: str
    base_url: str
    index: int
    proved: bool
    """Whether inclusion was proved, rather than promised."""


@dataclass(frozen=True, slots=True)
class Times:
    """What is asked of the times of a signature."""

    root: TrustedRoot
    clock: Clock = field(repr=False)
    needs_time: bool


def check_log(
    bundle: Bundle,
    asked: Times,
    *,
    key: PublicKey,
    certificate: x509.Certificate | None,
    digest: str,
) -> tuple[LogRecord, tuple[datetime, ...]]:
    """Check log entry, timestamps and certificate against the trusted root.

    Raises:
        ValueError: one of them does not hold, with the reason.
    """
    if bundle.entry is None:
        raise ValueError("there is no log entry")
    entry = verify_entry(bundle.entry, asked.root)
    compare_body(bundle.entry, _signed(bundle, key, certificate, digest))
    times = [*verify_timestamps(bundle.timestamps, bundle.signature, asked.root)]
    if entry.integrated is not None:
        times.append(entry.integrated)
    if asked.needs_time and not times:
        raise ValueError("nobody who is trusted vouches for the time of the signature")
    now = datetime.fromtimestamp(asked.clock() / 1e9, UTC)
    # Nobody may have said when a key signed; then the log must count now.
    seen = sorted(set(times)) or [now]
    for when in seen:
        _at(when, now, entry, certificate)
    if certificate is not None:
        issuer = issuer_of(certificate, asked.root, seen)
        verify_sct(certificate, issuer, asked.root, latest=seen[0] + SKEW)
    record = LogRecord(entry.log.log_id.hex(), entry.log.base_url, entry.index, entry.proved)
    return record, tuple(sorted(times))


def _at(
    when: datetime, now: datetime, entry: VerifiedEntry, certificate: x509.Certificate | None
) -> None:
    if when > now + SKEW:
        raise ValueError(f"the time {when.isoformat()} has not come yet")
    if not entry.log.window.holds(when):
        raise ValueError(f"the log {entry.log.base_url} did not count at {when.isoformat()}")
    if certificate is None:
        return
    if not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc:
        raise ValueError(f"the certificate was not valid at {when.isoformat()}")


def _signed(
    bundle: Bundle, key: PublicKey, certificate: x509.Certificate | None, digest: str
) -> Signed:
    verifier = certificate.public_bytes(Encoding.DER) if certificate else key.spki
    content = bundle.content
    if not isinstance(content, Envelope):
        hashed = {"sha256": bytes.fromhex(digest.removeprefix("sha256:"))}
        return Signed(content.signature, verifier, certificate is not None, hashed, None)
    message = content.signed_bytes
    hashed = {name: hashlib.new(name, message).digest() for name in key.log_hashes}
    payload = content.payload
    return Signed(content.signature, verifier, certificate is not None, hashed, payload)
