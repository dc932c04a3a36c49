"""The command line of the verifier."""

import hashlib
import struct
import sys
from pathlib import Path

from audit.core.standalone._notes import Undecided
from audit.core.standalone._packs import verify_pack
from audit.core.standalone._receipts import verify_receipt

FIXED = {"README.md": "@README.md", "check.go": "@check.go"}
"""The SHA-256 of the files that every pack has alike."""
REFUSED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)
"""What reading hostile bytes can end in: they are refused."""


def _pack(words: list[str], program: bytes) -> list[str]:
    files = {name: {f"sha256:{digest}"} for name, digest in FIXED.items()}
    files["verify.py"] = {"sha256:" + hashlib.sha256(program).hexdigest()}
    policy = Path(words[1]).read_bytes().decode() if len(words) > 1 else None
    pem = Path(words[2]).read_text("ascii") if len(words) > 2 else None
    return verify_pack(Path(words[0]).read_bytes(), policy, pem, files)


def _receipt(words: list[str]) -> list[str]:
    text = Path(words[2]).read_bytes().decode() if len(words) > 2 else None
    return verify_receipt(Path(words[0]).read_bytes(), Path(words[1]).read_text("ascii"), text)


def main(words: list[str], program: Path, usage: str) -> int:
    """Verify what the command line names; return the exit code."""
    kind, *files = words or [""]
    if not {"pack": 1, "receipt": 2}.get(kind, 4) <= len(files) <= 3:
        sys.stderr.write(usage)
        return 2
    try:
        holds = _pack(files, program.read_bytes()) if kind == "pack" else _receipt(files)
    except (Undecided, OSError) as exc:
        sys.stdout.write(f"cannot tell: {exc}\n")
        return 3
    except REFUSED as exc:
        sys.stdout.write(f"does not hold: {exc}\n")
        return 10
    sys.stdout.write("".join(f"holds: {line}\n" for line in holds))
    return 0
