"""RELEASE.toml: what a release is made of, as its author wrote it down."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import first_problem
from audit.documents.release import ModelId, Version


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Release(_Table):
    model_id: ModelId
    version: Version


class _Model(_Table):
    path: str


class _Dataset(_Table):
    paths: tuple[str, ...] = Field(min_length=1, strict=False)


class _Training(_Table):
    files: tuple[str, ...] = Field(min_length=1, strict=False)


class _Evaluation(_Table):
    file: str


class _Environment(_Table):
    lock: str


class _Target(_Table):
    layout: str | None = None
    reference: str | None = None


class _Policy(_Table):
    file: str


class _Keys(_Table):
    signing: str | None = None
    ledger: str | None = None


class _File(_Table):
    release: _Release
    model: _Model
    dataset: _Dataset
    training: _Training
    evaluation: _Evaluation | None = None
    environment: _Environment | None = None
    target: _Target = _Target()
    policy: _Policy | None = None
    keys: _Keys = _Keys()


@dataclass(frozen=True, slots=True)
class Recipe:
    """A release as written down; every path is absolute or below the file's folder."""

    source: Path
    model_id: str
    version: str
    model: Path
    dataset: tuple[Path, ...]
    training: tuple[Path, ...]
    evaluation: Path | None
    lock: Path | None
    layout: Path | None
    reference: str | None
    policy: Path | None
    signing_key: Path | None
    ledger_key: Path | None


def read_recipe(source: Path) -> Recipe:
    """Return the release that a RELEASE.toml describes.

    Raises:
        InputMissing: the file is not there or not readable.
        ConfigError: not TOML (with its line), an unknown or missing key.
    """
    file = _parse(source)
    folder = source.parent

    def at(path: str | None) -> Path | None:
        return None if path is None else folder / path

    return Recipe(
        source=source,
        model_id=file.release.model_id,
        version=file.release.version,
        model=folder / file.model.path,
        dataset=tuple(folder / path for path in file.dataset.paths),
        training=tuple(folder / path for path in file.training.files),
        evaluation=at(file.evaluation.file if file.evaluation else None),
        lock=at(file.environment.lock if file.environment else None),
        layout=at(file.target.layout),
        reference=file.target.reference,
        policy=at(file.policy.file if file.policy else None),
        signing_key=at(file.keys.signing),
        ledger_key=at(file.keys.ledger),
    )


def _parse(source: Path) -> _File:
    data = read_bounded(source)
    try:
        return _File.model_validate(tomllib.loads(data.decode("utf-8")))
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{source}: not UTF-8 at byte {exc.start}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{source}: {exc}") from exc
    except ValidationError as exc:
        raise ConfigError(f"{source}: {first_problem(exc)}", hint="see docs/release.md") from exc
