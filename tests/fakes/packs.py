"""A log with two witnesses, and packs of it, whole and spoiled."""

import hashlib
import json
from collections.abc import Callable

from audit.core.standalone import read_archive, write_archive
from audit.documents import Event, Named, ReceiptRecord
from audit.ledger import Cosigner, Ledger, PackRequest, Question, export_pack
from audit.ledger._keys import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE
from audit.ledger._ledger import COSIGNATURE
from audit.ledger._note import parse_note
from tests.fakes.ledgers import LOG, SUBJECT

START = 1_790_000_000 * 10**9
WITNESSES = (
    Cosigner.from_seed("w.example/1", ED25519_COSIGNATURE, bytes(32)),
    Cosigner.from_seed("w.example/2", MLDSA44_COSIGNATURE, bytes(range(32))),
)
POLICY = (
    f"# what the reader trusts\nlog {LOG.vkey}\nwitness one {WITNESSES[0].vkey}\n"
    f"witness two {WITNESSES[1].vkey}\ngroup both all one two\nquorum both\n"
).encode()
CHECK_POLICY = f"log {LOG.vkey}\nquorum none\n".encode()


class Seconds:
    """A clock that moves one second each time it is read; entry n is recorded at START + n."""

    def __init__(self) -> None:
        self.now = START - 10**9

    def __call__(self) -> int:
        self.now += 10**9
        return self.now


def event(number: int) -> Event:
    return Event(
        type="gateway.response" if number % 3 else "release.package",
        model_id="acme/qwen-7b" if number % 2 else None,
        subject=SUBJECT if number % 3 == 0 else None,
        inputs=(Named(name="data", digest="blake3:" + f"{number % 5:064x}"),),
        facts={"n": number, "deep": [{"who": f"pseudonym-{number % 4}"}], "text": "é\u2028 \x7f"},
    )


def sign(ledger: Ledger, *, witnesses: tuple[Cosigner, ...] = WITNESSES) -> None:
    """Sign the log's size and root, and have it cosigned."""
    checkpoint = ledger.checkpoint(LOG)
    text = parse_note(checkpoint.note.encode()).text
    for number, witness in enumerate(witnesses):
        line = witness.cosign(text, at=1_790_000_000 + number)
        ledger.attach(checkpoint, COSIGNATURE, f"{line}\n".encode())


def pack(
    ledger: Ledger,
    question: Question = Question(),  # noqa: B008 - frozen
    *,
    policy: bytes = POLICY,
    find_receipt: Callable[[str], ReceiptRecord | None] | None = None,
) -> bytes:
    return export_pack(
        ledger, PackRequest(question=question, policy=policy, find_receipt=find_receipt)
    ).data


def mended(members: dict[str, bytes], **fields: object) -> bytes:
    """Return the archive of members, with a manifest that names them as they are now."""
    manifest = json.loads(members["manifest.json"]) | fields
    manifest["members"] = {
        name: "sha256:" + hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name != "manifest.json"
    }
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return write_archive(members | {"manifest.json": text.encode()})


def changed(data: bytes, member: str, change: Callable[[bytes], bytes], *, mend: bool) -> bytes:
    """Return a pack with one member changed; `mend` changes the manifest's digest as well."""
    members = read_archive(data)
    members[member] = change(members[member])
    return mended(members) if mend else write_archive(members)
