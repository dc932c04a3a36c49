"""Artifacts that somebody with the release key and the right to append made by other means.

Everything about them verifies: signature, ledger, digests. What is wrong with them is
what the gate has to see by itself.
"""

import json
from pathlib import Path
from typing import Any

from audit.documents import COSIGN_SIGN, Verdict
from audit.ledger import open_ledger
from audit.oci import FILE_PATH, MANIFEST_TYPE, Descriptor, Layout, digest_of
from audit.sign import load_note_key, load_private_key, sign_statement, signature_statement


class Forge:
    """The allowed release in `folder`, to be made again otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout.open(folder / "out" / "layout")
        verdict = (folder / "out" / "evidence" / "verdict.json").read_bytes()
        self.digest = Verdict.read(verdict, source="verdict").release.artifact
        self.manifest: dict[str, Any] = json.loads(self.layout.manifest(self.digest))

    def layer(self, path: str) -> dict[str, Any]:
        """The descriptor of a file."""
        found: dict[str, Any] = next(
            one for one in self.manifest["layers"] if one["annotations"][FILE_PATH] == path
        )
        return found

    def put(self, path: str, data: bytes) -> None:
        """Let a file have other bytes, in the manifest and in the configuration."""
        layer = self.layer(path)
        added = self.layout.add_blob(data, media_type=layer["mediaType"])
        layer |= {"digest": added.digest, "size": added.size}
        self.configure(modelfs={"type": "layers", "diffIds": self.diff_ids()})

    def diff_ids(self) -> list[str]:
        """The digests of the layers, in order."""
        return [one["digest"] for one in self.manifest["layers"]]

    def configuration(self) -> dict[str, Any]:
        """The configuration."""
        data = self.layout.blob(self.manifest["config"]["digest"], limit=1 << 20)
        value: dict[str, Any] = json.loads(data)
        return value

    def configure(self, **members: Any) -> None:
        """Let members of the configuration be others."""
        self.replace_config(json.dumps(self.configuration() | members).encode())

    def replace_config(self, data: bytes) -> None:
        """Let the configuration be these bytes."""
        added = self.layout.add_blob(data, media_type="x")
        self.manifest["config"] |= {"digest": added.digest, "size": added.size}

    def release(self) -> str:
        """Sign, record and checkpoint the manifest as it is now; return the artifact's name."""
        data = json.dumps(self.manifest).encode()
        manifest = Descriptor(MANIFEST_TYPE, digest_of(data), len(data))
        blobs = self.layout.path / "blobs" / "sha256"
        (blobs / manifest.digest.removeprefix("sha256:")).write_bytes(data)
        bundle = sign_statement(
            signature_statement(manifest.digest),
            load_private_key(self.folder / "keys" / "release.key"),
        )
        self.layout.attach_bundle(manifest, bundle, predicate_type=COSIGN_SIGN, created=None)
        with open_ledger(f"sqlite:///{self.folder}/out/ledger.db") as ledger:
            packaged = next(ledger.entries(type="release.packaged")).event
            ledger.append(packaged.model_copy(update={"subject": manifest.digest}))
            ledger.checkpoint(load_note_key(self.folder / "keys" / "ledger.key"))
        return f"{self.layout.path}@{manifest.digest}"
