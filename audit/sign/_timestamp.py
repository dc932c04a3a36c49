"""RFC 3161 timestamps over a signature, by an authority of the trusted root.

The signed message, the chain and the imprint are checked by rfc3161-client;
what it leaves to its caller is here: whether the authority counts at that time,
whether its certificate was valid then, and whether the signer names that certificate.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.core.errors import UsageError
from audit.sign._timestamp_signer import check_signer
from audit.sign.trust import Authority, TrustedRoot

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MAX_STAMP = 64 << 10


def verify_timestamps(
    stamps: Sequence[bytes], signature: bytes, root: TrustedRoot
) -> tuple[datetime, ...]:
    """Return the times at which trusted authorities saw `signature`.

    Every timestamp must verify: one that does not was put there by somebody.

    Raises:
        ValueError: one does not, or is there twice.
        UsageError: there are timestamps and rfc3161-client is not installed.
    """
    if len(set(stamps)) != len(stamps):
        raise ValueError("a timestamp is there twice")
    times = tuple(_time(stamp, signature, root) for stamp in stamps)
    if len(set(times)) != len(times) and len(root.timestamp_authorities) < len(times):
        raise ValueError("a timestamp is there twice")
    return times


def _time(stamp: bytes, signature: bytes, root: TrustedRoot) -> datetime:
    if not root.timestamp_authorities:
        raise ValueError(f"there is a timestamp, and no timestamp authority in {root.source}")
    read = read_timestamp(stamp)
    reasons = []
    for authority in root.timestamp_authorities:
        try:
            check_timestamp(read, signature, authority)
        except ValueError as exc:
            reasons.append(str(exc))
        else:
            return read.when
    raise ValueError(f"a timestamp does not verify: {'; '.join(reasons[:4])}")


@dataclass(frozen=True, slots=True)
class ReadTimestamp:
    """A timestamp as it claims to be; nothing in it has been verified."""

    data: bytes = field(repr=False)
    response: "TimeStampResponse" = field(repr=False)
    when: datetime
    nonce: int | None
    signers: frozenset[tuple[x509.Name, int]]
    """Issuer and serial number of the certificates that are said to have signed it."""


def read_timestamp(stamp: bytes) -> ReadTimestamp:
    """Return what is in a timestamp response.

    Raises:
        ValueError: not one, or too long.
        UsageError: rfc3161-client is not installed.
    """
    try:
        from rfc3161_client import decode_timestamp_response
    except ModuleNotFoundError as exc:
        raise UsageError(
            "there is a timestamp, and this installation cannot verify one",
            hint="pip install 'lastmile-audit[keyless]'",
        ) from exc
    if len(stamp) > MAX_STAMP:
        raise ValueError("a timestamp is too long")
    try:
        response = decode_timestamp_response(stamp)
        info, signed = response.tst_info, response.signed_data
        signers = frozenset((one.issuer, one.serial_number) for one in signed.signer_infos)
        return ReadTimestamp(stamp, response, info.gen_time, info.nonce, signers)
    # Malformed parts raise what they like when they are looked at.
    except Exception as exc:
        raise ValueError("a timestamp cannot be read") from exc


def check_timestamp(read: ReadTimestamp, message: bytes, authority: Authority) -> None:
    """Return if a timestamp is the authority's over `message`, and the authority counted then.

    Raises:
        ValueError: it is not, with the reason.
    """
    from rfc3161_client import VerifierBuilder

    if len(authority.chain) < 2:
        raise ValueError("the authority's chain is not complete")
    signer, *between, anchor = authority.chain
    builder = VerifierBuilder().tsa_certificate(signer).add_root_certificate(anchor)
    for one in between:
        builder = builder.add_intermediate_certificate(one)
    try:
        with warnings.catch_warnings():
            # The library reads the certificates that came with it, and warns about malformed ones.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            builder.build().verify_message(read.response, message)
    # A spoiled certificate raises errors without a common base; whatever it is, nothing is vouched.
    except Exception as exc:
        what = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise ValueError(what[:120].lower()) from exc
    check_signer(read.data, signer.public_bytes(Encoding.DER))
    if not authority.window.holds(read.when):
        raise ValueError(f"{authority.uri} did not count at {read.when.isoformat()}")
    for one in authority.chain:
        if not one.not_valid_before_utc <= read.when <= one.not_valid_after_utc:
            raise ValueError(f"a certificate of {authority.uri} was not valid then")
    purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if set(purposes) != {ExtendedKeyUsageOID.TIME_STAMPING}:
        raise ValueError(f"the certificate of {authority.uri} is not for timestamps alone")
