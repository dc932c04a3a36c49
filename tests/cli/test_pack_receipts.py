"""Receipts in evidence packs: checked offline by id, and by the program in the pack alone."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.core.standalone import read_archive
from audit.documents import ReceiptRecord
from audit.ledger import open_ledger
from audit.watermark import ReceiptShelf, begun_event, served_event
from tests.cli.conftest import Shell
from tests.fakes.packs import POLICY, changed, sign
from tests.unit.watermark.made import SALT, SIGNER, TEXT, record


def pem(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Place:
    """A ledger of three responses, their receipts on a shelf, keys and a policy."""

    folder: Path
    records: list[ReceiptRecord]

    @property
    def receipt_id(self) -> str:
        return self.records[1].signed.receipt.receipt_id

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def export(self, *more: str) -> tuple[str, ...]:
        return (
            "ledger", "export", "--ledger", self.path("a.db"), "--log-policy", self.path("policy"),
            "--receipts", self.path("shelf.db"), *more, "-o", self.path("p.zip"),
        )  # fmt: skip

    def receipt(self, source: str, *more: str) -> tuple[str, ...]:
        return (
            "watermark", "receipt", "verify", source, "--key", self.path("key.pem"),
            "--pack", self.path("p.zip"), "--log-policy", self.path("policy"), *more,
        )  # fmt: skip

    def alone(self, *words: str) -> tuple[int, str]:
        """Run the program from the pack, with nothing but Python."""
        with zipfile.ZipFile(self.path("p.zip")) as archive:
            archive.extractall(self.folder / "unpacked")
        program = self.folder / "unpacked" / "verify.py"
        done = subprocess.run(
            [sys.executable, "-I", "-S", program, *words],
            capture_output=True, text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path, [record(number) for number in range(3)])
    with (
        open_ledger(place.path("a.db"), create=True) as ledger,
        ReceiptShelf(tmp_path / "shelf.db") as shelf,
    ):
        for one in place.records:
            receipt = one.signed.receipt
            ledger._clock = lambda at=receipt.ts_ns: at  # type: ignore[misc]
            ledger.append(
                begun_event(
                    receipt.receipt_id, receipt.ts_ns, model_id=receipt.model_id,
                    model_digest=receipt.model_digest,
                )
            )  # fmt: skip
            ledger.append(served_event(receipt))
            shelf.add(one, lookup=b"l%d" % receipt.ts_ns)
        sign(ledger)
    (tmp_path / "policy").write_bytes(POLICY)
    (tmp_path / "key.pem").write_bytes(pem(SIGNER.private))
    (tmp_path / "other.pem").write_bytes(pem(Ed25519PrivateKey.from_private_bytes(bytes(32))))
    (tmp_path / "text").write_text(TEXT, "utf-8")
    return place


def test_a_receipt_is_verified_by_its_id_from_a_pack(shell: Shell, place: Place) -> None:
    assert shell(*place.export("--subject", place.receipt_id))[0] == 0
    code, out, _ = shell(*place.receipt(place.receipt_id))
    assert code == 0
    assert out.startswith(f"verified (signature, ledger entry 3): {place.receipt_id}\n")
    other = place.records[0].signed.receipt.receipt_id
    assert shell(*place.receipt(other))[0] == 2
    file = place.folder / "r.json"
    file.write_text(place.records[1].model_dump_json(), "utf-8")
    assert shell(*place.receipt(str(file), "--text", place.path("text")))[0] == 0
    file.write_text(place.records[0].model_dump_json(), "utf-8")
    code, _, err = shell(*place.receipt(str(file)))
    assert (code, "receipt-unrecorded" in err) == (10, True)
    assert shell(*place.receipt(place.receipt_id)[:-2])[0] == 2  # no policy of one's own


def test_receipts_verify_with_the_program_in_the_pack(shell: Shell, place: Place) -> None:
    assert shell(*place.export())[0] == 0
    code, out = place.alone("pack", "p.zip", "policy", "key.pem")
    assert code == 0
    assert "receipts: 3 of the 3 that are named are here, signed by your key\n" in out
    code, out = place.alone("pack", "p.zip", "policy")
    assert "their signatures were not looked at\n" in out
    code, out = place.alone("pack", "p.zip", "policy", "other.pem")
    assert (code, out) == (10, "does not hold: the receipt was signed by another key\n")
    inside = f"unpacked/receipts/{place.receipt_id}.json"
    assert place.alone("receipt", inside, "key.pem")[0] == 0
    key = ("--log-policy", place.path("policy"), "--key", place.path("key.pem"))
    code, out, _ = shell("ledger", "verify-pack", place.path("p.zip"), *key)
    assert (code, "signed by your key" in out) == (0, True)


def test_a_pack_ties_a_receipt_to_its_text_only_when_it_is_told_to(
    shell: Shell, place: Place
) -> None:
    inside = f"unpacked/receipts/{place.receipt_id}.json"
    assert shell(*place.export())[0] == 0
    assert SALT.hex().encode() not in Path(place.path("p.zip")).read_bytes()
    code, out = place.alone("receipt", inside, "key.pem", "text")
    assert (code, out) == (10, "does not hold: the salt was destroyed, no text can be checked\n")
    assert shell(*place.export("--salts"))[0] == 0
    code, out = place.alone("receipt", inside, "key.pem", "text")
    assert (code, out.splitlines()[1]) == (0, "holds: text: the delivered one")
    code, _, _ = shell(*place.receipt(place.receipt_id, "--text", place.path("text")))
    assert code == 0


def test_a_changed_or_swapped_receipt_in_a_pack_is_refused(shell: Shell, place: Place) -> None:
    assert shell(*place.export())[0] == 0
    good = Path(place.path("p.zip")).read_bytes()
    name = f"receipts/{place.receipt_id}.json"
    other = read_archive(good)[f"receipts/{place.records[0].signed.receipt.receipt_id}.json"]
    changes = (
        lambda data: data.replace(b'"tokens":200', b'"tokens":201'),
        lambda data: data.replace(b'"signature":"', b'"signature":"AA', 1).replace(b"==", b"", 1),
        lambda data: data + b" ",
        lambda _: other,
    )
    for change in changes:
        Path(place.path("p.zip")).write_bytes(changed(good, name, change, mend=True))
        assert shell(*place.receipt(place.receipt_id))[0] == 10
    Path(place.path("p.zip")).write_bytes(changed(good, name, changes[0], mend=True))
    code, out = place.alone("pack", "p.zip", "policy", "key.pem")
    assert (code, "is not the one its entry names" in out) == (10, True)
    Path(place.path("p.zip")).write_bytes(changed(good, name, changes[1], mend=True))
    code, out = place.alone("pack", "p.zip", "policy", "key.pem")
    assert code == 10


def test_a_receipt_that_is_not_on_the_shelf_is_missed_by_the_count(
    shell: Shell, place: Place
) -> None:
    Path(place.path("shelf.db")).unlink()
    with ReceiptShelf(place.folder / "shelf.db") as shelf:
        shelf.add(place.records[0], lookup=b"l")
    assert shell(*place.export())[0] == 0
    _, out, _ = shell(
        "ledger", "verify-pack", place.path("p.zip"), "--log-policy", place.path("policy")
    )
    assert "receipts: 1 of the 3 that are named are here" in out
