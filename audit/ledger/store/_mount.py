"""On which kind of file system a file lies.

SQLite's WAL needs memory that all writers share. Over a network each host has
its own, so two of them would each believe to be the only writer.
"""

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "fuse.glusterfs"}
)


def network_file_system(path: Path, *, mounts: Path = _MOUNTS) -> str | None:
    """Return the name of the network file system that `path` lies on, if it lies on one.

    Where the system does not say (it is not Linux), None.
    """
    try:
        found = (path if path.exists() else path.parent).stat().st_dev
        text = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    device = f"{os.major(found)}:{os.minor(found)}"
    for line in text.splitlines():
        # proc_pid_mountinfo(5): id parent device root mount options [more...] - type source ...
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [device]:
            kind = after.split(" ")[0]
            return kind if kind in _NETWORK else None
    return None
