"""A verifier of evidence packs and receipts that needs nothing but Python, to be handed out.

* `program`: the verifier as one file, which imports nothing of ours
* `FIXED_FILES`: what every pack brings besides, by name
* `verify_pack`, `verify_receipt` and the rest: the same code, for our own use

The modules here import each other and the standard library alone. Handed out,
they are one file: their texts, one after the other.
"""

import hashlib
import re
from importlib.resources import files

from audit.core.standalone._anchors import verify_consistency
from audit.core.standalone._archive import MAX_PACK, read_archive, write_archive
from audit.core.standalone._main import REFUSED
from audit.core.standalone._notes import Undecided
from audit.core.standalone._packs import (
    MAX_PROOFS,
    holds_value,
    tile_name,
    tiles_needed,
    verify_inclusion,
    verify_pack,
)
from audit.core.standalone._receipts import canonical, json_bytes, verify_receipt
from audit.core.standalone._signatures import mldsa_verifies, verifies

_PARTS = ("_signatures", "_receipts", "_notes", "_archive", "_anchors", "_packs", "_main")
_OURS = re.compile(r"^from audit\.\S+ import (\([^)]*\)|.*)\n", re.MULTILINE)
_USAGE = '''"""Verify an evidence pack, or a receipt, with nothing but the Python standard library.

    python3 -I -S verify.py pack PACK.zip [POLICY [RECEIPT-KEY.pem]]
    python3 -I -S verify.py receipt RECORD.json RECEIPT-KEY.pem [TEXT]

POLICY names the log and the witnesses that you trust (C2SP tlog-policy). Have it,
and this program, from somebody you trust: a pack can bring any policy and any
program. Prints what holds and exits 0; exits 10 when something does not, and 3
when all holds together but too few of those you named vouch for it.
"""
'''
_CALL = '\n\nif __name__ == "__main__":\n    sys.exit(main(sys.argv[1:], Path(__file__), __doc__ or ""))\n'


def _read(name: str) -> str:
    return files("audit.core.standalone").joinpath(name).read_text("utf-8")


FIXED_FILES = {"README.md": _read("pack.md"), "check.go": _read("check.go")}


def program() -> str:
    """Return the verifier as one file."""
    text = "\n\n".join([_USAGE, *(_OURS.sub("", _read(f"{part}.py")) for part in _PARTS)]) + _CALL
    for name, content in FIXED_FILES.items():
        text = text.replace(f"@{name}", hashlib.sha256(content.encode()).hexdigest())
    return text


__all__ = [
    "FIXED_FILES",
    "MAX_PACK",
    "MAX_PROOFS",
    "REFUSED",
    "Undecided",
    "canonical",
    "holds_value",
    "json_bytes",
    "mldsa_verifies",
    "program",
    "read_archive",
    "tile_name",
    "tiles_needed",
    "verifies",
    "verify_consistency",
    "verify_inclusion",
    "verify_pack",
    "verify_receipt",
    "write_archive",
]
