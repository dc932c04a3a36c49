"""Signatures: every bundle beside the artifact, tried against the policy's keys.

One good signature is enough. A candidate that does not verify counts for
nothing, and the evidence says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.core.errors import SignatureMismatch
from audit.documents import COSIGN_SIGN, RejectedSignature, SignatureEvidence, TrustedKey
from audit.oci import Layout
from audit.sign import PublicKey, bundle_digest, load_public_key, verify_bundle

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key, and what the policy calls it."""

    id: str
    key: PublicKey


def read_keys(keys: Sequence[TrustedKey]) -> list[NamedKey]:
    """Return the policy's keys.

    Raises:
        ConfigError: one is not a public key.
    """
    return [
        NamedKey(one.id, load_public_key(one.pem.encode(), source=f"policy key {one.id!r}"))
        for one in keys
    ]


def check_signatures(
    layout: Layout, digest: str, keys: Sequence[NamedKey]
) -> Iterator[SignatureEvidence | RejectedSignature]:
    """Give evidence for each bundle attached to `digest`: a verified signature, or why not.

    Raises:
        EvidenceError: more is attached than is opened.
    """
    names = {one.key.key_id: one.id for one in keys}
    for bundle in layout.bundles(digest):
        try:
            verified = verify_bundle(
                bundle, digest=digest, keys=[one.key for one in keys], predicate_type=COSIGN_SIGN
            )
        except SignatureMismatch as exc:
            name = bundle_digest(bundle)
            reason = " ".join(str(exc).removeprefix(f"bundle {name}: ").split())[:MAX_REASON]
            yield RejectedSignature(subject=digest, bundle=name, reason=reason)
        else:
            yield SignatureEvidence(
                subject=digest,
                bundle=verified.bundle_digest,
                signer=names[verified.key.key_id],
                key=verified.key.key_id,
                predicate_type=verified.predicate_type,
            )
