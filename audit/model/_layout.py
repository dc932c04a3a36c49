"""Layout profiles: what a pipeline expects of names, checked on headers alone.

Tensor names come from safetensors headers. Nothing is loaded, renamed or rewritten:
the bytes are signed as they are, and a loader renames for itself.

Trust: patterns are regular expressions of whoever wrote the profile.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from audit.core import strict_json, strict_yaml
from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import LayoutProblem, LayoutProfile, LayoutReport, first_problem
from audit.model._refused import Refused
from audit.model._source import open_source
from audit.model._tree import list_files
from audit.model.formats.safetensors import read_shapes

CONFIG = "config.json"
MAX_CONFIG = 16 << 20
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile that was read, and the SHA-256 of its file."""

    document: LayoutProfile
    digest: str


def load_profile(data: bytes, *, source: str) -> LoadedProfile:
    """Return the profile in the bytes of a YAML file; `source` names it in errors.

    Raises:
        ConfigError: not strict YAML, not a profile, or a pattern that is none.
    """
    text = strict_yaml.loads(data, source=source)
    try:
        document = LayoutProfile.model_validate(text.value)
    except ValidationError as exc:
        line = text.line_of(exc.errors(include_url=False)[0]["loc"])
        raise ConfigError(f"{source}:{line}: {first_problem(exc)}") from exc
    for pattern in _patterns(document):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise ConfigError(f"{source}: {pattern!r} is no pattern: {exc}") from exc
    return LoadedProfile(document, "sha256:" + hashlib.sha256(data).hexdigest())


def check_layout(root: Path, profile: LoadedProfile) -> LayoutReport:
    """Return what under `root` is not as the profile says.

    Raises:
        InputMissing: `root` is not a directory, or something in it cannot be read.
        ModelRefused: it holds a link, FIFO, socket or device.
    """
    files = dict(list_files(root))
    asked = profile.document
    shapes, problems = _read(files)
    problems += _files(files, asked)
    problems += _config(files, asked)
    problems += _keys(shapes, asked)
    problems += _pairs(shapes, asked)
    problems += _renamed(shapes, asked)
    return LayoutReport(
        profile=asked.id, profile_digest=profile.digest, keys=len(shapes), problems=tuple(problems)
    )


def renamed(key: str, profile: LayoutProfile) -> str:
    """Return what a loader calls a key."""
    for rule in profile.keys.rename:
        if match := re.match(rule.pattern, key):
            return match.expand(rule.to) + key[match.end() :]
    return key


def _patterns(profile: LayoutProfile) -> Iterator[str]:
    keys = profile.keys
    yield from (*profile.files.forbid, *profile.files.require, *keys.forbid)
    yield from (one.pattern for one in profile.config.values() if one.pattern)
    for space in keys.namespaces:
        yield from (space.any, space.must)
    yield from (pair.first for pair in keys.pairs)
    yield from (rename.pattern for rename in keys.rename)


def _problem(reason: str, where: str, detail: str) -> LayoutProblem:
    return LayoutProblem(reason=reason, where=where, detail=detail)


def _read(files: Mapping[str, Path]) -> tuple[Shapes, list[LayoutProblem]]:
    shapes: dict[str, tuple[int, ...]] = {}
    problems = []
    for name, path in files.items():
        if name.endswith(".safetensors"):
            try:
                with open_source(path) as source:
                    found = read_shapes(source)
            except Refused as refused:
                problems.append(_problem("file-refused", name, str(refused)))
                continue
            problems += [
                _problem("key-twice", key, "in two files") for key in found if key in shapes
            ]
            shapes |= found
    return shapes, problems


def _files(files: Mapping[str, Path], profile: LayoutProfile) -> Iterator[LayoutProblem]:
    for name in files:
        for pattern in profile.files.forbid:
            if re.fullmatch(pattern, name):
                yield _problem("file-forbidden", name, f"matches {pattern}")
    for pattern in profile.files.require:
        if not any(re.fullmatch(pattern, name) for name in files):
            yield _problem("file-missing", pattern, "no file matches")


def _config(files: Mapping[str, Path], profile: LayoutProfile) -> Iterator[LayoutProblem]:
    if not profile.config:
        return
    if CONFIG not in files:
        yield _problem("file-missing", CONFIG, "no such file")
        return
    value = strict_json.loads(read_bounded(files[CONFIG], limit=MAX_CONFIG), source=CONFIG)
    for name, rule in profile.config.items():
        found: Any = value.get(name) if isinstance(value, dict) else None
        if found is None:
            yield _problem("config-missing", name, f"{CONFIG} has no such member")
        elif rule.type == "object" and not isinstance(found, dict):
            yield _problem("config-type", name, "is no object")
        elif rule.type == "text" and not isinstance(found, str):
            yield _problem("config-type", name, "is no text")
        elif rule.pattern and not (isinstance(found, str) and re.fullmatch(rule.pattern, found)):
            yield _problem("config-value", name, f"{str(found)[:80]!r} does not match")


def _keys(shapes: Shapes, profile: LayoutProfile) -> Iterator[LayoutProblem]:
    for key in sorted(shapes):
        for pattern in profile.keys.forbid:
            if re.fullmatch(pattern, key):
                yield _problem("key-forbidden", key, f"matches {pattern}")
        for space in profile.keys.namespaces:
            if re.fullmatch(space.any, key) and not re.fullmatch(space.must, key):
                yield _problem("key-namespace", key, f"does not match {space.must}")


def _pairs(shapes: Shapes, profile: LayoutProfile) -> Iterator[LayoutProblem]:
    for pair in profile.keys.pairs:
        for key in sorted(shapes):
            if not (match := re.fullmatch(pair.first, key)):
                continue
            other = match.expand(pair.second)
            if other not in shapes:
                yield _problem("pair-missing", key, f"there is no {other}")
            elif _rank(shapes[key], 0) != _rank(shapes[other], 1):
                shown = f"{list(shapes[key])} and {list(shapes[other])} of {other}"
                yield _problem("rank-mismatch", key, f"{shown} have no rank in common")


def _rank(shape: tuple[int, ...], at: int) -> int | None:
    return shape[at] if len(shape) == 2 else None


def _renamed(shapes: Shapes, profile: LayoutProfile) -> Iterator[LayoutProblem]:
    seen: dict[str, str] = {}
    for key in sorted(shapes):
        name = renamed(key, profile)
        if name in seen:
            yield _problem("rename-collision", key, f"a loader calls it {name}, as {seen[name]}")
        seen[name] = key
