"""Keys in a device: PKCS#11, named by URI (RFC 7512).

    pkcs11:token=release;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so

The private key stays where it is; its public half is read beside it and every
signature is checked with it before it is given out. Extra `pkcs11`.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from audit.core.device_uri import SCHEME, parse_device_uri
from audit.core.errors import ConfigError, EvidenceError, UsageError
from audit.sign.keys import _algorithm
from audit.sign.keys._public import PublicKey, public_key


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key in a device, open for as long as this lives."""

    public: PublicKey
    _private: Any = field(repr=False)
    _session: Any = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`.

        Raises:
            EvidenceError: the device did not sign, or not with this key.
        """
        from pkcs11 import Mechanism, PKCS11Error

        math = self.public.math
        digest = hashlib.new(_algorithm.hash_of(math).name, message).digest()
        try:
            if isinstance(math, rsa.RSAPublicKey):
                signature = bytes(self._private.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            else:
                raw = bytes(self._private.sign(digest, mechanism=Mechanism.ECDSA))
                signature = _der(raw)
        except PKCS11Error as exc:
            raise EvidenceError(f"the device did not sign: {type(exc).__name__}") from exc
        if not self.public.verifies(signature, message):
            raise EvidenceError("the device signed with another key than the one it shows")
        return signature

    def close(self) -> None:
        """Log out of the device."""
        self._session.close()


def open_device_key(uri: str, *, pin: bytes | None) -> DeviceKey:
    """Return the key a PKCS#11 URI names.

    Raises:
        UsageError: the extra is not installed, or the URI is malformed or names no module.
        ConfigError: no such token or key, a wrong PIN, or a kind of key that is not used.
    """
    place = parse_device_uri(uri)
    try:
        import pkcs11
        from pkcs11.util.ec import encode_ec_public_key
        from pkcs11.util.rsa import encode_rsa_public_key
    except ModuleNotFoundError as exc:
        raise UsageError(
            "keys in devices need python-pkcs11, which is not installed",
            hint="pip install 'lastmile-audit[pkcs11]'",
        ) from exc
    named: dict[str, Any] = {}
    if place.label is not None:
        named["label"] = place.label
    if place.id is not None:
        named["id"] = place.id
    try:
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        session = token.open(user_pin=pin.decode("utf-8") if pin is not None else None)
        private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, **named)
        shown: Any = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, **named)
        if shown.key_type is pkcs11.KeyType.EC:
            math = load_der_public_key(encode_ec_public_key(shown))
        elif shown.key_type is pkcs11.KeyType.RSA:
            math = _rsa(encode_rsa_public_key(shown))
        else:
            raise ConfigError(f"{uri}: a key of this kind is not used; EC and RSA keys are")
        return DeviceKey(public_key(math), private, session)
    except (pkcs11.PKCS11Error, ValueError, UnicodeDecodeError) as exc:
        what = str(exc).splitlines()[0][:120] if str(exc) else type(exc).__name__
        raise ConfigError(f"{uri}: the key cannot be had: {what}") from exc


def _der(raw: bytes) -> bytes:
    half = len(raw) // 2
    return encode_dss_signature(
        int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    )


def _rsa(pkcs1: bytes) -> rsa.RSAPublicKey:
    key = load_der_public_key(pkcs1)  # PKCS#1 RSAPublicKey is read as well as SPKI
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004
    return key


def is_device_key(name: str) -> bool:
    """Whether a key is named by a PKCS#11 URI."""
    return name.startswith(SCHEME)
