"""Inspect a set of files: each on its own, then against each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import FileChanged, UsageError
from audit.documents import FileDigests, InspectedFile, ModelInspection
from audit.documents import Refusal as RefusalDocument
from audit.model._names import LONGEST, colliding, require_alone, require_safe
from audit.model._one import announced, read_one
from audit.model._refused import Refused, clip
from audit.model._source import open_source
from audit.model._together import Outcome, settle
from audit.model._tree import list_files
from audit.model.formats import Reading

HashFile = Callable[[Path], FileDigests]

# What a refusal says about the format, when it says more than the name.
SEEN: dict[str, str] = {"pickle": "pickle", "zip": "archive", "archive": "archive", "code": "code"}


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file and the name it has in its model, a relative POSIX path."""

    name: str
    path: Path


def inspect(root: Path, *, hash_file: HashFile) -> ModelInspection:
    """Return what every file under `root` is, or why it is refused.

    The directory is a closed world: nothing in it is passed over. No file of it is
    executed or unpickled, and no more than its header is interpreted.

    Raises:
        InputMissing: `root` is not a directory, or something in it cannot be read.
        UsageError: it holds no files.
        ModelRefused: it holds a symbolic link, FIFO, socket or device, or a name
            that is not UTF-8.
        FileChanged: a file changed while it was inspected.
    """
    listed = list_files(root)
    linked = frozenset(name for name, path in listed if path.stat().st_nlink > 1)
    inspection = _inspect([NamedFile(*one) for one in listed], hash_file, linked)
    if list_files(root) != listed:
        raise FileChanged(
            f"{root} gained or lost files while it was inspected",
            hint="stop the writer and run again",
        )
    return inspection


def inspect_files(files: Sequence[NamedFile], *, hash_file: HashFile) -> ModelInspection:
    """Return what each file of a set is, or why it is refused.

    The set is a closed world: what a file keeps in another one is looked up among
    the names of the set. The files may lie anywhere, such as blobs named by digest.

    Raises:
        InputMissing: a file is not there or cannot be read.
        UsageError: there are no files.
        FileChanged: a file changed while it was inspected.
    """
    if not files:
        raise UsageError("no model files to inspect")
    return _inspect(sorted(files, key=lambda file: file.name), hash_file, frozenset())


def _inspect(
    files: Sequence[NamedFile], hash_file: HashFile, linked: frozenset[str]
) -> ModelInspection:
    collisions = colliding(file.name for file in files)
    read = [_read(file, hash_file, collisions) for file in files]
    paths = {file.name: file.path for file in files}
    alone = {
        file.name: outcome
        for file, (outcome, _) in zip(files, read, strict=True)
        if file.name not in collisions
    }
    settled = settle(alone, paths, linked=linked)
    return ModelInspection(
        files=tuple(
            _document(file.name, settled.get(file.name, outcome), digests)
            for file, (outcome, digests) in zip(files, read, strict=True)
        )
    )


def _read(
    file: NamedFile, hash_file: HashFile, collisions: frozenset[str]
) -> tuple[Outcome, FileDigests]:
    """Return what a file is on its own, and its digests, of the same bytes."""
    with open_source(file.path) as source:
        outcome: Outcome
        try:
            require_safe(file.name)
            require_alone(file.name, collisions)
            outcome = read_one(file.name, source)
        except Refused as refused:
            outcome = refused
        digests = hash_file(file.path)
    return outcome, digests


def _document(name: str, outcome: Outcome, digests: FileDigests) -> InspectedFile:
    shown = clip(name, LONGEST)  # a name in a foreign manifest may not even be Unicode
    if isinstance(outcome, Reading):
        return InspectedFile(
            path=shown,
            format=outcome.format,
            role=outcome.role,
            digests=digests,
            facts=_plain(outcome.facts),
            refusal=None,
        )
    return InspectedFile(
        path=shown,
        format=SEEN.get(outcome.reason.partition("-")[0], announced(name)),
        role=None,
        digests=digests,
        facts={},
        refusal=RefusalDocument(reason=outcome.reason, detail=outcome.detail),
    )


def _plain(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: facts[name] for name in sorted(facts)}
