"""Sign without a key of one's own: an identity token, a certificate for minutes, a log entry.

The rules:

* What was signed is verified like anybody else's before it is given out, against the
  identity in the token and the root in the configuration.
* A timestamp that was configured and did not come is a failed signature.
* An e-mail address is published in the log for ever; it is used only when that is said.

Trust: the services of the configuration, for as long as signing takes; afterwards,
the trusted root in it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, SigningFailed, UsageError
from audit.core.files import read_bounded
from audit.documents import Statement
from audit.sign.bundle import Expected, VerifiedBundle, bundle_digest, verify_expected
from audit.sign.certificate import Identity
from audit.sign.legacy import LegacySignature, legacy_from_bundle, simple_payload, verify_legacy
from audit.sign.trust import TrustedRoot, load_trusted_root, parse_trusted_root

if TYPE_CHECKING:
    from sigstore.dsse import Statement as Theirs
    from sigstore.models import Bundle, ClientTrustConfig
    from sigstore.oidc import IdentityToken

MAX_CONFIG = 4 << 20


@dataclass(frozen=True, slots=True)
class KeylessSigner:
    """An identity and the services that vouch for it."""

    identity: Identity
    root: TrustedRoot
    _config: "ClientTrustConfig" = field(repr=False)
    _token: "IdentityToken" = field(repr=False)
    _stamped: bool
    """Whether the configuration names a timestamp authority."""

    def sign_statement(self, payload: bytes) -> tuple[bytes, VerifiedBundle]:
        """Return a bundle over the statement `payload`, and what verifying it gave.

        Raises:
            SigningFailed: a service refused, or the signature does not verify.
            UsageError: `payload` is not a statement about a SHA-256 digest.
        """
        try:
            statement = Statement.read(payload, source="the statement")
        except ConfigError as exc:
            raise UsageError(f"cannot sign: {exc}") from exc
        digest = statement.subject[0].digest.get("sha256")
        if digest is None:
            raise UsageError("cannot sign: the statement's subject has no sha256 digest")
        bundle = self._bundle(payload, is_statement=True)
        expected = Expected(
            f"sha256:{digest}",
            identities=[self.identity],
            predicate_type=statement.predicate_type,
            root=self.root,
        )
        return bundle, verify_expected(bundle, expected)

    def sign_artifact(self, artifact: bytes) -> tuple[bytes, VerifiedBundle]:
        """Return a bundle over the bytes of an artifact itself, and what verifying it gave.

        Raises:
            SigningFailed: a service refused, or the signature does not verify.
            UsageError: the bytes are what signing a statement would sign.
        """
        if artifact.startswith(b"DSSEv1 "):
            raise UsageError("cannot sign: a signature over these bytes is one over a statement")
        bundle = self._bundle(artifact, is_statement=False)
        expected = Expected(
            bundle_digest(artifact), identities=[self.identity], artifact=True, root=self.root
        )
        return bundle, verify_expected(bundle, expected)

    def sign_legacy(self, digest: str, reference: str) -> tuple[LegacySignature, VerifiedBundle]:
        """Return a simple-signing signature over `digest`, and what verifying it gave.

        Raises:
            SigningFailed: a service refused, or the log gives no promise of inclusion.
        """
        payload = simple_payload(digest, reference)
        bundle = json.loads(self._bundle(payload, is_statement=False))
        try:
            signature = legacy_from_bundle(payload, bundle)
        except (KeyError, ValueError) as exc:
            raise SigningFailed(
                "the log gives no promise of inclusion, and the legacy format has no place for more",
                hint="sign with --layout bundle, or with a Rekor v1 log",
            ) from exc
        expected = Expected(digest, identities=[self.identity], root=self.root)
        return signature, verify_legacy(signature, expected, reference=reference)

    def _bundle(self, message: bytes, *, is_statement: bool) -> bytes:
        from sigstore.sign import SigningContext

        try:
            context = SigningContext.from_trust_config(self._config)
            with context.signer(self._token) as signer:
                made: Bundle = (
                    signer.sign_dsse(_exactly(message))
                    if is_statement
                    else signer.sign_artifact(message)
                )
            text = made.to_json().encode("utf-8")
        # The library's errors have no common base, and it lets those of its parts through.
        # Whatever it is, nothing was signed.
        except Exception as exc:
            what = str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
            raise SigningFailed(f"keyless signing failed: {what}") from exc
        stamps = json.loads(text)["verificationMaterial"].get("timestampVerificationData") or {}
        if self._stamped and not stamps.get("rfc3161Timestamps"):
            raise SigningFailed("the timestamp authority gave no timestamp, so nothing was signed")
        return text


def _exactly(payload: bytes) -> "Theirs":
    """Return a statement of the library that holds exactly these bytes.

    Its own constructor asks for a subject name, which cosign's statement has not.
    """
    from sigstore.dsse import Statement as Library

    class Exact(Library):
        def __init__(self, contents: bytes) -> None:
            self._contents = contents

    return Exact(payload)


def open_keyless(
    config: Path | None, token: str | None, *, allow_email: bool = False
) -> KeylessSigner:
    """Return a signer for the identity in `token`, or in the environment of a CI job.

    `config` is a ClientTrustConfig file; without one, the public instance is used.

    Raises:
        UsageError: the extra is not installed, no identity is at hand, or it is an
            e-mail address and that was not allowed.
        ConfigError: the configuration or the token cannot be read.
    """
    try:
        from sigstore.errors import Error
        from sigstore.models import ClientTrustConfig
        from sigstore.oidc import IdentityError, IdentityToken, detect_credential
    except ModuleNotFoundError as exc:
        raise UsageError(
            "signing without a key is not installed", hint="pip install 'lastmile-audit[keyless]'"
        ) from exc
    try:
        if config is None:
            trust, root = ClientTrustConfig.production(), load_trusted_root()
        else:
            data = read_bounded(config, limit=MAX_CONFIG)
            root = parse_trusted_root(data, source=str(config))
            trust = ClientTrustConfig.from_json(data.decode("utf-8"))
        stamped = bool(trust.signing_config.get_tsas())
    except (Error, ValueError) as exc:
        where = config or "the public instance"
        raise ConfigError(f"{where}: not a client trust configuration: {exc}") from exc
    try:
        raw = token or detect_credential()
        if raw is None:
            raise UsageError(
                "no identity is at hand", hint="--identity-token FILE, or run in a CI job with OIDC"
            )
        identity = IdentityToken(raw)
    except (IdentityError, ValueError) as exc:
        raise ConfigError("the identity token cannot be read, or is not for signing") from exc
    who = Identity(identity.identity, identity.federated_issuer)
    if "@" in who.identity and "://" not in who.identity and not allow_email:
        raise UsageError(
            "the identity is an e-mail address, which would be published for ever",
            hint="use the identity of a CI job, or say --allow-email",
        )
    return KeylessSigner(who, root, trust, identity, stamped)
