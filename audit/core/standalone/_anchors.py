"""Anchored checkpoints in a pack: the log signed them, and the pack's tree extends them.

The anchors themselves are timestamps and entries of public logs, which other programs check.
"""

import hashlib
import re
from typing import Any

from audit.core.standalone._archive import Members
from audit.core.standalone._notes import need, unbase64, verify_checkpoint

PARTS = re.compile(r"anchors/([0-9]+)(\.checkpoint|\.consistency|-timestamp-.*|-log-.*)")


def verify_consistency(
    sizes: tuple[int, int], old_root: bytes, root: bytes, path: list[bytes]
) -> None:
    """Return if the tree of the second size extends that of the first (RFC 9162, 2.1.4.2)."""
    old, size = sizes
    need(0 <= old <= size, "no tree extends a larger one")
    need(len(old_root) == 32 == len(root), "a hash that is not 32 bytes")
    if old in (0, size):
        empty = hashlib.sha256(b"").digest()
        need(not path and old_root == (root if old == size else empty), "another tree of this size")
        return
    nodes = path if old & (old - 1) else [old_root, *path]
    need(nodes and path, "the consistency proof is too short")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was = now = nodes[0]
    for one in nodes[1:]:
        need(len(one) == 32 and last > 0, "the consistency proof is too long")
        if at & 1 or at == last:
            was = hashlib.sha256(b"\1" + one + was).digest()
            now = hashlib.sha256(b"\1" + one + now).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            now = hashlib.sha256(b"\1" + now + one).digest()
        at, last = at >> 1, last >> 1
    need((last, was, now) == (0, old_root, root), f"the tree does not extend that of {old}")


def verify_anchored(
    members: Members, policy: dict[str, Any], size: int, root: bytes, origin: str
) -> list[str]:
    """Return which trees were anchored how often; the anchors are not looked at here."""
    anchors: dict[str, list[str]] = {}
    for match in filter(None, map(PARTS.fullmatch, members)):
        anchors.setdefault(match[1], []).append(match[2].split("-")[1] if "-" in match[2] else "")
    told = []
    for old, kinds in anchors.items():
        name = f"anchors/{old}"
        note = members.get(f"{name}.checkpoint", b"")
        lines = members.get(f"{name}.consistency", b"").decode().split("\n")[:-1]
        path = [unbase64(line) for line in lines]
        need(f"{name}.consistency" in members and note, f"{name} is not all there")
        log, old_size, old_root, _, _ = verify_checkpoint(note, policy | {"quorum": "none"})
        need((log, str(old_size)) == (origin, old), f"{name}.checkpoint is of another tree")
        verify_consistency((old_size, size), old_root, root, path)
        stamps, logs = kinds.count("timestamp"), kinds.count("log")
        told.append(f"anchors: {stamps} timestamps and {logs} log entries over the tree of {old}")
    return told
