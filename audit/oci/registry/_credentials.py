"""Credentials, from where docker, podman and oras keep them.

`$DOCKER_CONFIG/config.json` (or `~/.docker/config.json`), then podman's
`$XDG_RUNTIME_DIR/containers/auth.json`: per-registry helpers, then the common
helper, then the entry in the file. Looked up only when a registry asks.
"""

import base64
import binascii
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.core.files import read_bounded

MAX_CONFIG = 1 << 20
HELPER_SECONDS = 30
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DOCKER_HUB = "https://index.docker.io/v1/"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and secret, or a token that is exchanged for others."""

    username: str = ""
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


Lookup = Callable[[str], Credentials | None]
"""Gives the credentials for a registry host, or None when there are none."""


def stored_credentials(environ: Mapping[str, str] = os.environ) -> Lookup:
    """Return a lookup in the files and helpers that `environ` points to."""

    def look(host: str) -> Credentials | None:
        for path in _files(environ):
            if path.is_file():
                value = strict_json.loads(read_bounded(path, limit=MAX_CONFIG), source=str(path))
                if not isinstance(value, dict):
                    raise ConfigError(f"{path}: not an object")
                if (found := _in_config(value, host, path)) is not None:
                    return found
        return None

    return look


def _files(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME", "/nonexistent"))
    docker = Path(environ.get("DOCKER_CONFIG", home / ".docker"))
    files = [docker / "config.json"]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        files.append(Path(runtime) / "containers" / "auth.json")
    return files


def _in_config(config: Mapping[str, Any], host: str, path: Path) -> Credentials | None:
    names = [host, f"https://{host}", f"http://{host}"]
    if host == "registry-1.docker.io":
        names = [_DOCKER_HUB, "docker.io", host]
    helpers = config.get("credHelpers")
    for name in names:
        helper = helpers.get(name) if isinstance(helpers, dict) else None
        helper = helper or config.get("credsStore")
        if helper and (found := _from_helper(helper, name, path)):
            return found
    auths = config.get("auths")
    for name in names:
        entry = auths.get(name) if isinstance(auths, dict) else None
        if isinstance(entry, dict) and (found := _from_entry(entry, name, path)):
            return found
    return None


def _from_entry(entry: Mapping[str, Any], name: str, path: Path) -> Credentials | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credentials(identity_token=token)
    text = entry.get("auth")
    if not isinstance(text, str) or not text:
        return None
    try:
        username, colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as exc:
        raise ConfigError(f"{path}: auths: {name}: auth is not base64 text") from exc
    if not colon:
        raise ConfigError(f"{path}: auths: {name}: auth holds no user name and password")
    return Credentials(username, secret.rstrip("\0"))


def _from_helper(helper: object, name: str, path: Path) -> Credentials | None:
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise ConfigError(f"{path}: {helper!r} does not name a credential helper")
    try:
        done = subprocess.run(  # noqa: S603
            [f"docker-credential-{helper}", "get"],
            input=name.encode(),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ConfigError(
            f"{path}: the credential helper docker-credential-{helper} cannot be run: "
            f"{type(exc).__name__}"
        ) from exc
    if done.returncode != 0:  # "not found" and failure look alike in this protocol
        return None
    value = strict_json.loads(done.stdout[:MAX_CONFIG], source=f"docker-credential-{helper}")
    username, secret = (
        (value.get("Username"), value.get("Secret")) if isinstance(value, dict) else (None, None)
    )
    if not isinstance(username, str) or not isinstance(secret, str):
        raise ConfigError(f"docker-credential-{helper}: the answer holds no Username and Secret")
    if username == "<token>":
        return Credentials(identity_token=secret)
    return Credentials(username, secret)
