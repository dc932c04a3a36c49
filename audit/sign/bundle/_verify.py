"""Verify a bundle against keys that were chosen before it was read.

The rules:

* The caller says digest, keys and predicate type; the bundle is only compared with them.
* The signature is checked before the payload is looked at.
* The hint in the bundle chooses nothing. It appears in the refusal, and nowhere else.
* What two readers could read differently is refused: duplicate names, names that
  differ by case alone, second spellings of base64, unknown members.

Trust: the holders of the private keys, and the SHA-256 and ECDSA or RSA
implementations of the cryptography library. Log entries and timestamps in a
key-managed bundle are not looked at here and prove nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.core import strict_json
from audit.core.errors import ConfigError, SignatureMismatch, UsageError
from audit.documents import COSIGN_SIGN, PAYLOAD_TYPE, Statement, is_digest
from audit.sign._dsse import Envelope
from audit.sign._fields import without_twins
from audit.sign.bundle._parse import Bundle, bundle_digest, hint_text, parse_bundle
from audit.sign.keys import PublicKey

MAX_SUBJECTS = 1000
MAX_REASONS = 10


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle whose signature, subject and type are the ones asked for."""

    key: PublicKey
    predicate_type: str
    payload: bytes
    bundle_digest: str


def verify_bundle(
    bundle: bytes, *, digest: str, keys: Sequence[PublicKey], predicate_type: str
) -> VerifiedBundle:
    """Verify that one of `keys` signed a statement of `predicate_type` about `digest`.

    Raises:
        SignatureMismatch: it does not hold, with the reason.
        UsageError: no keys, or a malformed digest.
    """
    if not keys:
        raise UsageError("no key was given to verify against")
    if not (is_digest(digest) and digest.startswith("sha256:")):
        raise UsageError(f"{digest!r} is not sha256: and 64 lower-case hex digits")
    name = bundle_digest(bundle)
    try:
        parsed = parse_bundle(bundle)
        key = _signer(parsed, keys)
        check_statement(parsed.envelope, digest=digest, predicate_type=predicate_type)
    except ValueError as exc:
        raise SignatureMismatch(f"bundle {name}: {exc}") from exc
    return VerifiedBundle(key, predicate_type, parsed.envelope.payload, name)


def verify_any(
    bundles: Iterable[bytes], *, digest: str, keys: Sequence[PublicKey], predicate_type: str
) -> VerifiedBundle:
    """Return the first of `bundles` that verifies; one good one among many is enough.

    Raises:
        SignatureMismatch: none does; the message has the reason of each, up to ten.
        UsageError: no keys, or a malformed digest.
    """
    reasons: list[str] = []
    for bundle in bundles:
        try:
            return verify_bundle(bundle, digest=digest, keys=keys, predicate_type=predicate_type)
        except SignatureMismatch as exc:
            reasons.append(str(exc))
    if not reasons:
        raise SignatureMismatch(f"{digest} carries no bundle, so nobody signed it")
    shown = "; ".join(reasons[:MAX_REASONS])
    more = f"; and {len(reasons) - MAX_REASONS} more" if len(reasons) > MAX_REASONS else ""
    raise SignatureMismatch(f"no bundle of {digest} verifies: {shown}{more}")


def _signer(bundle: Bundle, keys: Sequence[PublicKey]) -> PublicKey:
    message = bundle.envelope.signed_bytes
    for key in keys:
        if key.verifies(bundle.envelope.signature, message):
            return key
    hint = hint_text(bundle.hint)
    if any(key.key_id == hint for key in keys):
        raise ValueError(f"the signature is not one of key {hint} over this payload")
    raise ValueError(f"signed by a key that is not named here (hint {hint})")


def check_statement(envelope: Envelope, *, digest: str, predicate_type: str) -> Statement:
    """Check that a signed payload is a statement of this type about this digest.

    Raises:
        ValueError: it is not, with the reason.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"the payload type is {envelope.payload_type[:80]!r}, not {PAYLOAD_TYPE}")
    try:
        statement = Statement.read(envelope.payload, source="the statement")
        without_twins(strict_json.loads(envelope.payload, source="the statement"))
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    if statement.predicate_type != predicate_type:
        found = statement.predicate_type[:200]
        raise ValueError(f"the statement is of type {found!r}, not {predicate_type}")
    if len(statement.subject) > MAX_SUBJECTS:
        raise ValueError(f"the statement has more than {MAX_SUBJECTS} subjects")
    if not statement.is_about(digest):
        raise ValueError(f"the statement is not about {digest}")
    if predicate_type == COSIGN_SIGN and len(statement.subject) != 1:
        raise ValueError("a signature over more than one subject is not counted")
    return statement
