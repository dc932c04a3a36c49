"""The attack matrix through other verifiers: what one of them refuses, we must not accept.

`ALLOWED` names the forms that a peer does not read at all; everything else is a failure.
"""

import base64
import json
import sys
from pathlib import Path

from tests.sigkit.maker import VECTORS

ALLOWED: dict[str, dict[str, str]] = {
    "cosign": {"v2-dsse-entry": "entries dsse 0.0.2 are not read"},
    "sigstore-js": {},
    "sigstore-python": {
        "v2-dsse-entry": "entries dsse 0.0.2 are not read",
        "v2-first-entry-of-a-log": "counts that protobuf JSON leaves out are missed",
        "v2-root-windows-hold-their-ends": "the end of a window is left out of it",
    },
}
Cases = dict[str, tuple[Path, Path, bool]]
"""Bundle file, root file, and whether we accept, by the name of the case."""


def lay_out(folder: Path) -> Cases:
    """Write every case as the files that command lines take."""
    found = {}
    for path in sorted(VECTORS.glob("*-*.json")):
        name, outcome, _ = path.name.rsplit(".", 2)
        vector = json.loads(path.read_bytes())
        bundle, root = folder / f"{name}.json", VECTORS / "root.json"
        bundle.write_bytes(base64.b64decode(vector["bundle"]))
        if "root" in vector:
            root = folder / f"{name}.root"
            root.write_text(json.dumps(vector["root"]))
        found[name] = (bundle, root, outcome == "accept")
    return found


def check(peer: str, verdicts: dict[str, str], ours: Cases) -> None:
    """Compare what a peer says with what we say, and print how many end alike."""
    accepted = {name for name, verdict in verdicts.items() if verdict == "accept"}
    laxer = {n: verdicts[n] for n, (_, _, yes) in ours.items() if yes and n not in accepted}
    both = [name for name, (_, _, yes) in ours.items() if yes and name in accepted]
    sys.stdout.write(
        f"\n{peer}: {len(ours)} cases, {len(both)} accepted by both, "
        f"{len(accepted) - len(both)} refused by us alone, {len(laxer)} not read by it\n"
    )
    unexplained = {name: why for name, why in laxer.items() if name not in ALLOWED[peer]}
    assert not unexplained, "".join(f"\n  {name}: {why}" for name, why in unexplained.items())
    assert set(ALLOWED[peer]) <= set(laxer), "a peer reads more than ALLOWED says"
