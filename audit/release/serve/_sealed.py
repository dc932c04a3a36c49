"""A blob as it was checked, in memory that nobody can write to any more.

The bytes are hashed on their way into an anonymous file, which is then sealed
(memfd_create(2), F_ADD_SEALS in fcntl(2)); what an engine opens is that file. Whoever
can write the layout cannot change what is served, not even this process can.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import StorageFailed, UsageError
from audit.oci import Descriptor, Layout

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@contextlib.contextmanager
def sealed(layout: Layout, blob: Descriptor) -> Iterator[Path]:
    """Give a path, good while the block runs, at which exactly the bytes of `blob` are read.

    Raises:
        EvidenceError: the blob is not there.
        DigestMismatch: other bytes are there now.
        StorageFailed: it does not fit into memory.
        UsageError: this system has no sealed memory.
    """
    if not hasattr(os, "memfd_create"):
        raise UsageError(
            "this system cannot seal a model in memory",
            hint="run an engine of your own, and name it in serve.yaml",
        )
    descriptor = os.memfd_create(blob.digest, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(descriptor, "wb") as file:
        try:
            layout.blob_into(file, blob)
            file.flush()
        except OSError as exc:
            raise StorageFailed(f"blob {blob.digest} does not fit into memory") from exc
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
        yield Path(f"/proc/self/fd/{file.fileno()}")
