"""Tokenizers in the format of `tokenizer.json` (extra `tokenizers`)."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError, InputMissing, UsageError


class JsonTokenizer:
    """The tokenizer a `tokenizer.json` describes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InputMissing: there is no such file.
            UsageError: the library is not installed.
            ConfigError: the file describes no tokenizer.
        """
        if not path.is_file():
            raise InputMissing(f"cannot read {path}: no such file")
        try:
            library = import_module("tokenizers")
        except ImportError as exc:
            raise UsageError(
                f"{path}: reading it needs the library tokenizers",
                hint="pip install 'lastmile-audit[tokenizers]'",
            ) from exc
        try:
            self._inner: Any = library.Tokenizer.from_file(str(path))
        except Exception as exc:
            raise ConfigError(f"{path}: describes no tokenizer") from exc

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text, without special ones."""
        ids: Sequence[int] = self._inner.encode(text, add_special_tokens=False).ids
        return ids
