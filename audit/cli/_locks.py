"""How changes between two lock files are written."""

from collections.abc import Sequence

from audit.documents import LockChange, LockChanges

SAID = {
    "added": "added {0.package} {0.after}",
    "removed": "removed {0.package} {0.before}",
    "version": "changed {0.package}: {0.before} -> {0.after}",
    "hash": "OTHER HASH under the same version: {0.package}\n  before {0.before}\n  after  {0.after}",
}


def write_changes(changes: Sequence[LockChange], form: str) -> str:
    """Return changes as text, or as exactly their JSON document."""
    if form != "text":
        return LockChanges(changes=tuple(changes)).model_dump_json(indent=2) + "\n"
    if not changes:
        return "nothing changed\n"
    worst_first = sorted(changes, key=lambda one: one.kind != "hash")
    return "".join(SAID[one.kind].format(one) + "\n" for one in worst_first)
