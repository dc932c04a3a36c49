"""Packs about a person: selected by the vault's name, with nothing about anybody in the clear."""

from pathlib import Path

import pytest

from audit.ledger import Question, VaultKey, open_ledger, verify_pack
from tests.commandline import Commandline
from tests.fakes.packs import CHECK_POLICY, Seconds, event, pack, sign

ALICE, BOB = "alice@example.org", "bob@example.org"
PAYLOAD = b"my number is 13800138000"
KEY = VaultKey(b"f" * 32, b"w" * 32)


def test_a_pack_about_a_person_has_exactly_their_entries_and_says_nothing_of_them(
    url: str,
) -> None:
    with open_ledger(url, create=True, clock=Seconds()) as ledger:
        vault = ledger.vault(KEY)
        for number in range(9):
            vault.append(event(number), payload=PAYLOAD, subject=BOB if number % 3 else ALICE)
        sign(ledger)
        name, other = vault.find_name(ALICE), vault.find_name(BOB)
        assert name is not None
        assert other is not None
        data = pack(ledger, Question(subjects=(name,)), policy=CHECK_POLICY)
        found = verify_pack(data, CHECK_POLICY, source="p")
        assert [entry.number for entry in found.entries()] == [0, 3, 6]
        assert (found.manifest.selected, found.manifest.end) == (3, 9)
        for secret in (ALICE.encode(), PAYLOAD, other.encode()):
            assert secret not in data
        vault.erase(ALICE)
        assert vault.find_name(ALICE) is None
        sign(ledger)
        again = pack(ledger, Question(subjects=(name,)), policy=CHECK_POLICY)
        kinds = [
            entry.event.type for entry in verify_pack(again, CHECK_POLICY, source="p").entries()
        ]
        assert kinds[-1] == "ledger.erased"  # what is left of them, and that it was erased
        assert len(kinds) == 4


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with open_ledger(str(tmp_path / "a.db"), create=True):
        pass
    (tmp_path / "e.json").write_bytes(event(1).canonical())
    (tmp_path / "p").write_bytes(PAYLOAD)
    return tmp_path


def test_the_vault_tells_the_name_that_entries_have(place: Path, run: Commandline) -> None:
    at = f"--ledger {place}/a.db --vault-key {place}/k"
    assert run(f"audit ledger vault key --out {place}/k").code == 0
    none = run(f"audit ledger vault name {at} --subject {ALICE}")
    assert (none.code, none.out) == (3, "")
    append = f"audit ledger vault append {at} --subject {ALICE} --event {place}/e.json {place}/p"
    leaf = run(append).out
    found = run(f"audit ledger vault name {at} --subject {ALICE}")
    assert found.code == 0
    assert f'"subject":"{found.out.strip()}"' in leaf
    assert ALICE not in leaf
