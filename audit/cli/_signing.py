"""Options that say who signs: a key in a file, or the identity of a job."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from typing_extensions import override

from audit.core.errors import UsageError
from audit.core.files import read_bounded
from audit.sign import LegacySignature, Signer, load_private_key, sign_legacy, sign_statement
from audit.sign.keyless import KeylessSigner, open_keyless
from audit.sign.keys import is_device_key, open_device_key
from audit.sign.oms import model_statement, sign_model

F = TypeVar("F", bound=Callable[..., Any])
MAX_SECRET = 4096
MAX_TOKEN = 64 << 10

password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Read the private key's password, or the device's PIN, from FILE (- for stdin).",
)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed: the id of the key, and the identity in its certificate if it has one."""

    key: str
    identity: str | None

    @override
    def __str__(self) -> str:
        """Return it as the end of a sentence."""
        return f"as {self.identity}" if self.identity else f"with key {self.key}"


@dataclass(frozen=True, slots=True)
class Hand:
    """Whoever signs in this command."""

    key: Signer | None
    keyless: KeylessSigner | None

    def statement(self, payload: bytes) -> tuple[bytes, Signed]:
        """Return a bundle over `payload`, and who signed it."""
        if self.key is not None:
            return sign_statement(payload, self.key), Signed(self.key.public.key_id, None)
        bundle, found = self._keyless().sign_statement(payload)
        return bundle, Signed(found.key.key_id, self._keyless().identity.identity)

    def model(self, folder: Path, signature: Path) -> tuple[bytes, Signed]:
        """Return an OMS bundle over the files of a folder, and who signed it."""
        if self.key is not None:
            bundle = sign_model(folder, self.key, signature=signature)
            return bundle, Signed(self.key.public.key_id, None)
        return self.statement(model_statement(folder, signature=signature))

    def legacy(self, digest: str, reference: str) -> tuple[LegacySignature, Signed]:
        """Return a legacy signature over `digest` for the repository `reference`, and who signed."""
        if self.key is not None:
            signature = sign_legacy(digest, reference, self.key)
            return signature, Signed(self.key.public.key_id, None)
        signature, found = self._keyless().sign_legacy(digest, reference)
        return signature, Signed(found.key.key_id, self._keyless().identity.identity)

    def _keyless(self) -> KeylessSigner:
        if self.keyless is None:
            raise UsageError("name who signs: --key FILE, or --keyless")
        return self.keyless


def signing_options(command: F) -> F:
    """Add `--key`, `--keyless` and what belongs to them; give the command a `hand`."""

    @click.option(
        "--key", metavar="FILE|URI", help="Sign with a key in a file, or in a device (pkcs11:...)."
    )
    @password_option
    @click.option(
        "--keyless", is_flag=True, help="Sign with the identity of this CI job or of a token."
    )
    @click.option(
        "--trust-config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The Sigstore services to use; the public instance when left out.",
    )
    @click.option(
        "--identity-token",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help="Read the identity token from FILE (- for stdin).",
    )
    @click.option(
        "--allow-email",
        is_flag=True,
        help="Let an e-mail address be published in the log, for ever.",
    )
    @wraps(command)
    def call(*args: Any, **given: Any) -> Any:
        names = ("key", "password_file", "keyless", "trust_config", "identity_token", "allow_email")
        options = {name: given.pop(name) for name in names}
        return command(*args, hand=_hand(options), **given)

    return cast("F", call)


def _hand(given: dict[str, Any]) -> Hand:
    key = cast("str | None", given["key"])
    if (key is None) != given["keyless"]:
        raise UsageError("name who signs: --key FILE, or --keyless")
    if key is not None:
        password = read_password(given["password_file"])
        if is_device_key(key):
            return Hand(open_device_key(key, pin=password), None)
        return Hand(load_private_key(Path(key), password=password), None)
    token = given["identity_token"]
    text = None if token is None else _read(token, MAX_TOKEN).decode("ascii", "replace").strip()
    signer = open_keyless(given["trust_config"], text, allow_email=given["allow_email"])
    return Hand(None, signer)


def read_password(path: Path | None) -> bytes | None:
    """Return the first line of a file or of stdin, or None when no file was named."""
    if path is None:
        return None
    password = _read(path, MAX_SECRET).split(b"\n", 1)[0].removesuffix(b"\r")
    if not password:
        raise UsageError("the password is empty")
    return password


def _read(path: Path, limit: int) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(limit)
    return read_bounded(path, limit=limit)
