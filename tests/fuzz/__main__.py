"""Coverage-guided fuzzing of everything that reads foreign bytes: `make fuzz [ARGS="TARGET SECONDS"]`.

`ARGS="all 60"` gives each target a minute.

A target may refuse with one of our errors. Anything else it raises is a finding,
and so is a yes for bytes that no vector says yes to.
"""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["audit"]):
    from audit.core.errors import AuditError, VerificationError
    from audit.ledger import Question, open_ledger, verify_pack
    from audit.oci import parse_index, parse_manifest
    from audit.sign import (
        Expected,
        Identity,
        LegacySignature,
        load_public_key,
        parse_trusted_root,
        simple_payload,
        verify_expected,
        verify_legacy,
    )
    from audit.sign._dsse import Envelope
    from audit.sign._timestamp_signer import check_signer
    from audit.sign.bundle._statement import check_statement
    from audit.sign.certificate._pattern import compile_pattern
    from audit.sign.keys import _cosign_file
    from audit.sign.legacy import legacy_from_bundle
    from audit.sign.log._checkpoint import verify_checkpoint
    from tests.fakes import packs
    from tests.sigkit import bundles, keyless
    from tests.sigstack.stack import EMAIL, NOON, Stack

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


ANNOTATIONS = (
    "dev.cosignproject.cosign/signature",
    "dev.sigstore.cosign/certificate",
    "dev.sigstore.cosign/bundle",
    "dev.sigstore.cosign/rfc3161timestamp",
)


def legacy(data: bytes) -> None:
    payload, *texts = data.split(b"\0")
    notes = {
        name: text.decode("utf-8", "replace")
        for name, text in zip(ANNOTATIONS, texts, strict=False)
        if text
    }
    found = verify_legacy(LegacySignature(payload, notes), ASKED)
    assert found.payload == LEGACY.payload, "a yes that nobody signed"


def legacy_seed() -> LegacySignature:
    """Return a signature of the older form that verifies."""
    stack = Stack()
    stack.trusted_root()
    signer = stack.signer()
    payload = simple_payload(bundles.DIGEST, "example.org/acme/model")
    signature = signer.sign(payload)
    digest = hashlib.sha256(payload).digest()
    made = stack.artifact_bundle(digest, 1, signature=signature, signer=signer)
    return legacy_from_bundle(payload, made)


def timestamp(data: bytes) -> None:
    # Whoever can write the attributes can name any certificate; their signature is checked before.
    check_signer(data, b"certificate")


def statement(data: bytes) -> None:
    envelope = Envelope(bundles.INTOTO, data, b"unsigned")
    check_statement(envelope, digest=bundles.DIGEST, predicate_type=bundles.SIGN)


def pattern(data: bytes) -> None:
    text, _, name = data.decode("utf-8", "replace").partition("\n")
    compile_pattern(text).matches(name[:200])


LEGACY = legacy_seed()


def made_pack() -> bytes:
    with TemporaryDirectory() as folder, open_ledger(f"{folder}/a.db", create=True) as ledger:
        ledger.append_many([packs.event(number) for number in range(5)])
        packs.sign(ledger)
        question = Question(subjects=("pseudonym-1",))
        return packs.pack(ledger, question, policy=packs.CHECK_POLICY)


def pack(data: bytes) -> None:
    try:
        verify_pack(data, packs.CHECK_POLICY, source="p")
    except VerificationError:
        return
    assert data == Path(".fuzz/pack/good").read_bytes(), "a yes for another pack"


TARGETS: dict[str, Callable[[bytes], object]] = {
    "bundle": bundle,
    "checkpoint": checkpoint,
    "legacy": legacy,
    "timestamp": timestamp,
    "statement": statement,
    "pattern": pattern,
    "manifest": lambda data: (
        parse_manifest(data, source="m"),
        parse_index(data, source="i"),
    ),
    "pack": pack,
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
    elif name == "legacy":
        notes = [LEGACY.annotations.get(name, "").encode() for name in ANNOTATIONS]
        (folder / "good").write_bytes(b"\0".join([LEGACY.payload, *notes]))
        (folder / "key").write_bytes(b"\0".join([LEGACY.payload, notes[0]]))
    elif name == "timestamp":
        stack = Stack()
        (folder / "stamp").write_bytes(stack.tsa.stamp(b"signature", NOON))
    elif name == "statement":
        (folder / "statement").write_bytes(keyless.PAYLOAD)
    elif name == "pattern":
        (folder / "pattern").write_bytes(rb"^(a|[b-d]+?){1,3}\.\w*$" + b"\nabc.d")
    elif name == "pack":
        (folder / "good").write_bytes(made_pack())
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
    names = sys.argv[1:2] if sys.argv[1:2] not in ([], ["all"]) else list(TARGETS)
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
