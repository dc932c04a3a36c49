"""Coverage-guided fuzzing of everything that reads foreign bytes: `make fuzz [ARGS="TARGET SECONDS"]`.

A target may refuse with one of our errors. Anything else it raises is a finding,
and so is a yes for bytes that no vector says yes to.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["audit"]):
    from audit.core.errors import AuditError
    from audit.oci import parse_index, parse_manifest
    from audit.sign import (
        Expected,
        Identity,
        LegacySignature,
        load_public_key,
        parse_trusted_root,
        verify_expected,
        verify_legacy,
    )
    from audit.sign.keys import _cosign_file
    from audit.sign.log._checkpoint import verify_checkpoint
    from tests.sigkit import bundles, keyless
    from tests.sigstack.stack import EMAIL, NOON

ROOT = parse_trusted_root((keyless.VECTORS / "root.json").read_bytes(), source="root")
WHO = [Identity(EMAIL, "http://127.0.0.1:8002")]
LATER = int(NOON.timestamp() + 10**6) * 10**9
ASKED = Expected(bundles.DIGEST, identities=WHO, root=ROOT, clock=lambda: LATER)
PAYLOADS = {keyless.PAYLOAD}


def bundle(data: bytes) -> None:
    found = verify_expected(data, ASKED)
    assert found.payload in PAYLOADS, "a yes that nobody signed"


def checkpoint(data: bytes) -> None:
    verify_checkpoint(data.decode("utf-8", "replace"), ROOT.logs[-1])


def legacy(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    names = ("cosignproject.cosign/signature", "sigstore.cosign/bundle")
    verify_legacy(LegacySignature(data, {f"dev.{name}": text for name in names}), ASKED)
    raise AssertionError("a yes that nobody signed")


TARGETS: dict[str, Callable[[bytes], object]] = {
    "bundle": bundle,
    "checkpoint": checkpoint,
    "legacy": legacy,
    "manifest": lambda data: (
        parse_manifest(data, source="m"),
        parse_index(data, source="i"),
    ),
    "public-key": lambda data: load_public_key(data, source="k"),
    "cosign-key": lambda data: _cosign_file.decrypt(data, b"pw"),
    "trusted-root": lambda data: parse_trusted_root(data, source="r"),
}


def seeds(name: str, folder: Path) -> None:
    """Write what the corpus begins with."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "trusted-root":
        (folder / "root").write_bytes((keyless.VECTORS / "root.json").read_bytes())
    elif name == "bundle":
        for path in keyless.VECTORS.glob("*-*.json"):
            data = base64.b64decode(json.loads(path.read_bytes())["bundle"])
            (folder / path.stem).write_bytes(data)
    elif name == "checkpoint":
        good = json.loads(
            base64.b64decode(
                json.loads((keyless.VECTORS / "v2-good.accept.json").read_bytes())["bundle"]
            )
        )
        entry = good["verificationMaterial"]["tlogEntries"][0]
        (folder / "note").write_text(entry["inclusionProof"]["checkpoint"]["envelope"])


def one(name: str) -> Callable[[bytes], None]:
    target = TARGETS[name]

    def call(data: bytes) -> None:
        try:
            target(data)
        except (AuditError, ValueError):
            return

    return call


def main() -> int:
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        name, seconds, folder = sys.argv[2:5]
        seeds(name, Path(folder))
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", "-rss_limit_mb=2048", folder], one(name)
        )
        atheris.Fuzz()
        return 0
    names = [sys.argv[1]] if len(sys.argv) > 1 else list(TARGETS)
    seconds = sys.argv[2] if len(sys.argv) > 2 else "30"
    for name in names:
        folder = Path(".fuzz") / name
        command = [sys.executable, "-m", "tests.fuzz", "--one", name, seconds, str(folder)]
        code = subprocess.run(command, check=False).returncode
        sys.stdout.write(
            f"fuzz {name}: {'ok' if code == 0 else f'a finding (exit {code}), see above'}\n"
        )
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
