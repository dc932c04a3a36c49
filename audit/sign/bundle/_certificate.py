"""The signer a certificate names, before it is known whether the certificate counts."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from audit.sign.certificate import Identity, check_profile, identity_of
from audit.sign.keys import PublicKey, public_key

MAX_CERTIFICATE = 64 << 10


@dataclass(frozen=True, slots=True)
class CertifiedSigner:
    """A certificate, the key in it, and the expected identity it names."""

    certificate: x509.Certificate
    key: PublicKey
    identity: Identity


def verify_certificate(der: bytes, identities: Sequence[Identity]) -> CertifiedSigner:
    """Return who a certificate names, if that is one of `identities`.

    Raises:
        ValueError: malformed, for another purpose, or naming somebody else.
    """
    if len(der) > MAX_CERTIFICATE:
        raise ValueError("the certificate is too long")
    try:
        with warnings.catch_warnings():
            # What the library only warns about (a serial number below one) is malformed here.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            key = public_key(certificate.public_key())
    except (
        ValueError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        CryptographyDeprecationWarning,
    ) as exc:
        raise ValueError("the certificate cannot be read, or its key is not used") from exc
    if certificate.public_bytes(Encoding.DER) != der:
        raise ValueError("the certificate is not in its one DER encoding")
    check_profile(certificate)
    name, issuer = identity_of(certificate)
    if not any(identity.names(name, issuer) for identity in identities):
        raise ValueError(f"signed by {name[:200]!r} of {issuer[:200]!r}, who is not named here")
    return CertifiedSigner(certificate, key, Identity(name, issuer))
