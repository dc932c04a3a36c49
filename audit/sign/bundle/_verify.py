"""Verify a bundle against keys or identities that were chosen before it was read.

The rules:

* The caller says digest, signers and predicate type; the bundle is only compared with them.
* A key is asked for: the bundle must be signed with a plain key, and the hint in it
  chooses nothing. An identity is asked for: it must be signed with a certificate.
* The signature is checked before the payload is looked at.
* A certificate counts at every time that is vouched for, and there must be one; so must
  the authority that issued it, the log that holds the entry, and the certificate log.
* What two readers could read differently is refused: duplicate names, names that
  differ by case alone, second spellings of base64, unknown members.

Trust: for keys, their holders. For identities, the trusted root: its certificate
authorities and the identity provider say who signed, its logs that it is on
record, its timestamp authorities and logs when. Nobody is asked over the network.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from audit.core.clock import Clock, now_ns
from audit.core.errors import SignatureMismatch, UsageError
from audit.documents import COSIGN_SIGN, is_digest
from audit.sign._dsse import Envelope
from audit.sign.bundle._certificate import CertifiedSigner, verify_certificate
from audit.sign.bundle._log import LogRecord, Times, check_log
from audit.sign.bundle._parse import Bundle, bundle_digest, hint_text, parse_bundle
from audit.sign.bundle._statement import check_statement
from audit.sign.certificate import Identity
from audit.sign.keys import PublicKey
from audit.sign.trust import TrustedRoot

MAX_REASONS = 10


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle whose signature, signer, subject and type are the ones asked for."""

    key: PublicKey
    """The key that signed: the one asked for, or the one in the certificate."""
    predicate_type: str
    payload: bytes
    """The statement; empty for a signature over an artifact itself."""
    bundle_digest: str
    signer: Identity | None = None
    """Who the certificate names; None when a plain key was asked for."""
    log: LogRecord | None = None
    times: tuple[datetime, ...] = ()
    """When trusted logs and timestamp authorities saw the signature."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a bundle is compared with."""

    digest: str
    keys: Sequence[PublicKey] = ()
    identities: Sequence[Identity] = ()
    predicate_type: str = COSIGN_SIGN
    artifact: bool = False
    """Whether a signature over the artifact itself, without a statement, counts as well."""
    root: TrustedRoot | None = None
    """Needed for identities. With keys: the log entry and timestamps must verify too."""
    clock: Clock = field(default=now_ns, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could not refuse anything.

        Raises:
            UsageError: nobody to verify against, both kinds, or a malformed digest.
        """
        if not self.keys and not self.identities:
            raise UsageError("no key was given to verify against, and no identity")
        if self.keys and self.identities:
            raise UsageError("either keys or identities are verified against, not both")
        if self.identities and self.root is None:
            raise UsageError("verifying an identity needs a trusted root")
        if not (is_digest(self.digest) and self.digest.startswith("sha256:")):
            raise UsageError(f"{self.digest!r} is not sha256: and 64 lower-case hex digits")


def verify_bundle(
    bundle: bytes, *, digest: str, keys: Sequence[PublicKey], predicate_type: str
) -> VerifiedBundle:
    """Verify that one of `keys` signed a statement of `predicate_type` about `digest`.

    Log entries and timestamps in the bundle are not looked at and prove nothing.

    Raises:
        SignatureMismatch: it does not hold, with the reason.
        UsageError: no keys, or a malformed digest.
    """
    return verify_expected(bundle, Expected(digest, keys, predicate_type=predicate_type))


def verify_expected(bundle: bytes, expected: Expected) -> VerifiedBundle:
    """Verify that a bundle is what is expected of it.

    Raises:
        SignatureMismatch: it is not, with the reason.
    """
    name = bundle_digest(bundle)
    try:
        parsed = parse_bundle(bundle)
        found = verify_parsed(parsed, expected)
    except ValueError as exc:
        raise SignatureMismatch(f"bundle {name}: {exc}") from exc
    content = parsed.content
    return replace(found, payload=content.payload if isinstance(content, Envelope) else b"")


def verify_parsed(bundle: Bundle, expected: Expected) -> VerifiedBundle:
    """Verify what was read out of a bundle, or of something that says the same.

    Raises:
        ValueError: it is not what is expected, with the reason.
    """
    found = _by_key(bundle, expected) if expected.keys else _by_identity(bundle, expected)
    _check_content(bundle, expected)
    return found


def verify_any(
    bundles: Iterable[bytes], *, digest: str, keys: Sequence[PublicKey], predicate_type: str
) -> VerifiedBundle:
    """Return the first of `bundles` that verifies by key; one good one among many is enough.

    Raises:
        SignatureMismatch: none does; the message has the reason of each, up to ten.
        UsageError: no keys, or a malformed digest.
    """
    return first_expected(bundles, Expected(digest, keys, predicate_type=predicate_type))


def first_expected(bundles: Iterable[bytes], expected: Expected) -> VerifiedBundle:
    """Return the first of `bundles` that is as expected; one good one among many is enough.

    Raises:
        SignatureMismatch: none is; the message has the reason of each, up to ten.
    """
    return first_of((verify_later(bundle, expected) for bundle in bundles), expected.digest)


def verify_later(bundle: bytes, expected: Expected) -> Callable[[], VerifiedBundle]:
    """Return a call that verifies `bundle`."""
    return lambda: verify_expected(bundle, expected)


def first_of(candidates: Iterable[Callable[[], VerifiedBundle]], digest: str) -> VerifiedBundle:
    """Return what the first candidate gives that is not refused.

    Raises:
        SignatureMismatch: every one is, or there is none.
        UsageError: none counts, and one of them cannot be read by this installation.
    """
    reasons: list[str] = []
    unread: UsageError | None = None
    for candidate in candidates:
        try:
            return candidate()
        except SignatureMismatch as exc:
            reasons.append(str(exc))
        except UsageError as exc:  # an extra is missing; another candidate may do without
            unread = unread or exc
    if unread is not None:
        raise unread
    if not reasons:
        raise SignatureMismatch(f"{digest} carries no signature, so nobody signed it")
    shown = "; ".join(reasons[:MAX_REASONS])
    more = f"; and {len(reasons) - MAX_REASONS} more" if len(reasons) > MAX_REASONS else ""
    raise SignatureMismatch(f"no signature of {digest} verifies: {shown}{more}")


def _by_key(bundle: Bundle, expected: Expected) -> VerifiedBundle:
    if bundle.certificate is not None:
        raise ValueError("it carries a certificate, and a key was asked for")
    key = _signing_key(bundle, expected)
    if expected.root is None:
        return VerifiedBundle(key, expected.predicate_type, b"", bundle.digest)
    record, times = check_log(
        bundle,
        Times(expected.root, expected.clock, needs_time=False),
        key=key,
        certificate=None,
        digest=expected.digest,
    )
    return VerifiedBundle(key, expected.predicate_type, b"", bundle.digest, log=record, times=times)


def _signing_key(bundle: Bundle, expected: Expected) -> PublicKey:
    for key in expected.keys:
        if _verifies(key, bundle, expected.digest):
            return key
    hint = hint_text(bundle.hint)
    if any(key.key_id == hint for key in expected.keys):
        raise ValueError(f"the signature is not one of key {hint} over this payload")
    raise ValueError(f"signed by a key that is not named here (hint {hint})")


def _by_identity(bundle: Bundle, expected: Expected) -> VerifiedBundle:
    if bundle.certificate is None:
        raise ValueError("it is signed with a plain key, and an identity was asked for")
    if expected.root is None:
        raise ValueError("there is no trusted root")
    signer: CertifiedSigner = verify_certificate(bundle.certificate, expected.identities)
    if not _verifies(signer.key, bundle, expected.digest):
        raise ValueError("the signature is not one of the certificate's key over this payload")
    record, times = check_log(
        bundle,
        Times(expected.root, expected.clock, needs_time=True),
        key=signer.key,
        certificate=signer.certificate,
        digest=expected.digest,
    )
    return VerifiedBundle(
        signer.key,
        expected.predicate_type,
        b"",
        bundle.digest,
        signer=signer.identity,
        log=record,
        times=times,
    )


def _verifies(key: PublicKey, bundle: Bundle, digest: str) -> bool:
    content = bundle.content
    if isinstance(content, Envelope):
        return key.verifies(content.signature, content.signed_bytes)
    if content.message is not None:
        return key.verifies(content.signature, content.message)
    return key.verifies_digest(content.signature, bytes.fromhex(digest.removeprefix("sha256:")))


def _check_content(bundle: Bundle, expected: Expected) -> None:
    content = bundle.content
    if isinstance(content, Envelope):
        check_statement(content, digest=expected.digest, predicate_type=expected.predicate_type)
        return
    if not expected.artifact:
        raise ValueError("it signs raw bytes, not a statement")
    if content.digest is not None and content.digest.hex() != expected.digest[7:]:
        raise ValueError("it claims to be about another digest")
