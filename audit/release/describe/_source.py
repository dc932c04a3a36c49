"""A source file: parsed once from the very bytes whose digest is recorded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import Fact

MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A JSON object read from a file, and the SHA-256 of the bytes it was read from."""

    path: Path
    sha256: str
    value: Mapping[str, Any]

    def fact(self, name: str, value: str, pointer: str) -> Fact:
        """Return a fact that was read from this file at `pointer`."""
        return Fact(
            name=name,
            value=value,
            source=self.path.name,
            source_digest=self.sha256,
            pointer=pointer,
        )


def read_source(path: Path) -> JsonSource:
    """Return the JSON object in a file.

    Raises:
        InputMissing: not there or not readable.
        ConfigError: not strict JSON, or not an object.
    """
    data = read_bounded(path)
    value = strict_json.loads(data, source=str(path))
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return JsonSource(path, "sha256:" + hashlib.sha256(data).hexdigest(), value)


def as_number(value: object, *, where: str) -> str:
    """Return a JSON number as it was written.

    Raises:
        ConfigError: not a number, or not a finite one.
    """
    if isinstance(value, bool) or not isinstance(value, int | strict_json.Number):
        raise ConfigError(f"{where}: expected a number, found {_kind(value)}")
    text = str(value)
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation:  # an exponent beyond what Decimal takes
        finite = False
    if not finite or len(text) > MAX_TEXT:
        raise ConfigError(f"{where}: not a number that can be compared")
    return text


def as_text(value: object, *, where: str) -> str:
    """Return a scalar as text: a number as it was written, or a short string.

    Raises:
        ConfigError: neither, or longer than `MAX_TEXT`, or with control characters.
    """
    if isinstance(value, str) and not isinstance(value, strict_json.Number):
        if not 0 < len(value) <= MAX_TEXT or not value.isprintable():
            raise ConfigError(f"{where}: expected 1 to {MAX_TEXT} printable characters")
        return value
    return as_number(value, where=where)


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
