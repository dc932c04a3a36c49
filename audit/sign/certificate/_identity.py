"""Who a Fulcio certificate was issued to, and by which identity provider."""

import re
from dataclasses import dataclass

from cryptography import x509

from audit.sign.certificate._pattern import compile_pattern

ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
"""Fulcio's extensions for the OIDC issuer: raw text, and a DER UTF8String."""
_URI = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
MAX_NAME = 2048
"""Longest identity or issuer that is read, in characters."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity and the provider that vouches for it; both are compared exactly."""

    identity: str
    issuer: str
    pattern: bool = False
    """Whether `identity` is a regular expression, which must match the whole identity."""

    def __post_init__(self) -> None:
        """Refuse what could match by accident.

        Raises:
            ValueError: nothing in either, or a pattern that is none or not read.
        """
        if not self.identity or not self.issuer:
            raise ValueError("an identity needs both a name and an issuer")
        if self.pattern:
            try:
                compile_pattern(self.identity)
            except ValueError as exc:
                raise ValueError(
                    f"{self.identity[:200]!r} is no pattern that is read: {exc}"
                ) from exc

    def names(self, name: str, issuer: str) -> bool:
        """Whether this is `name`, vouched for by `issuer`."""
        if issuer != self.issuer:
            return False
        if self.pattern:
            return compile_pattern(self.identity).matches(name)
        return name == self.identity


def identity_of(leaf: x509.Certificate) -> tuple[str, str]:
    """Return the one identity in a certificate, and its issuer.

    Raises:
        ValueError: none, several, of another kind, or two issuers that differ.
    """
    try:
        names = [*leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value]
    except x509.ExtensionNotFound as exc:
        raise ValueError("the certificate names nobody") from exc
    except (ValueError, x509.UnsupportedGeneralNameType) as exc:
        raise ValueError("the certificate's identity cannot be read") from exc
    if len(names) != 1:
        raise ValueError(f"the certificate names {len(names)} identities, not one")
    [name] = names
    # What looks like the one kind must be the one kind: an address in a URI field is nobody's.
    kinds = ((x509.RFC822Name, _EMAIL), (x509.UniformResourceIdentifier, _URI))
    for kind, shape in kinds:
        if isinstance(name, kind) and len(name.value) > MAX_NAME:
            raise ValueError(f"the certificate's identity is longer than {MAX_NAME} characters")
        if isinstance(name, kind) and shape.fullmatch(name.value):
            return name.value, _issuer(leaf)
    raise ValueError("the certificate's identity is neither an e-mail address nor a URI")


def _issuer(leaf: x509.Certificate) -> str:
    found = []
    for oid, read in ((ISSUER_V1, _text), (ISSUER_V2, _der_text)):
        try:
            value = leaf.extensions.get_extension_for_oid(oid).value
        except x509.ExtensionNotFound:
            continue
        if not isinstance(value, x509.UnrecognizedExtension):
            raise ValueError("the certificate's issuer cannot be read")  # noqa: TRY004
        found.append(read(value.value))
    if not found:
        raise ValueError("the certificate does not say who vouches for its identity")
    if len(set(found)) != 1:
        raise ValueError("the certificate names two issuers that differ")
    return found[0]


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ValueError("the certificate's issuer is not text") from exc
    if not text or not text.isprintable() or len(text) > MAX_NAME:
        raise ValueError("the certificate's issuer is not text")
    return text


def _der_text(data: bytes) -> str:
    # DER UTF8String (tag 12) with a definite length of one or two bytes.
    if data[:1] != b"\x0c" or len(data) < 2:
        raise ValueError("the certificate's issuer is not a UTF8String")
    if data[1] < 0x80:
        head, length = 2, data[1]
    elif data[1] == 0x81 and len(data) > 2 and data[2] >= 0x80:
        head, length = 3, data[2]
    else:
        raise ValueError("the certificate's issuer is not a UTF8String")
    if len(data) != head + length:
        raise ValueError("the certificate's issuer is not a UTF8String")
    return _text(data[head:])
