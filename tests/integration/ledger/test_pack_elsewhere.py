"""A pack on a machine without our package: a clean virtual environment, nothing of its own."""

import os
import subprocess
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.core.standalone import read_archive, write_archive
from audit.ledger import Question, open_ledger
from tests.fakes.packs import POLICY, START, WITNESSES, Seconds, changed, event, mended, pack, sign

pytestmark = pytest.mark.slow


class Elsewhere:
    """A folder with a pack's programs, a policy, and a Python that has nothing installed."""

    def __init__(self, folder: Path, data: bytes) -> None:
        venv.create(folder / "clean", with_pip=False)
        self.python = folder / "clean" / "bin" / "python"
        self.folder = folder / "work"
        self.folder.mkdir()
        (folder / "good.zip").write_bytes(data)
        with zipfile.ZipFile(folder / "good.zip") as archive:
            archive.extract("verify.py", self.folder)
        (self.folder / "POLICY").write_bytes(POLICY)
        self.data = data

    def run(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [self.python, "-I", "-S", *words],
            capture_output=True, text=True, check=False, cwd=self.folder,
            env={"PATH": os.defpath}, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def verify(self, data: bytes, *more: str) -> tuple[int, str, str]:
        (self.folder / "PACK.zip").write_bytes(data)
        return self.run("verify.py", "pack", "PACK.zip", *more)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    with open_ledger(str(folder / "a.db"), create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(300)])
        sign(ledger)
        question = Question(START + 250 * 10**9, START + 260 * 10**9, ("pseudonym-1",))
        yield Elsewhere(folder, pack(ledger, question))


def test_our_package_is_not_there(elsewhere: Elsewhere) -> None:
    for name in ("audit", "cryptography", "pydantic"):
        code, _, err = elsewhere.run("-c", f"import {name}")
        assert (code, f"No module named '{name}'" in err) == (1, True)


def test_the_pack_verifies_with_the_program_it_brings(elsewhere: Elsewhere) -> None:
    code, out, err = elsewhere.verify(elsewhere.data, "POLICY")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "holds: checkpoint: 300 entries of log.example/audit, cosigned by "
        "one at 2026-09-21T14:13:20Z, two at 2026-09-21T14:13:21Z",
        "holds: period: 2026-09-21T14:17:30Z..2026-09-21T14:17:40Z: 10 entries from number 250, "
        "none is missing",
        "holds: selection: 2 of them hold pseudonym-1",
        "holds: left out: 8, here as hashes; nobody can see from them what they hold",
    ]


def test_without_a_policy_of_ones_own_it_cannot_tell(elsewhere: Elsewhere) -> None:
    code, out, _ = elsewhere.verify(elsewhere.data)
    assert code == 3
    assert out.endswith("who keeps the log is only what the pack says\n")


def test_a_quorum_that_is_missing_is_not_a_yes(elsewhere: Elsewhere) -> None:
    data = elsewhere.data
    (elsewhere.folder / "MORE").write_bytes(
        POLICY.replace(b"group both all one two", b"group both all one two three").replace(
            b"group", f"witness three {_other()}\ngroup".encode()
        )
    )
    code, out, _ = elsewhere.verify(data, "MORE")
    assert (code, out.splitlines()[-1]) == (3, "that is no quorum")


def _other() -> str:
    return str(type(WITNESSES[0]).from_seed("w.example/3", 4, b"\7" * 32).vkey)


def names(data: bytes) -> list[str]:
    return sorted(read_archive(data))


def test_every_tampering_of_every_member_is_refused(elsewhere: Elsewhere) -> None:
    data = elsewhere.data
    tried = 0
    for name in names(data):
        size = len(read_archive(data)[name])
        for mend in (False, True):
            if mend and name in ("policy", "manifest.json"):
                continue  # what a manifest may say otherwise: tests/unit/ledger/test_pack.py
            for at in {0, size - 1} if mend else {size // 2}:
                bad = changed(
                    data,
                    name,
                    lambda old, at=at: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :],  # type: ignore[misc]
                    mend=mend,
                )
                code, out, err = elsewhere.verify(bad, "POLICY")
                assert (name, code, err) == (name, 10, "")
                assert out.startswith("does not hold: ")
                tried += 1
        members = read_archive(data)
        del members[name]
        bad = write_archive(members) if name == "manifest.json" else mended(members)
        assert elsewhere.verify(bad, "POLICY")[0] == 10
    assert tried >= 2 * len(names(data))


def test_wrong_words_are_exit_2_and_a_missing_file_is_exit_3(elsewhere: Elsewhere) -> None:
    for words in ((), ("pack",), ("receipt", "r.json"), ("other", "a", "b")):
        code, out, err = elsewhere.run("verify.py", *words)
        assert (code, out) == (2, "")
        assert "verify.py pack PACK.zip" in err
    code, out, err = elsewhere.run("verify.py", "pack", "none.zip", "POLICY")
    assert (code, err) == (3, "")
    assert "none.zip" in out
