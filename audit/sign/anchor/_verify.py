"""Whose anchors count, and whether one holds. No network, no clock but the caller's.

The rules:

* An anchor by an authority or log that the trusted root does not name counts for nothing.
* One by somebody it names must hold in full: signed bytes, chain, purpose, validity at its
  own time. One that does not was altered, or is about other bytes.
* A log gives a place and no time. A tiled log signs none, and the time of a signature made
  with a key that nobody pins proves nothing: another key can be found under which an old
  ECDSA signature is one over new bytes.
* Once a log is in the trusted root it counts, also after it moved on to a new shard.

Trust: the authorities and logs of the root. One that lies about the time, or a log that
shows different trees to different readers, is not noticed here.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from audit.core import strict_json
from audit.core.clock import Clock, now_ns
from audit.core.errors import ConfigError, SignatureMismatch
from audit.documents import AnchorKind, AnchorWord
from audit.sign._fields import Fields
from audit.sign._timestamp import check_timestamp, read_timestamp
from audit.sign.bundle import MAX_BUNDLE, ArtifactSignature, Bundle, parse_bundle
from audit.sign.keys import PublicKey, public_key
from audit.sign.log import Entry, Signed, compare_body, verify_entry
from audit.sign.trust import Authority, TrustedRoot

SKEW = timedelta(minutes=5)
"""How far a time may lie in our future before it is a lie."""
KIND = ("hashedrekord", "0.0.2")


@dataclass(frozen=True, slots=True)
class AnchorTrust:
    """Takes the word of the authorities and logs in a trusted root."""

    root: TrustedRoot
    clock: Clock = field(default=now_ns, repr=False)

    def verify(self, kind: AnchorKind, data: bytes, note: bytes) -> AnchorWord | None:
        """Return who vouches for `note`; None if the root does not name him.

        Raises:
            SignatureMismatch: it is by somebody the root names, and does not hold.
            UsageError: the part of this package that reads timestamps is not installed.
        """
        try:
            if kind is AnchorKind.TIMESTAMP:
                return self._timestamp(data, note)
            return self._log(data, note)
        except ValueError as exc:
            raise SignatureMismatch(f"the {kind} anchor does not hold: {exc}") from exc

    def _timestamp(self, data: bytes, note: bytes) -> AnchorWord | None:
        read = read_timestamp(data)
        known = [one for one in self.root.timestamp_authorities if _name(one) in read.signers]
        if not known:
            return None
        if read.when > datetime.fromtimestamp(self.clock() / 1e9, UTC) + SKEW:
            raise ValueError(f"its time {read.when.isoformat()} has not come yet")
        reasons = []
        for authority in known:
            try:
                check_timestamp(read, note, authority)
            except ValueError as exc:
                reasons.append(str(exc))
            else:
                return AnchorWord(authority.uri, round(read.when.timestamp() * 10**6) * 1000)
        raise ValueError("; ".join(reasons[:4]))

    def _log(self, data: bytes, note: bytes) -> AnchorWord | None:
        if len(data) > MAX_BUNDLE:
            raise ValueError("it is too long")
        bundle = parse_bundle(data)
        content, entry = _content(bundle)
        log = self.root.log(entry.log_id)
        if log is None:
            return None
        if log.window.start and log.window.start > datetime.fromtimestamp(self.clock() / 1e9, UTC):
            raise ValueError(f"the log {log.base_url} does not count yet")
        digest, key = hashlib.sha256(note).digest(), _signer(entry)
        if content.digest not in {None, digest}:
            raise ValueError("it is about other bytes")
        if not key.verifies_digest(content.signature, digest):
            raise ValueError("its signature is not one over these bytes")
        found = verify_entry(entry, self.root)
        signed = Signed(
            content.signature,
            key.spki,
            is_certificate=False,
            hashed={"sha256": digest},
            payload=None,
        )
        compare_body(entry, signed)
        return AnchorWord(f"{log.base_url} entry {found.index}", None)


def _name(authority: Authority) -> tuple[x509.Name, int]:
    signer = authority.chain[0]
    return signer.issuer, signer.serial_number


def _content(bundle: Bundle) -> tuple[ArtifactSignature, Entry]:
    content, entry = bundle.content, bundle.entry
    if not isinstance(content, ArtifactSignature):
        raise ValueError("it signs a statement, not the checkpoint itself")  # noqa: TRY004
    if entry is None or bundle.certificate is not None or bundle.timestamps:
        raise ValueError("it is not one log entry over a signature with a plain key")
    if entry.kind != KIND:
        raise ValueError(f"its entry is {entry.kind[0]} {entry.kind[1]}, not {KIND[0]} {KIND[1]}")
    return content, entry


def _signer(entry: Entry) -> PublicKey:
    """Return the key in an entry's body; that the body says nothing else is checked later."""
    try:
        value = strict_json.loads(entry.body, source="the log entry's body")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    inner = Fields(value, "body").object("spec").object("hashedRekordV002")
    der = inner.object("signature").object("verifier").object("publicKey").data("rawBytes")
    try:
        return public_key(load_der_public_key(der))
    except UnsupportedAlgorithm as exc:
        raise ValueError("it is signed with a kind of key that is not used") from exc
