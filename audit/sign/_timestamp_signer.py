"""What a timestamp's signer put under its signature (RFC 5652, 5.4; RFC 5035; RFC 3161, 2.4.2).

rfc3161-client checks the signature over these attributes and leaves them unread.
One of them names the certificate that counts, so that no other one with the same
key can be put in its place.
"""

import hashlib

from audit.sign._der import OCTETS, OID, SEQUENCE, SET, Item, items, only

SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")  # 1.2.840.113549.1.9.16.2.12
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")  # 1.2.840.113549.1.9.3
SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")  # 1.2.840.113549.1.9.16.2.47
TIMESTAMP_INFO = bytes.fromhex("2a864886f70d0109100104")  # 1.2.840.113549.1.9.16.1.4
_HASHES = {  # 2.16.840.1.101.3.4.2.1 to .3
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


def check_signer(response: bytes, certificate: bytes) -> None:
    """Check that a response is a timestamp whose one signer names this certificate (DER).

    Older authorities name it by SHA-1. That is a name here and no proof: which
    certificate must have signed is known before the response is read.

    Raises:
        ValueError: it is not, or does not name it.
    """
    try:
        named = _named(response)
    except (ValueError, IndexError) as exc:
        raise ValueError("it does not say whose certificate signed it") from exc
    for algorithm, digest in named:
        if hashlib.new(algorithm, certificate, usedforsecurity=False).digest() != digest:
            raise ValueError("it is signed in the name of another certificate")


def _named(response: bytes) -> list[tuple[str, bytes]]:
    """Return the digests by which the one signer names its certificate, at least one."""
    token = only(items(response)).inside(SEQUENCE)[1].inside(SEQUENCE)
    signed = only(token[1].inside(0xA0)).inside(SEQUENCE)
    content, signers = signed[2].inside(SEQUENCE), signed[-1].inside(SET)
    signer = only(signers).inside(SEQUENCE)
    if signer[2].inside(SEQUENCE)[0].data not in _HASHES:
        raise ValueError("the signer's digest is not read")
    attributes = [one.inside(SEQUENCE) for one in signer[3].inside(0xA0)]
    kinds = content[0], only(_values(attributes, CONTENT_TYPE))
    if any((kind.tag, kind.data) != (OID, TIMESTAMP_INFO) for kind in kinds):
        raise ValueError("not a timestamp")
    found = [
        _digest(value, default)
        for kind, default in ((SIGNING_CERTIFICATE, "sha1"), (SIGNING_CERTIFICATE_V2, "sha256"))
        for value in _values(attributes, kind)
    ]
    if not found:
        raise ValueError("no certificate is named")
    return found


def _digest(value: Item, default: str) -> tuple[str, bytes]:
    # RFC 5035, 3: the first certificate named is the signer's.
    parts = value.inside(SEQUENCE)[0].inside(SEQUENCE)[0].inside(SEQUENCE)
    name, digest = default, parts[0]  # RFC 5035, 4: the default is what DER leaves out
    if digest.tag == SEQUENCE:
        name, digest = _HASHES.get(digest.inside(SEQUENCE)[0].data, ""), parts[1]
    if digest.tag != OCTETS or not name:
        raise ValueError("no digest that is read")
    return name, digest.data


def _values(attributes: list[list[Item]], kind: bytes) -> list[Item]:
    """Return the value of the attribute of a kind, which may be there once, or nothing."""
    found = [one[1] for one in attributes if one[0].tag == OID and one[0].data == kind]
    if len(found) > 1:
        raise ValueError("an attribute is there twice")
    return [only(one.inside(SET)) for one in found]
