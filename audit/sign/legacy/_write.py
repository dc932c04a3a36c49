"""Write legacy signatures: with a plain key, or out of a keyless bundle over the payload."""

import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from audit.sign import _base64
from audit.sign.bundle import Expected
from audit.sign.keys import Signer
from audit.sign.legacy._simple import simple_payload
from audit.sign.legacy._verify import (
    BUNDLE,
    CERTIFICATE,
    SIGNATURE,
    TIMESTAMP,
    LegacySignature,
    verify_legacy,
)


def sign_legacy(digest: str, reference: str, key: Signer) -> LegacySignature:
    """Return a simple-signing signature over `digest` for the repository `reference`.

    Raises:
        UsageError: a malformed digest, or nothing to refer to.
    """
    payload = simple_payload(digest, reference)
    signature = LegacySignature(payload, {SIGNATURE: _base64.encode(key.sign(payload))})
    verify_legacy(signature, Expected(digest, [key.public]), reference=reference)
    return signature


def legacy_from_bundle(payload: bytes, bundle: dict[str, Any]) -> LegacySignature:
    """Return the legacy form of a keyless bundle over `payload` that was just made.

    Only an entry with a promise of inclusion (Rekor v1) fits into it.

    Raises:
        KeyError: the bundle has no such entry.
    """
    material = bundle["verificationMaterial"]
    der = _base64.decode(material["certificate"]["rawBytes"])
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode("ascii")
    [entry] = material["tlogEntries"]
    promised = {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry.get("logIndex", 0)),
            "logID": _base64.decode(entry["logId"]["keyId"]).hex(),
        },
    }
    annotations = {
        SIGNATURE: bundle["messageSignature"]["signature"],
        CERTIFICATE: pem,
        BUNDLE: json.dumps(promised, separators=(",", ":")),
    }
    stamps = material.get("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    if stamps:
        annotations[TIMESTAMP] = json.dumps(
            {"SignedRFC3161Timestamp": stamps[0]["signedTimestamp"]}, separators=(",", ":")
        )
    return LegacySignature(payload, annotations)
