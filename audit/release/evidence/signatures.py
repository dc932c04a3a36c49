"""Signatures: everything beside the artifact that may be one, tried against the policy's signers.

One good signature is enough. A candidate that does not verify counts for
nothing, and the evidence says why.

Trust: the holders of the policy's keys. For its identities, the trusted root
in the policy, or the bundled one: who issued the certificate, and which logs
and authorities saw the signature when. Nobody is asked over the network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from audit.core.errors import ConfigError, SignatureMismatch
from audit.documents import (
    COSIGN_SIGN,
    LogPlace,
    PolicySpec,
    RejectedSignature,
    SignatureEvidence,
)
from audit.oci import Layout, legacy_layers
from audit.sign import (
    Expected,
    Identity,
    LegacySignature,
    PublicKey,
    TrustedRoot,
    VerifiedBundle,
    bundle_digest,
    load_public_key,
    load_trusted_root,
    parse_trusted_root,
    verify_expected,
    verify_legacy,
)

MAX_REASON = 300
Verify = Callable[[Expected], VerifiedBundle]


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose signatures count, under the policy's names for them."""

    keys: tuple[tuple[str, PublicKey], ...]
    identities: tuple[tuple[str, Identity], ...]
    root: TrustedRoot | None

    def verify(self, verify: Verify, digest: str, predicate_type: str) -> VerifiedBundle:
        """Return what `verify` finds when it expects a key of the policy, or else an identity.

        Raises:
            SignatureMismatch: it is neither's.
        """
        reasons = []
        for expected in self._expected(digest, predicate_type):
            try:
                return verify(expected)
            except SignatureMismatch as exc:
                reasons.append(str(exc))
        raise SignatureMismatch("; ".join(reasons))

    def name_of(self, found: VerifiedBundle) -> str:
        """Return the policy's name for who signed."""
        if (who := found.signer) is not None:
            return next(n for n, one in self.identities if one.names(who.identity, who.issuer))
        return next(name for name, key in self.keys if key.key_id == found.key.key_id)

    def _expected(self, digest: str, predicate_type: str) -> Iterator[Expected]:
        if self.keys:
            keys = [key for _, key in self.keys]
            yield Expected(digest, keys=keys, predicate_type=predicate_type)
        if self.identities:
            identities = [one for _, one in self.identities]
            yield Expected(
                digest, identities=identities, predicate_type=predicate_type, root=self.root
            )


def read_signers(spec: PolicySpec) -> Signers:
    """Return whom the policy trusts.

    Raises:
        ConfigError: what should be a key, an identity or a trusted root is none.
    """
    keys = tuple(
        (one.id, load_public_key(one.pem.encode(), source=f"policy key {one.id!r}"))
        for one in spec.keys
    )
    identities = []
    for one in spec.identities:
        name, pattern = one.identity or one.identity_regexp or "", one.identity is None
        try:
            identities.append((one.id, Identity(name, one.issuer, pattern=pattern)))
        except ValueError as exc:
            raise ConfigError(f"policy identity {one.id!r}: {exc}") from exc
    return Signers(keys, tuple(identities), _root(spec) if identities else None)


def _root(spec: PolicySpec) -> TrustedRoot:
    if spec.trusted_root is None:
        return load_trusted_root()
    return parse_trusted_root(spec.trusted_root.encode(), source="policy trusted_root")


def check_signatures(
    layout: Layout, digest: str, signers: Signers
) -> Iterator[SignatureEvidence | RejectedSignature]:
    """Give evidence for each candidate attached to `digest`: a verified signature, or why not.

    Raises:
        EvidenceError: more is attached than is opened.
    """
    for bundle in layout.bundles(digest):
        yield _judged(partial(verify_expected, bundle), bundle_digest(bundle), digest, signers)
    for layer in legacy_layers(layout, digest, "sig"):
        signature = LegacySignature(layer.data, layer.annotations)
        name = bundle_digest(signature.payload)
        yield _judged(partial(verify_legacy, signature), name, digest, signers)


def _judged(
    verify: Verify, name: str, digest: str, signers: Signers
) -> SignatureEvidence | RejectedSignature:
    try:
        found = signers.verify(verify, digest, COSIGN_SIGN)
    except SignatureMismatch as exc:
        said = str(exc)
        for prefix in (f"bundle {name}: ", f"legacy signature {name}: "):
            said = said.replace(prefix, "")
        return RejectedSignature(
            subject=digest, bundle=name, reason=" ".join(said.split())[:MAX_REASON]
        )
    return _evidence(found, name, digest, signers)


def _evidence(found: VerifiedBundle, name: str, digest: str, signers: Signers) -> SignatureEvidence:
    who, log = found.signer, found.log
    return SignatureEvidence(
        subject=digest,
        bundle=name,
        signer=signers.name_of(found),
        key=found.key.key_id,
        predicate_type=found.predicate_type,
        identity=who.identity if who else None,
        issuer=who.issuer if who else None,
        trusted_root=signers.root.digest if who and signers.root else None,
        log=LogPlace(log_id=log.log_id, url=log.base_url, index=log.index, proved=log.proved)
        if log
        else None,
        times=tuple(round(when.timestamp() * 10**6) * 1000 for when in found.times),
    )
