"""Anchors in evidence packs: which are in, whose word counts, and openssl's verdict on them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core import standalone
from audit.core.errors import VerificationError
from audit.core.standalone import read_archive, verify_consistency
from audit.documents import leaf_hash
from audit.ledger import (
    Ledger,
    PackRequest,
    PackTrust,
    Question,
    anchor_checkpoint,
    export_pack,
    open_ledger,
    verify_pack,
)
from audit.ledger._merkle import consistency_path, tree_root
from audit.sign.anchor import AnchorTrust, write_chains
from audit.sign.trust import TrustedRoot
from tests.fakes.anchors import Anchors
from tests.fakes.ledgers import LOG
from tests.fakes.notes import SeededSigner
from tests.fakes.packs import CHECK_POLICY, START, Seconds, changed, event, mended, pack

EARLY = Question(START + 2 * 10**9, START + 6 * 10**9)
TIME = START // 10**9 + 1000
OUTSIDE = Anchors(TIME)
TRUST = PackTrust(anchors=OUTSIDE.trust)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A log of 31 entries: checkpoints over 10, 18 and 26 were anchored, that over 31 was not."""
    path = tmp_path_factory.mktemp("anchored") / "a.db"
    with open_ledger(str(path), create=True, clock=Seconds()) as ledger:
        for number in range(3):
            ledger.append_many([event(number) for number in range(10 - 4 * bool(number))])
            ledger.checkpoint(LOG)
            OUTSIDE.now = TIME + number
            anchor_checkpoint(ledger, OUTSIDE.makers)
        ledger.append_many([event(number) for number in range(3)])
        ledger.checkpoint(LOG)
        yield ledger


@pytest.fixture(scope="module")
def anchored(log: Ledger) -> bytes:
    tops, below = write_chains(OUTSIDE.trust.root)
    trusted = {"anchors/tsa-roots.pem": tops, "anchors/tsa-chain.pem": below}
    return export_pack(log, PackRequest(EARLY, CHECK_POLICY, trusted=trusted)).data


def anchors(data: bytes) -> list[str]:
    return sorted(name[8:] for name in read_archive(data) if name.startswith("anchors/"))


def test_a_pack_has_the_anchors_that_say_most_of_its_entries(log: Ledger, anchored: bytes) -> None:
    first = ["10-log-1.json", "10-timestamp-1.tsr", "10.checkpoint", "10.consistency"]
    last = [name.replace("10", "26") for name in first]
    assert anchors(anchored) == [*first, *last, "tsa-chain.pem", "tsa-roots.pem"]
    late = Question(START + 12 * 10**9, START + 14 * 10**9)
    assert anchors(pack(log, late, policy=CHECK_POLICY))[:4] == [
        name.replace("10", "18") for name in first
    ]
    beyond = Question(START + 28 * 10**9, None)
    assert anchors(pack(log, beyond, policy=CHECK_POLICY)) == last


def test_whose_word_counts_is_said_with_its_time(anchored: bytes) -> None:
    found = verify_pack(anchored, CHECK_POLICY, source="p", trust=TRUST)
    assert [line for line in found.holds if line.startswith("anchors:")] == [
        "anchors: 1 timestamps and 1 log entries over the tree of 10",
        "anchors: 1 timestamps and 1 log entries over the tree of 26",
    ]
    told = [line for line in found.holds if line.startswith("anchored:")]
    assert len(told) == 4
    assert told[1].startswith("anchored: the first 10 entries, timestamp by ")
    assert told[1].endswith(" at 2026-09-21T14:30:00Z")


def test_anchors_by_nobody_whose_word_counts_are_not_a_yes(log: Ledger, anchored: bytes) -> None:
    stranger = PackTrust(anchors=AnchorTrust(TrustedRoot("nobody", "", (), (), (), ())))
    with pytest.raises(VerificationError, match="none of the 4 anchors in the pack is by"):
        verify_pack(anchored, CHECK_POLICY, source="p", trust=stranger)
    bare = mended({
        name: data
        for name, data in read_archive(anchored).items()
        if not name.startswith("anchors/")
    })  # fmt: skip
    with pytest.raises(VerificationError, match="none of the 0 anchors"):
        verify_pack(bare, CHECK_POLICY, source="p", trust=TRUST)


@pytest.mark.parametrize("ending", ["checkpoint", "consistency"])
def test_an_anchored_checkpoint_that_the_pack_does_not_extend_is_refused(
    anchored: bytes, ending: str
) -> None:
    name = f"anchors/10.{ending}"
    size = len(read_archive(anchored)[name])
    for at in range(0, size, max(size // 25, 1)):
        bad = changed(
            anchored,
            name,
            lambda old, at=at: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :],  # type: ignore[misc]
            mend=True,
        )
        with pytest.raises(VerificationError):
            verify_pack(bad, CHECK_POLICY, source="p")
    members = read_archive(anchored)
    del members[name]
    with pytest.raises(VerificationError, match="is not all there"):
        verify_pack(mended(members), CHECK_POLICY, source="p")


def test_a_spoiled_anchor_is_refused_by_who_can_check_it(anchored: bytes) -> None:
    for name in ("anchors/10-timestamp-1.tsr", "anchors/26-log-1.json"):
        bad = changed(anchored, name, lambda old: old[:-9] + old[-8:], mend=True)
        with pytest.raises(VerificationError):
            verify_pack(bad, CHECK_POLICY, source="p", trust=TRUST)
    members = read_archive(anchored)
    name = "anchors/10-timestamp-1.tsr"
    members[name] = members["anchors/26-timestamp-1.tsr"]  # good, and over another tree
    with pytest.raises(VerificationError, match="timestamp anchor does not hold"):
        verify_pack(mended(members), CHECK_POLICY, source="p", trust=TRUST)


def test_the_program_in_a_pack_counts_anchors_and_does_not_check_them(anchored: bytes) -> None:
    bad = changed(anchored, "anchors/10-timestamp-1.tsr", lambda _: b"nothing", mend=True)
    found = verify_pack(bad, CHECK_POLICY, source="p")
    assert "anchors: 1 timestamps and 1 log entries over the tree of 10" in found.holds


def test_anchors_over_checkpoints_by_another_key_are_left_out(tmp_path: Path) -> None:
    with open_ledger(str(tmp_path / "a.db"), create=True, clock=Seconds()) as ledger:
        ledger.append(event(0))
        ledger.checkpoint(SeededSigner(LOG.name, "the old key"))
        anchor_checkpoint(ledger, OUTSIDE.makers[:1])
        ledger.append(event(1))
        ledger.checkpoint(LOG)
        assert anchors(pack(ledger, policy=CHECK_POLICY)) == []


def test_openssl_verifies_the_timestamp_by_the_command_in_the_readme(
    anchored: bytes, tmp_path: Path
) -> None:
    for name, data in read_archive(anchored).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    readme = (tmp_path / "README.md").read_text("utf-8")
    (line,) = [one.strip() for one in readme.splitlines() if one.startswith("    openssl ts -ver")]
    words = line.replace("SIZE", "10").replace("ROOTS.pem", "anchors/tsa-roots.pem").split()

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run()
    assert (done.returncode, "Verification: OK" in done.stdout) == (0, True), done.stderr
    note = tmp_path / "anchors" / "10.checkpoint"
    note.write_bytes(note.read_bytes() + b"x")
    assert run().returncode != 0


def test_the_commands_with_sha256sum_in_the_readme_give_the_hash_in_the_tile(
    anchored: bytes, tmp_path: Path
) -> None:
    members = read_archive(anchored)
    (tmp_path / "entries.jsonl").write_bytes(members["entries.jsonl"])
    readme = members["README.md"].decode()
    (line,) = [one for one in readme.splitlines() if one.endswith("| sha256sum")]
    found = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, check=True)
    first = bytes.fromhex(found.stdout.split()[0].decode())
    assert first == leaf_hash(members["entries.jsonl"].split(b"\n")[0])
    assert members["tile/0/000.p/31"][2 * 32 : 3 * 32] == first


HASHES = [leaf_hash(bytes([number])) for number in range(40)]


@given(st.integers(0, 40), st.data())
def test_the_programs_consistency_proofs_are_ours(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    path = consistency_path(old, size, lambda start, end: tree_root(HASHES[start:end]))
    before, root = tree_root(HASHES[:old]), tree_root(HASHES[:size])
    verify_consistency((old, size), before, root, path)
    for bad in (
        ((old, size), before[::-1], root, path),
        ((old, size), before, root, [*path, HASHES[0]]),
        ((old, size), before, root, path[:-1]) if path else ((size + 1, size), before, root, path),
        ((old, size), before, root[::-1] if old else root, path if old else [HASHES[0]]),
    ):
        with pytest.raises(ValueError, match=r"tree|proof"):
            verify_consistency(*bad)


def test_the_program_runs_alone_over_a_pack_with_anchors(anchored: bytes, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_text(standalone.program(), "utf-8")
    (tmp_path / "p.zip").write_bytes(anchored)
    (tmp_path / "policy").write_bytes(CHECK_POLICY)
    words = [sys.executable, "-I", "-S", "verify.py", "pack", "p.zip", "policy"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds: anchors: 1 timestamps and 1 log entries over the tree of 10\n" in done.stdout
