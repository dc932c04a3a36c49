"""Signed certificate timestamps (RFC 6962, 3.2 and 3.3): the certificate is on public record."""

import hashlib
import struct
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.certificate_transparency import (
    LogEntryType,
    SignedCertificateTimestamp,
)

from audit.sign.trust import LogKey, TrustedRoot


def verify_sct(
    leaf: x509.Certificate, issuer: x509.Certificate, root: TrustedRoot, *, latest: datetime
) -> LogKey:
    """Return a trusted log that recorded `leaf` at `latest`.

    Raises:
        ValueError: no trusted log did by then, or a trusted log's timestamp does not verify.
    """
    try:
        found = leaf.extensions.get_extension_for_class(
            x509.PrecertificateSignedCertificateTimestamps
        )
        stamps = list(found.value)
    except x509.ExtensionNotFound as exc:
        raise ValueError("the certificate carries no timestamp of a certificate log") from exc
    except ValueError as exc:
        raise ValueError("the certificate's log timestamps cannot be read") from exc
    if len(stamps) != 1:
        raise ValueError(f"the certificate carries {len(stamps)} log timestamps, not one")
    [stamp] = stamps
    log = next((log for log in root.ct_logs if log.log_id == stamp.log_id), None)
    if log is None:
        raise ValueError(f"no certificate log of {root.source} recorded the certificate")
    if stamp.timestamp.replace(tzinfo=UTC) > latest:
        raise ValueError("the certificate was recorded only after it had been used")
    return _verified(stamp, leaf, issuer, log)


def _verified(
    stamp: SignedCertificateTimestamp,
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    log: LogKey,
) -> LogKey:
    if stamp.entry_type is not LogEntryType.PRE_CERTIFICATE:
        raise ValueError("the certificate's log timestamp is of another kind")
    when = stamp.timestamp.replace(tzinfo=UTC)
    if not log.window.holds(when):
        raise ValueError(f"the certificate log {log.base_url} did not count at {when.isoformat()}")
    if not isinstance(log.math, ec.EllipticCurvePublicKey):
        raise ValueError("a certificate log with this kind of key is not read")  # noqa: TRY004
    if not log.verifies(stamp.signature, _signed_bytes(stamp, leaf, issuer)):
        raise ValueError(f"the log timestamp is not signed by {log.base_url}")
    return log


def _signed_bytes(
    stamp: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate
) -> bytes:
    """Return the digitally-signed struct of RFC 6962, 3.2, for a precertificate."""
    tbs = leaf.tbs_precertificate_bytes
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    millis = int(stamp.timestamp.replace(tzinfo=UTC).timestamp()) * 1000
    millis += stamp.timestamp.microsecond // 1000
    return b"".join(
        [
            struct.pack("!BBQH", 0, 0, millis, 1),
            hashlib.sha256(key).digest(),
            struct.pack("!I", len(tbs))[1:],
            tbs,
            struct.pack("!H", len(stamp.extension_bytes)),
            stamp.extension_bytes,
        ]
    )
