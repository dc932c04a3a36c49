"""A registry on loopback: memory and speed of large blobs, and writers at once."""

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from audit.documents import COSIGN_SIGN
from audit.oci import Layout, copy, open_store, parse_place
from tests.ocikit.processes import CACHE, REGISTRIES
from tests.sigkit.artifacts import model
from tools.bench._figure import Figure, measure

GIB = 1 << 30
SIZE = 10 * GIB
AUDIT = [sys.executable, "-m", "audit"]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        folder = Path(name)
        if shutil.which("docker-registry") and shutil.which("curl"):
            with REGISTRIES["docker-registry"](folder) as host:
                yield from large(folder, host)
        else:
            print("skipped: docker-registry or curl is not installed")
    for kind, needed in (("docker-registry", None), ("crane", CACHE / "bin")):
        if not (shutil.which(kind) or (needed and shutil.which(kind, path=str(needed)))):
            print(f"skipped: {kind} is not installed (make interop)")
            continue
        with (
            tempfile.TemporaryDirectory(prefix="audit-bench-") as name,
            REGISTRIES[kind](Path(name)) as host,
        ):
            yield writers(Path(name), host, kind)


def large(folder: Path, host: str) -> Iterator[Figure]:
    """Push and pull one sparse blob; the baseline is the same bytes by curl, hashed by nobody."""
    blob = folder / "blob"
    with blob.open("wb") as file:
        file.truncate(SIZE)
    artifact = model(Layout.create(folder / "models"), {"a.gguf": blob})
    layer = next(
        path for path in (folder / "models/blobs/sha256").iterdir() if path.stat().st_size == SIZE
    )
    place = f"{host}/acme/big"
    push = measure([*AUDIT, "oci", "push", "./models:v1", f"{place}:v1"], cwd=folder)
    shutil.rmtree(folder / "models")
    url = f"http://{host}/v2/acme/big/blobs/sha256:{layer.name}"
    down = measure(["curl", "-sf", "-o", str(folder / "by-curl"), url])
    (folder / "by-curl").unlink()
    start = measure_upload(folder, host, blob)
    shutil.rmtree(folder / "data/docker/registry/v2/repositories/acme/curl")
    pulled = f"{place}@{artifact.digest}"
    pull = measure([*AUDIT, "oci", "pull", pulled, "--out", str(folder / "out")], cwd=folder)
    for what, sample, base in (("push", push, start), ("pull", pull, down)):
        rate = f"{SIZE / GIB / sample.wall:.2f} GiB/s"
        yield Figure(f"{what} 10 GiB, peak MiB", sample.peak, rate, at_most=150)
        detail = f"{sample.wall:.1f} s, curl {base.wall:.1f} s, once each"
        yield Figure(
            f"{what} 10 GiB, speed over curl", base.wall / sample.wall, detail, at_least=0.5
        )


def measure_upload(folder: Path, host: str, blob: Path):  # type: ignore[no-untyped-def]
    """Upload the blob by curl to another repository, as one request."""
    script = (
        'set -e; at=$(curl -sf -X POST -D - -o /dev/null "http://$1/v2/acme/curl/blobs/uploads/"'
        " | sed -n 's/^[Ll]ocation: //p' | tr -d '\\r');"
        ' curl -sf -X PATCH -H "Content-Type: application/octet-stream" -T "$2" "$at" -o /dev/null'
    )
    return measure(["sh", "-c", script, "sh", host, str(blob)], cwd=folder)


def writers(folder: Path, host: str, kind: str) -> Figure:
    """Attach 24 bundles from 8 threads at once, and count what is still listed."""
    layout = Layout.create(folder / "models")
    artifact = model(layout, {"a.gguf": b"raced"})
    place = parse_place(f"{host}/acme/raced")
    with open_store(place) as registry:
        copy(layout, registry, artifact.digest)

    def attach(first: int) -> None:
        with open_store(place) as registry:
            for at in range(first, first + 3):
                registry.attach_bundle(artifact, b"bundle %d" % at, predicate_type=COSIGN_SIGN)

    threads = [threading.Thread(target=attach, args=(at * 3,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(place) as registry:
        kept = len(set(registry.bundles(artifact.digest)))
    return Figure(f"24 attaches by 8 threads, kept on {kind}", kept, "of 24", at_least=24)
