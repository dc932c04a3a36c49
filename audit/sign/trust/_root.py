"""Trusted roots (Sigstore protobuf-specs, TrustedRoot): whose word counts, and when.

Everything in a root has a window of validity, ends included. A key or chain
counts for what happened inside its window and for nothing else.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from typing_extensions import override

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.sign._fields import Fields

ROOT_TYPES = frozenset(
    {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)
CONFIG_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
MAX_ITEMS = 64
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
LogMath = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, ends included; an end that is None is open."""

    start: datetime | None
    end: datetime | None

    @override
    def __str__(self) -> str:
        """Return the span as `start..end`, open ends left out."""
        start = self.start.isoformat() if self.start else ""
        return f"{start}..{self.end.isoformat() if self.end else ''}"

    def holds(self, when: datetime) -> bool:
        """Whether `when` lies in the span."""
        return (self.start is None or self.start <= when) and (self.end is None or when <= self.end)


@dataclass(frozen=True, slots=True)
class LogKey:
    """A transparency log: its key, and what it calls itself."""

    log_id: bytes
    base_url: str
    math: LogMath
    window: Window

    @property
    def hosts(self) -> frozenset[str]:
        """The names the log may sign checkpoints under: its host, with and without port."""
        parts = urlsplit(self.base_url)
        return frozenset(name for name in (parts.netloc, parts.hostname) if name)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is the log's over `message`."""
        try:
            if isinstance(self.math, ed25519.Ed25519PublicKey):
                self.math.verify(signature, message)
            elif isinstance(self.math, rsa.RSAPublicKey):
                self.math.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.math.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Authority:
    """A chain of certificates, from the issuing one (or the signing one of a TSA) to its root."""

    uri: str
    chain: tuple[x509.Certificate, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Certificate authorities, logs and timestamp authorities whose word counts."""

    source: str
    """Where it came from, for messages and evidence."""
    digest: str
    authorities: tuple[Authority, ...]
    logs: tuple[LogKey, ...]
    ct_logs: tuple[LogKey, ...]
    timestamp_authorities: tuple[Authority, ...]

    def log(self, log_id: bytes) -> LogKey | None:
        """Return the log with an id, or None when it is not trusted."""
        return next((log for log in self.logs if log.log_id == log_id), None)


def parse_trusted_root(data: bytes, *, source: str) -> TrustedRoot:
    """Read a TrustedRoot, or the one inside a ClientTrustConfig.

    Raises:
        ConfigError: malformed, with members we do not know, or empty where it
            must not be: a root that trusts nobody is a mistake.
    """
    value = strict_json.loads(data, source=source)
    try:
        top = Fields(value, "")
        if top.peek("mediaType") == CONFIG_TYPE:
            top = top.object("trustedRoot")
        return _root(top, source, "sha256:" + hashlib.sha256(data).hexdigest())
    except ValueError as exc:
        raise ConfigError(f"{source}: {exc}") from exc


def _root(top: Fields, source: str, digest: str) -> TrustedRoot:
    if (kind := top.text("mediaType")) not in ROOT_TYPES:
        raise ValueError(f"mediaType is {kind[:80]!r}, not a trusted root's")
    root = TrustedRoot(
        source=source,
        digest=digest,
        authorities=tuple(
            _authority(item) for item in top.objects("certificateAuthorities", MAX_ITEMS)
        ),
        logs=tuple(_log(item) for item in top.objects("tlogs", MAX_ITEMS)),
        ct_logs=tuple(_log(item) for item in top.objects("ctlogs", MAX_ITEMS)),
        timestamp_authorities=tuple(
            _authority(item) for item in top.objects("timestampAuthorities", MAX_ITEMS)
        ),
    )
    top.done()
    for name, logs in (("tlogs", root.logs), ("ctlogs", root.ct_logs)):
        if len({log.log_id for log in logs}) != len(logs):
            raise ValueError(f"{name} names one log twice")
    if not (root.authorities or root.logs):
        raise ValueError("it trusts no certificate authority and no log")
    return root


def _log(item: Fields) -> LogKey:
    key = item.object("publicKey")
    try:
        math = load_der_public_key(key.data("rawBytes"))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise ValueError(f"{key.path('rawBytes')} is not a public key") from exc
    if not isinstance(
        math, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
    ):
        raise ValueError(f"{key.path('rawBytes')} is not a kind of key a log has")  # noqa: TRY004
    key.optional_text("keyDetails")
    window = read_window(key)
    key.done()
    log_id = item.object("logId")
    found = LogKey(log_id.data("keyId"), item.text("baseUrl"), math, window)
    log_id.done()
    if item.optional_text("hashAlgorithm") not in {None, "SHA2_256"}:
        raise ValueError(f"{item.path('hashAlgorithm')} is not SHA2_256")
    for unused in ("checkpointKeyId", "operator"):
        item.drop(unused)
    item.done()
    return found


def _authority(item: Fields) -> Authority:
    outer = item.object("certChain")
    chain = []
    for one in outer.objects("certificates", MAX_ITEMS):
        try:
            chain.append(x509.load_der_x509_certificate(one.data("rawBytes")))
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as exc:
            raise ValueError(f"{one.path('rawBytes')} is not a certificate") from exc
        one.done()
    outer.done()
    if not chain:
        raise ValueError(f"{outer.path('certificates')} is empty")
    found = Authority(item.optional_text("uri") or "", tuple(chain), read_window(item))
    for unused in ("subject", "operator"):
        item.drop(unused)
    item.done()
    return found


def read_window(item: Fields) -> Window:
    """Return the span of time in a member `validFor`; open when there is none.

    Raises:
        ValueError: not a span, or one that ends before it starts.
    """
    if "validFor" not in item:
        return Window(None, None)
    span = item.object("validFor")
    window = Window(_time(span, "start"), _time(span, "end"))
    span.done()
    if window.start and window.end and window.end < window.start:
        raise ValueError(f"{span.path('end')} is before its start")
    return window


def _time(span: Fields, name: str) -> datetime | None:
    text = span.optional_text(name)
    if text is None:
        return None
    if not _TIME.fullmatch(text):
        raise ValueError(f"{span.path(name)} is not a time (RFC 3339)")
    # datetime keeps microseconds; a window may end up to 999 ns early because of it.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))
