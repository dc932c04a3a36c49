"""Keys for signed notes (C2SP signed-note), with which a log signs its checkpoints.

The private file holds one line `PRIVATE+KEY+name+hash+base64`, as Go's note
package writes it; the verifier key is `name+hash+base64`.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.sign import _base64

_NAME = re.compile(r"[!-*,-~]{1,200}")  # printable ASCII without space and plus
_FILE = re.compile(rb"PRIVATE\+KEY\+([!-*,-~]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})\n?")
_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 key that signs notes under a name."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def vkey(self) -> str:
        """The verifier key, `name+hash+base64`."""
        material = _ED25519 + self._key.public_key().public_bytes_raw()
        return f"{self.name}+{_hash(self.name, material).hex()}+{_base64.encode(material)}"

    def sign_note(self, text: bytes) -> bytes:
        """Return the 64-byte signature over a note's text."""
        return self._key.sign(text)


def generate_note_key(private: Path, *, name: str) -> str:
    """Make an Ed25519 note key, write it with mode 0600, and return its verifier key.

    Raises:
        UsageError: the file is already there, or `name` is not printable ASCII
            without spaces and plus signs.
        StorageFailed: the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a note key: printable ASCII, no space, no plus")
    if private.exists() or private.is_symlink():
        raise UsageError(f"{private} is already there; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    note_key = NoteKey(name, key)
    digest = note_key.vkey.split("+")[1]
    secret = _base64.encode(_ED25519 + key.private_bytes_raw())
    with write_whole(private, mode=0o600, replace=False) as file:
        file.write(f"PRIVATE+KEY+{name}+{digest}+{secret}\n".encode("ascii"))
    return note_key.vkey


def load_note_key(path: Path) -> NoteKey:
    """Return the note key in a file.

    Raises:
        InputMissing: the file is not there or cannot be read.
        ConfigError: not a note key, or its hash is not the one of its name and key.
    """
    match = _FILE.fullmatch(read_bounded(path, limit=1024))
    if match is None:
        raise ConfigError(
            f"{path}: not a note key", hint="make one: audit sign key generate --help"
        )
    name, digest, text = (group.decode("ascii") for group in match.groups())
    try:
        material = _base64.decode(text)
    except ValueError as exc:
        raise ConfigError(f"{path}: the note key is {exc}") from exc
    if material[:1] != _ED25519 or len(material) != 33:
        raise ConfigError(f"{path}: not an Ed25519 note key")
    key = NoteKey(name, Ed25519PrivateKey.from_private_bytes(material[1:]))
    if key.vkey.split("+")[1] != digest:
        raise ConfigError(f"{path}: the note key's hash is not the one of its name and key")
    return key


def _hash(name: str, material: bytes) -> bytes:
    # C2SP signed-note: SHA-256(name || 0x0A || type || key), first four bytes.
    return hashlib.sha256(name.encode("ascii") + b"\n" + material).digest()[:4]
