"""The manifest of a dataset, and the one digest over it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from blake3 import blake3

from audit.core.canonical import JsonValue, canonical_bytes
from audit.core.progress import SILENT, Progress
from audit.documents import DatasetManifest, FileLine
from audit.fingerprint._hash import hash_file
from audit.fingerprint._tree import list_files, require_paths

SCHEMA = "audit.dataset/v1"


def fingerprint_dataset(roots: Sequence[Path], *, progress: Progress = SILENT) -> DatasetManifest:
    """Return the manifest of every file under `roots`, and their one fingerprint.

    File names count, file times and permissions do not. Entries are taken in
    code-point order of their POSIX path, so every file system gives the same.

    Raises:
        UsageError: no files, or a symbolic link that leaves the tree.
        InputMissing: a path is not there or not readable.
        FileChanged: a file changed while it was hashed.
    """
    require_paths(roots)
    files = list_files(roots)
    progress.start("dataset", sum(path.stat().st_size for _, path in files))
    lines = tuple(
        FileLine(path=name, **hash_file(path, progress=progress).model_dump())
        for name, path in files
    )
    return DatasetManifest(fingerprint=fingerprint_of(lines), files=lines)


def fingerprint_of(lines: Iterable[FileLine]) -> str:
    """Return the dataset fingerprint that `lines` give, as `blake3:hex`.

    BLAKE3 over canonical JSON `{"files":[{"blake3","path","size"},..],"schema":..}`.
    """
    value: dict[str, JsonValue] = {
        "files": [{"blake3": line.blake3, "path": line.path, "size": line.size} for line in lines],
        "schema": SCHEMA,
    }
    return "blake3:" + blake3(canonical_bytes(value)).hexdigest()
