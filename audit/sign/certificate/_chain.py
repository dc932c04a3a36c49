"""Paths from a signing certificate to a trusted root, at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from audit.sign.trust import Authority, TrustedRoot

MAX_DEPTH = 8


def issuer_of(
    leaf: x509.Certificate, root: TrustedRoot, times: Sequence[datetime]
) -> x509.Certificate:
    """Return the certificate that issued `leaf`, on one path to a trusted root valid at all `times`.

    Only certificates of the trusted root are on the path; those that come with a
    signature are not used.

    Raises:
        ValueError: no authority of the root leads to it at those times.
    """
    reasons = []
    for authority in root.authorities:
        if not all(authority.window.holds(when) for when in times):
            reasons.append(f"{authority.uri or 'an authority'} did not count then")
            continue
        try:
            path = _path(leaf, authority, times[0])
        except (VerificationError, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as exc:
            reasons.append(str(exc).splitlines()[0][:120])
            continue
        # Time is the only thing in a path that differs between times.
        if all(_valid(one, when) for one in path for when in times):
            return path[1]
        reasons.append("a certificate on the path was not valid then")
    shown = "; ".join(reasons[:4]) or "it has no authorities"
    at = ", ".join(when.isoformat() for when in times)
    raise ValueError(f"no path from the certificate to {root.source} at {at}: {shown}")


def _path(
    leaf: x509.Certificate, authority: Authority, when: datetime
) -> Sequence[x509.Certificate]:
    *between, anchor = authority.chain
    # Path validation is the library's. Its client profile asks for another key
    # purpose; ours, code signing, is checked by `check_profile`.
    purpose = (x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    verifier = (
        PolicyBuilder()
        .store(Store([anchor]))
        .time(when.astimezone(UTC).replace(tzinfo=None))
        .max_chain_depth(MAX_DEPTH)
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca().may_be_present(*purpose),
            ee_policy=ExtensionPolicy.webpki_defaults_ee().may_be_present(*purpose),
        )
        .build_client_verifier()
    )
    return verifier.verify(leaf, between).chain


def _valid(one: x509.Certificate, when: datetime) -> bool:
    return one.not_valid_before_utc <= when <= one.not_valid_after_utc


def check_profile(leaf: x509.Certificate) -> None:
    """Check that a certificate is for signing code and nothing else.

    Raises:
        ValueError: it is not, with the reason.
    """
    try:
        extensions = leaf.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as exc:
        raise ValueError("the certificate does not say what its key is for") from exc
    except (ValueError, x509.DuplicateExtension) as exc:
        raise ValueError("the certificate's extensions cannot be read") from exc
    if not usage.digital_signature or usage.key_cert_sign or usage.crl_sign:
        raise ValueError("the certificate's key is not for digital signatures alone")
    if set(purposes) != {ExtendedKeyUsageOID.CODE_SIGNING}:
        raise ValueError("the certificate is not for code signing alone")
