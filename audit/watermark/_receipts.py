"""Receipts: signed when a response leaves, verified by anyone who has the public key.

The rules:

* The signature is Ed25519 over the DSSE encoding (v1) of the receipt's canonical
  JSON, so a receipt's bytes can never be taken for another kind of document.
* A receipt is judged by the keys its reader trusts, never by one it brings.
* The text is committed to under a salt kept beside the receipt. Whoever has
  receipt, salt and text can check all three offline; when the salt is
  destroyed, nobody can test a guess.

Trust: the receipt key says "this gateway sent that". It does not say that a
clock was right; the ledger entry and its checkpoint bound the time.
"""

import base64
import hashlib
import hmac
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from audit.core.errors import ConfigError, DigestMismatch, SignatureMismatch
from audit.core.files import read_bounded
from audit.documents import KeyRegistry, Receipt, SignedReceipt
from audit.watermark._text import canonical_text

PAYLOAD_TYPE = "application/vnd.lastmile-audit.receipt+json"

TrustedKeys = Mapping[str, Ed25519PublicKey]
"""Public keys by `sha256:` of their SubjectPublicKeyInfo."""


class ReceiptSigner(Protocol):
    """Signs receipts; where its Ed25519 key lives is its own business."""

    @property
    def key(self) -> str:
        """`sha256:` of the public key's SubjectPublicKeyInfo."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A receipt key held in this process."""

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def key(self) -> str:
        """`sha256:` of the public key's SubjectPublicKeyInfo."""
        return key_digest(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature."""
        return self.private.sign(message)


def sign_receipt(receipt: Receipt, signer: ReceiptSigner) -> SignedReceipt:
    """Return the receipt with the signer's signature over it."""
    signature = signer.sign(signed_bytes(receipt))
    return SignedReceipt(
        receipt=receipt, key=signer.key, signature=base64.b64encode(signature).decode("ascii")
    )


def verify_receipt(signed: SignedReceipt, trusted: TrustedKeys) -> Receipt:
    """Return the receipt that a trusted key signed.

    Raises:
        SignatureMismatch: the key is not trusted, or the signature does not cover the receipt.
    """
    name = f"receipt {signed.receipt.receipt_id}"
    public = trusted.get(signed.key)
    if public is None:
        raise SignatureMismatch(
            f"{name}: signed by {signed.key}, which is not a key you trust",
            hint="name the gateway's public receipt key with --key",
        )
    try:
        public.verify(base64.b64decode(signed.signature), signed_bytes(signed.receipt))
    except InvalidSignature as exc:
        raise SignatureMismatch(f"{name}: the signature does not cover these fields") from exc
    return signed.receipt


def signed_bytes(receipt: Receipt) -> bytes:
    """Return what is signed: the DSSE v1 pre-authentication encoding of the receipt."""
    payload = receipt.canonical()
    return b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(payload),
        payload,
    )


def commit_text(text: str, salt: bytes) -> str:
    """Return the commitment to a text under a salt, in hex."""
    return hmac.digest(salt, canonical_text(text), "sha256").hex()


def verify_text(receipt: Receipt, salt: bytes, text: str) -> None:
    """Check that `text` is the one the receipt commits to.

    Raises:
        DigestMismatch: it is another text, or the salt is another receipt's.
    """
    found = commit_text(text, salt)
    if not hmac.compare_digest(found, receipt.text_commitment):
        raise DigestMismatch(
            f"the text for receipt {receipt.receipt_id}",
            expected=receipt.text_commitment,
            found=found,
        )


def verify_key(receipt: Receipt, registry: KeyRegistry) -> None:
    """Check that the key of a receipt's mark is registered for its model and counted at its time.

    Raises:
        SignatureMismatch: it is not, so the mark says nothing for this receipt.
    """
    if receipt.mark is None:
        return
    line = registry.find_key(receipt.mark.key_id)
    if line is None or line.model_digest != receipt.model_digest:
        raise SignatureMismatch(
            f"receipt {receipt.receipt_id}: key {receipt.mark.key_id} is not registered for its model"
        )
    if not line.counts_at(receipt.ts_ns):
        raise SignatureMismatch(
            f"receipt {receipt.receipt_id}: key {line.key_id} did not count at its time"
        )


def key_digest(public: Ed25519PublicKey) -> str:
    """Return `sha256:` of the key's SubjectPublicKeyInfo."""
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256:" + hashlib.sha256(spki).hexdigest()


def read_signer(path: Path) -> LocalSigner:
    """Return the receipt key in a PEM file (PKCS#8, Ed25519, mode 0600).

    Raises:
        InputMissing: not there or not readable.
        ConfigError: others can read it, or it is not an Ed25519 private key.
    """
    data = read_bounded(path, limit=1 << 16)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others can read this key", hint=f"chmod 600 {path}")
    try:
        private = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise ConfigError(f"{path}: not a PEM private key without a password") from exc
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(f"{path}: receipts are signed with Ed25519, this is another kind of key")
    return LocalSigner(private)


def read_trusted(paths: Sequence[Path]) -> TrustedKeys:
    """Return the public receipt keys in PEM files, by digest.

    Raises:
        InputMissing: a file is not there or not readable.
        ConfigError: a file is not an Ed25519 public key.
    """
    found: dict[str, Ed25519PublicKey] = {}
    for path in paths:
        try:
            public = load_pem_public_key(read_bounded(path, limit=1 << 16))
        except (ValueError, UnsupportedAlgorithm) as exc:
            raise ConfigError(f"{path}: not a PEM public key") from exc
        if not isinstance(public, Ed25519PublicKey):
            raise ConfigError(f"{path}: receipts are signed with Ed25519, this is another key")
        found[key_digest(public)] = public
    return found
