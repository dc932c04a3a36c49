"""Names of keys in devices: PKCS#11 URIs (RFC 7512), as far as they are used here.

pkcs11:token=release;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from audit.core.errors import UsageError

SCHEME = "pkcs11:"
_URI = re.compile(r"pkcs11:(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
_PATH = frozenset({"token", "object", "id"})
_QUERY = frozenset({"module-path"})


@dataclass(frozen=True, slots=True)
class DeviceUri:
    """A token, a key in it by label or id, and the module that speaks to it."""

    token: str
    module: str
    label: str | None
    id: bytes | None


def parse_device_uri(uri: str) -> DeviceUri:
    """Return what a URI names.

    Raises:
        UsageError: it is no such URI, or names no token, key or module.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise UsageError(f"{uri!r} is not a PKCS#11 URI")
    path = _pairs(match["path"], ";", _PATH, uri)
    query = _pairs(match["query"] or "", "&", _QUERY, uri)
    if "token" not in path or not ({"object", "id"} & set(path)) or "module-path" not in query:
        raise UsageError(
            f"{uri!r} does not name a token, a key in it and a module",
            hint="pkcs11:token=T;object=NAME?module-path=/path/to/module.so",
        )
    identity = path["id"].encode("latin-1") if "id" in path else None
    return DeviceUri(path["token"], query["module-path"], path.get("object"), identity)


def _pairs(text: str, between: str, known: frozenset[str], uri: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(between) if text else []:
        name, equals, value = part.partition("=")
        # A PIN in a URI would be seen by everybody who lists processes.
        if not equals or name not in known or name in found:
            raise UsageError(f"{uri.partition('?')[0]!r}: {name!r} is not read, or is there twice")
        found[name] = unquote(value, encoding="latin-1" if name == "id" else "utf-8")
    return found
