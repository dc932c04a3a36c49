"""A root key that never leaves its device: HMAC-SHA256 in a PKCS#11 token. Extra `pkcs11`.

The token holds a generic secret of 32 bytes that may sign. It is the pseudo-random
key of HKDF (RFC 5869, 2.3), and the device computes each block of the expansion.
`stored_secret` gives what to import, so that device and file derive the same keys.
"""

import hmac
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.core.device_uri import SCHEME, DeviceUri, parse_device_uri
from audit.core.errors import ConfigError, EvidenceError, ExtraMissing
from audit.core.files import read_bounded
from audit.watermark._keys import KEY_BYTES, LocalRoot, RootKey, read_root

_BLOCK = 32


@dataclass(frozen=True, slots=True)
class DeviceRoot:
    """A root key in a device, open for as long as this lives. Any thread may use it in turn."""

    _key: Any = field(repr=False)
    _session: Any = field(repr=False)

    def derive(self, info: bytes, length: int) -> bytes:
        """Return HKDF-SHA256 of the secret with an empty salt (RFC 5869).

        Raises:
            EvidenceError: the device does not compute.
        """
        from pkcs11 import Mechanism, PKCS11Error

        out, block = b"", b""
        try:
            for number in range(1, -(-length // _BLOCK) + 1):
                message = block + info + bytes([number])
                block = bytes(self._key.sign(message, mechanism=Mechanism.SHA256_HMAC))
                out += block
        except PKCS11Error as exc:
            raise EvidenceError(f"the device derives no key: {type(exc).__name__}") from exc
        return out[:length]

    def close(self) -> None:
        """Log out of the device."""
        self._session.close()


def open_device_root(uri: str, *, pin: bytes | None) -> DeviceRoot:
    """Return the root key that a PKCS#11 URI names.

    Raises:
        UsageError: the URI is malformed or names no module.
        ExtraMissing: the library is not installed.
        ConfigError: no such token or key, a wrong PIN, or a key that may not sign.
    """
    place = parse_device_uri(uri)
    try:
        import pkcs11
    except ModuleNotFoundError as exc:
        raise ExtraMissing("python-pkcs11", extra="pkcs11") from exc
    try:
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        session = token.open(user_pin=pin.decode("utf-8") if pin is not None else None)
        key: Any = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, **_named(place))
        root = DeviceRoot(key, session)
        root.derive(b"", 1)
    except (pkcs11.PKCS11Error, EvidenceError, ValueError, UnicodeDecodeError) as exc:
        what = str(exc).splitlines()[0][:120] if str(exc) else type(exc).__name__
        raise ConfigError(f"{uri}: the root key cannot be had: {what}") from exc
    return root


def open_root(name: str, *, folder: Path = Path(), pin_file: Path | None = None) -> RootKey:
    """Return the root key that `name` names: a file in `folder`, or a PKCS#11 URI.

    `pin_file` holds the device's PIN in its first line, for its owner alone.

    Raises:
        UsageError, ExtraMissing, ConfigError: as `open_device_root` and `read_root`.
        InputMissing: a file is not there.
    """
    if not name.startswith(SCHEME):
        return read_root(folder / name)
    if pin_file is None:
        return open_device_root(name, pin=None)
    pin = read_bounded(pin_file, limit=1024).split(b"\n", 1)[0].strip()
    if pin_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{pin_file}: others can read this PIN", hint=f"chmod 600 {pin_file}")
    return open_device_root(name, pin=pin)


def stored_secret(root: LocalRoot) -> bytes:
    """Return the secret that a device must hold to derive what `root` derives."""
    return hmac.digest(bytes(KEY_BYTES), root.secret, "sha256")


def _named(place: DeviceUri) -> dict[str, Any]:
    named: dict[str, Any] = {}
    if place.label is not None:
        named["label"] = place.label
    if place.id is not None:
        named["id"] = place.id
    return named
