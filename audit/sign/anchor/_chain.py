"""The certificates of a timestamp authority, as it hands them out: a PEM file."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.sign.trust import Authority, TrustedRoot, Window

MAX_CHAIN = 256 << 10


def read_chain(path: Path) -> Authority:
    """Return the authority whose certificates a PEM file holds, in any order.

    Raises:
        InputMissing: the file is not there.
        ConfigError: not one certificate for timestamps with the way up to its root.
    """
    try:
        left = x509.load_pem_x509_certificates(read_bounded(path, limit=MAX_CHAIN))
        signers = [one for one in left if _is_for_timestamps(one)]
    except (ValueError, x509.InvalidVersion) as exc:
        raise ConfigError(f"{path}: not certificates in PEM") from exc
    if len(signers) != 1:
        raise ConfigError(f"{path}: {len(signers)} certificates for timestamps, not one")
    chain = [signers[0]]
    while chain[-1].issuer != chain[-1].subject:
        above = [one for one in left if _issued(one, chain[-1])]
        if len(above) != 1 or above[0] in chain:
            raise ConfigError(
                f"{path}: {len(above)} certificates that issued "
                f"{chain[-1].subject.rfc4514_string()!r}, not one",
                hint="put the authority's whole chain into the file, its root included",
            )
        chain.append(above[0])
    if len(chain) < 2:
        raise ConfigError(f"{path}: a certificate for timestamps that nobody issued")
    return Authority(chain[0].subject.rfc4514_string(), tuple(chain), Window(None, None))


def write_chains(root: TrustedRoot) -> tuple[bytes, bytes]:
    """Return in PEM the root certificates of all timestamp authorities, and those below them."""
    tops = {one.chain[-1] for one in root.timestamp_authorities}
    below = {one for authority in root.timestamp_authorities for one in authority.chain[:-1]}
    return _pem(tops), _pem(below)


def _pem(certificates: set[x509.Certificate]) -> bytes:
    return b"".join(sorted(one.public_bytes(Encoding.PEM) for one in certificates))


def _is_for_timestamps(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in found.value


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001 - whatever the library raises, this is not the issuer
        return False
    return True


def trust_anchors(root: TrustedRoot | None, chains: Sequence[Authority]) -> TrustedRoot | None:
    """Return a root that also takes the word of the authorities in `chains`; None for nobody."""
    if root is None and not chains:
        return None
    known = root or TrustedRoot("the chains that were named", "", (), (), (), ())
    digest = hashlib.sha256(known.digest.encode())
    for authority in chains:
        for one in authority.chain:
            digest.update(one.tbs_certificate_bytes)
    return replace(
        known,
        digest=known.digest if root and not chains else "sha256:" + digest.hexdigest(),
        timestamp_authorities=(*known.timestamp_authorities, *chains),
    )
