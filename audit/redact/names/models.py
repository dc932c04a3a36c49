"""Model files that come in packages: found without importing them, known by digest.

Nothing is downloaded and none of the packages' code runs; only their data files
are read. A file that is not the one we tested is refused.
"""

import hashlib
import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from audit.core.errors import DigestMismatch, ExtraMissing
from audit.core.files import read_bounded


@cache
def imported(name: str) -> Any:
    """Return an optional library.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        raise ExtraMissing(name, extra="names") from exc


def model_file(package: str, name: str, digest: str) -> bytes:
    """Return the bytes of a data file of an installed package.

    Raises:
        ExtraMissing: the package is not installed, or has no such file.
        DigestMismatch: the file is not the one whose SHA-256 is `digest`.
    """
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    path = Path(places[0]) / name if places else None
    if path is None or not path.is_file():
        raise ExtraMissing(f"the model file {package}/{name}", extra="names")
    data = read_bounded(path)
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise DigestMismatch(f"{package}/{name}", expected=digest, found=found)
    return data


def session(model: bytes) -> Any:
    """Return an onnxruntime session for `model` on one thread of the processor."""
    ort = imported("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
