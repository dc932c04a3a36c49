"""Patterns of users, in a YAML file: RE2 syntax, checked when the file is read.

```yaml
patterns:
  - type: EMPLOYEE_ID
    regex: "EMP-[0-9]{6}"
    score: "0.8"
```

RE2 matches in linear time whatever the pattern, so a pattern of a user cannot
stop a gateway. What RE2 does not know (look-around, back references) is refused.
"""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from audit.core import strict_yaml
from audit.core.errors import ConfigError, ExtraMissing
from audit.core.files import read_bounded
from audit.documents import Document, first_problem
from audit.redact._types import Span
from audit.redact.shapes import Shape

Name = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,40}$")]


class UserPattern(Document):
    """One pattern of a user."""

    type: Name
    regex: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    score: float = Field(default=0.8, gt=0, le=1)


class PatternFile(Document):
    """The patterns of a user."""

    format: Literal["audit.redaction-patterns/v1"] = "audit.redaction-patterns/v1"
    patterns: tuple[UserPattern, ...] = Field(max_length=500)


def user_shapes(path: Path) -> list[Shape]:
    """Return the shapes in a file of patterns, for `Redactor(shapes=...)`.

    Raises:
        ConfigError: not such a file, or a pattern that RE2 does not take.
        ExtraMissing: google-re2 is not installed.
    """
    try:
        re2: Any = importlib.import_module("re2")
    except ImportError as exc:
        raise ExtraMissing("google-re2, which patterns of users need,", extra="redact") from exc
    value = strict_yaml.loads(read_bounded(path), source=str(path)).value
    try:
        file = PatternFile.model_validate(value, strict=False)
    except ValidationError as exc:
        raise ConfigError(f"{path}: {first_problem(exc)}") from exc
    return [_shape(re2, path, number, pattern) for number, pattern in enumerate(file.patterns)]


def _shape(re2: Any, path: Path, number: int, pattern: UserPattern) -> Shape:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern.regex, options)
    except re2.error as exc:
        raise ConfigError(f"{path}: patterns.{number}.regex: RE2 does not take it") from exc
    if compiled.search("") is not None:
        raise ConfigError(f"{path}: patterns.{number}.regex: matches the empty text")

    def scan(text: str, emit: Callable[[Span], object]) -> None:
        for match in compiled.finditer(text):
            start, end = match.span()
            emit(Span(start, end, pattern.type, pattern.score))

    # The gates are asked nothing: RE2 itself is as quick.
    named = re.compile(re.escape(pattern.regex))
    return Shape(pattern.type, named, (), r"[\x00-\x{10ffff}]", scan=scan, may=bool)
