"""Verifying: CPU per bundle, warm; and a whole command line against an empty one."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from audit.oci import Layout
from audit.sign import (
    Expected,
    Identity,
    generate_key,
    load_private_key,
    load_public_key,
    parse_trusted_root,
    sign_statement,
    signature_statement,
    verify_expected,
)
from tests.sigkit.artifacts import model
from tests.sigkit.bundles import DIGEST, OURS, SIGN, compact, good, spki, statement
from tests.sigstack import Stack
from tests.sigstack.stack import EMAIL, NOON
from tools.bench._figure import Figure, measure

ROUNDS = 200
AUDIT = [sys.executable, "-m", "audit"]


def figures() -> Iterator[Figure]:
    yield from warm()
    yield from cold()


def milliseconds(call: Callable[[], object]) -> tuple[float, str]:
    """Return the CPU milliseconds of one call, the least of five runs of many, and the spread."""
    call()
    runs = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(ROUNDS):
            call()
        runs.append((time.process_time() - began) / ROUNDS * 1000)
    return min(runs), f"best of 5 x {ROUNDS}, up to {max(runs):.2f}, load {os.getloadavg()[0]:.1f}"


def warm() -> Iterator[Figure]:
    key = load_public_key(spki(OURS, Encoding.PEM), source="key")
    bundle, by_key = compact(good()), Expected(DIGEST, [key])
    signature = OURS.sign  # the baseline is one signature check, nothing else
    message = b"x" * 300
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    made = signature(message, ec.ECDSA(hashes.SHA256()))
    bare, _ = milliseconds(lambda: key.verifies(made, message))
    value, spread = milliseconds(lambda: verify_expected(bundle, by_key))
    detail = f"{value / bare:.1f} x one P-256 check; {spread}"
    yield Figure("verify a key-managed bundle, ms CPU", value, detail, at_most=0.6)
    stack = Stack()
    root = parse_trusted_root(json.dumps(stack.trusted_root()).encode(), source="root")
    who = [Identity(EMAIL, stack.url)]
    expected = Expected(
        DIGEST,
        identities=who,
        predicate_type=SIGN,
        root=root,
        clock=lambda: int(NOON.timestamp() + 60) * 10**9,
    )
    for version in (1, 2):
        certified = compact(stack.statement_bundle(compact(statement()), version))
        value, spread = milliseconds(partial(verify_expected, certified, expected))
        detail = f"{value / bare:.1f} x one P-256 check; {spread}"
        yield Figure(f"verify a keyless bundle, Rekor v{version}, ms CPU", value, detail, at_most=6)


def cold() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        folder = Path(name)
        layout = Layout.create(folder / "models")
        artifact = model(layout, {"a.gguf": b"weights"})
        generate_key(folder / "k.key", folder / "k.pub")
        signer = load_private_key(folder / "k.key")
        bundle = sign_statement(signature_statement(artifact.digest), signer)
        layout.attach_bundle(artifact, bundle, predicate_type=SIGN)
        command = [*AUDIT, "sign", "verify", f"./models@{artifact.digest}", "--key", "k.pub"]
        samples = [measure(command, cwd=folder) for _ in range(7)]
        empty = [measure([sys.executable, "-c", "pass"]) for _ in range(7)]
        wall = sorted(sample.wall for sample in samples)
        base = sorted(sample.wall for sample in empty)[3]
        detail = f"median of 7, {wall[0]:.2f}..{wall[-1]:.2f}; an empty Python {base:.2f} s"
        yield Figure("audit sign verify of a layout, s wall", wall[3], detail, at_most=0.6)
