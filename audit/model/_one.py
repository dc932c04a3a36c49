"""One file on its own: what it is by name and by content, and whether that agrees."""

import re

from audit.model._refused import Refused
from audit.model._source import Source
from audit.model.formats import Reading, find_reader
from audit.model.unsafe.numpy_arrays import MAGIC as NUMPY
from audit.model.unsafe.numpy_arrays import require_no_objects
from audit.model.unsafe.packed import packed_refusal
from audit.model.unsafe.pickles import Program, Stream, read_program, refusal
from audit.model.unsafe.programs import require_no_program
from audit.model.unsafe.zips import archive_refusal, find_archive

PICKLED = re.compile(r"\.(?:pkl|pickle|pk|p|dill|joblib|pt|pth|ckpt|bin|pdparams|pdmodel)")
"""Names under which loaders expect a pickle."""

UNKNOWN = "unknown"
KNOWN_STARTS: dict[bytes, str] = {
    NUMPY: "a NumPy array",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"GGUF": "a GGUF file under another name",
    b"ggml": "a GGML file of before GGUF",
    b"tjgg": "a GGML file of before GGUF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
}


def read_one(name: str, source: Source) -> Reading:
    """Return what one file is.

    Raises:
        Refused: it is unsafe, malformed, or of no known format.
    """
    suffix = _suffix(name)
    require_no_program(suffix, source)
    _require_no_archive(source)
    program = _program(source)
    if program.acts:
        raise refusal(program)
    found = find_reader(name)
    if found is not None:
        return found[1](source)
    raise _unknown(suffix, source, program)


def require_raw(source: Source) -> None:
    """Require that a file of raw tensor data is nothing else besides.

    Raises:
        Refused: it is a pickle, an archive or a program as well.
    """
    require_no_program("", source)
    _require_no_archive(source)
    program = _program(source)
    if program.acts:
        raise refusal(program)


def announced(name: str) -> str:
    """Return the format that a file's name announces."""
    found = find_reader(name)
    return UNKNOWN if found is None else found[0]


def _require_no_archive(source: Source) -> None:
    archive = find_archive(source)
    if archive is None:
        return
    refused = archive_refusal(source, archive)
    if source.head(4) != b"PK\x03\x04":
        raise Refused("polyglot", f"the file ends as an archive: {refused.detail}")
    raise refused


def _program(source: Source) -> Program:
    return read_program(Stream(source, 0, source.size), head=source.head(2))


def _unknown(suffix: str, source: Source, program: Program) -> Refused:
    """Return why a file of no accepted format is refused, as exactly as can be told."""
    head = source.head(256)
    try:
        require_no_objects(head)
    except Refused as refused:
        return refused
    packed = packed_refusal(source)
    if packed is not None:
        return packed
    if program.marked or (PICKLED.fullmatch(suffix) and program.streams):
        return refusal(program)
    for start, what in KNOWN_STARTS.items():
        if head.startswith(start):
            return Refused("unknown-format", what)
    if not source.size:
        return Refused("unknown-format", "an empty file")
    return Refused("unknown-format", f"no known format is named {suffix or 'without a suffix'}")


def _suffix(name: str) -> str:
    base = name.rpartition("/")[2].lower()
    stem, dot, ending = base.rpartition(".")
    return dot + ending if stem else ""
