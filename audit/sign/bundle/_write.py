"""Write bundles: sign, and verify what was written before anybody gets it."""

import hashlib
import json

from audit.core.errors import ConfigError, UsageError
from audit.documents import PAYLOAD_TYPE, Statement
from audit.sign import _base64
from audit.sign._dsse import Envelope, pre_authentication
from audit.sign.bundle._parse import BUNDLE_TYPE
from audit.sign.bundle._verify import verify_bundle
from audit.sign.keys import Signer


def sign_statement(payload: bytes, key: Signer, *, hint: str | None = None) -> bytes:
    """Return a Sigstore bundle v0.3 over the statement `payload`, as JSON bytes.

    The same payload and key give the same bytes. `hint` is how the bundle calls
    the key; cosign's way when it is left out.

    Raises:
        UsageError: `payload` is not a statement about a SHA-256 digest.
    """
    try:
        statement = Statement.read(payload, source="the statement")
    except ConfigError as exc:
        raise UsageError(f"cannot sign: {exc}") from exc
    digest = statement.subject[0].digest.get("sha256")
    if digest is None:
        raise UsageError("cannot sign: the statement's subject has no sha256 digest")
    envelope = Envelope(PAYLOAD_TYPE, payload, key.sign(pre_authentication(PAYLOAD_TYPE, payload)))
    named = hint or _base64.encode(hashlib.sha256(key.public.spki).digest())
    document = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": named}},
        "dsseEnvelope": envelope.json(),
    }
    bundle = json.dumps(document, separators=(",", ":")).encode("ascii")
    verify_bundle(
        bundle,
        digest=f"sha256:{digest}",
        keys=[key.public],
        predicate_type=statement.predicate_type,
    )
    return bundle
