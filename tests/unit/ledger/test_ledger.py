"""Append, read, sign, verify: what an honest ledger does, and what it refuses."""

import json
import pickle  # noqa: TID251 - our own bytes, to show that an entry survives it

import pytest
from pydantic import ValidationError

from audit.core.errors import ChainBroken, UsageError, VerificationError
from audit.documents import GENESIS, MAX_ENTRY, Event, leaf_hash
from audit.ledger import open_ledger, read_checkpoint
from audit.ledger._merkle import tree_root
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, SUBJECT, Ticks, event
from tests.fakes.notes import SeededSigner


def test_an_entry_holds_its_event_its_place_and_the_hash_of_the_entry_before(
    url: str,
) -> None:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        first, second = ledger.append_many([event(0), event(1)])
        assert (first.seq, first.prev, first.event) == ("0", GENESIS, event(0))
        assert (second.seq, second.prev) == ("1", leaf_hash(first.leaf()).hex())
        assert list(ledger.entries()) == [first, second]
        assert ledger.append(event(2)).prev == leaf_hash(second.leaf()).hex()


def test_a_leaf_is_the_json_that_the_format_promises(made: str) -> None:
    with open_ledger(made) as ledger:
        leaf = next(ledger.leaves(start=1))
    assert list(json.loads(leaf)) == ["event", "prev", "schema", "seq", "ts_ns"]
    assert (
        leaf
        == json.dumps(
            json.loads(leaf), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
    )


def test_entries_are_found_by_start_subject_and_type(made: str) -> None:
    with open_ledger(made, read_only=True) as ledger:
        found = list(ledger.entries(start=3, subject=SUBJECT, type="release.package"))
        assert [entry.number for entry in found] == [3, 6, 9, 12, 15, 18]
        assert list(ledger.entries(subject="sha256:" + "0" * 64)) == []
        assert ledger.size() == 20


def test_time_does_not_go_back_when_the_clock_does(url: str) -> None:
    clock = Ticks()
    with open_ledger(url, create=True, clock=clock) as ledger:
        before = ledger.append(event(0))
        clock.now -= 2 * 86400 * 10**9
        assert ledger.append(event(1)).ts_ns == before.ts_ns + 1
        ledger.verify()


def test_all_events_of_one_call_are_recorded_or_none(url: str) -> None:
    long = Event(type="a.b", facts={"text": "x" * MAX_ENTRY})
    with open_ledger(url, create=True) as ledger:
        with pytest.raises(UsageError, match="65535 is the most"):
            ledger.append_many([event(0), long])
        assert ledger.size() == 0
        assert ledger.append_many([]) == []


def test_an_entry_may_be_as_long_as_its_bundle_allows_at_any_place(url: str) -> None:
    """Where it will stand is not known when it is handed in: the last place has 19 digits."""
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        empty = ledger.append(Event(type="a.b", facts={"text": ""}))
        room = MAX_ENTRY - len(empty.leaf()) - len(str(2**63 - 1)) + len(empty.seq)
        longest = ledger.append(Event(type="a.b", facts={"text": "x" * room}))
        assert len(longest.model_copy(update={"seq": str(2**63 - 1)}).leaf()) == MAX_ENTRY
        ledger.verify()
        with pytest.raises(UsageError, match="is the most"):
            ledger.append(Event(type="a.b", facts={"text": "x" * (room + 1)}))


def test_a_float_put_into_an_event_around_its_checks_is_refused(url: str) -> None:
    spoiled = event(0).model_copy(update={"facts": {"n": 0.5}})
    with open_ledger(url, create=True) as ledger:
        with pytest.raises(UsageError, match="float"):
            ledger.append(spoiled)
        assert ledger.size() == 0


def test_verify_recomputes_size_and_root_and_says_what_is_covered(made: str) -> None:
    with open_ledger(made) as ledger:
        root = tree_root(leaf_hash(entry.leaf()) for entry in ledger.entries())
        found = ledger.verify(vkeys=(LOG.vkey,))
        assert (found.size, found.root, found.covered, found.pinned) == (20, root.hex(), 19, True)
        assert found.last_checkpoint == ledger.checkpoints()[-1]
        assert found.checkpoint_vkey == LOG.vkey


def test_without_pinned_keys_nothing_is_covered(made: str) -> None:
    with open_ledger(made) as ledger:
        found = ledger.verify()
        assert (found.covered, found.pinned, found.checkpoint_vkey) == (0, False, LOG.vkey)


def test_a_checkpoint_by_another_key_counts_for_nothing(made: str) -> None:
    other = SeededSigner(LOG.name, "other seed")
    with open_ledger(made) as ledger:
        found = ledger.verify(vkeys=(other.vkey,))
        assert (found.covered, found.last_checkpoint, found.pinned) == (0, None, True)


def test_a_checkpoint_is_signed_over_the_head_and_not_twice(made: str) -> None:
    with open_ledger(made) as ledger:
        checkpoint = ledger.checkpoint(LOG)
        assert checkpoint == ledger.checkpoint(LOG)
        assert checkpoint == read_checkpoint(checkpoint.note.encode(), vkeys=(LOG.vkey,))
        assert (checkpoint.size, len(ledger.checkpoints())) == (20, 4)
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 20


def test_a_new_key_of_the_same_log_signs_the_same_tree_again(made: str) -> None:
    other = SeededSigner(LOG.name, "next year")
    with open_ledger(made) as ledger:
        ledger.checkpoint(LOG)
        ledger.checkpoint(other)
        assert ledger.verify(vkeys=(other.vkey,)).covered == 20
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 20


def test_another_log_cannot_sign(made: str) -> None:
    with open_ledger(made) as ledger:
        with pytest.raises(VerificationError, match=r"this log is log\.example/audit"):
            ledger.checkpoint(SeededSigner("other.example/audit"))
        assert len(ledger.checkpoints()) == 3


def test_an_empty_log_can_be_signed(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        assert ledger.checkpoint(LOG).size == 0
        ledger.append(event(0))
        ledger.checkpoint(LOG)
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET size = 19",
        "UPDATE head SET root = last_hash",
        "UPDATE head SET frontier = root",
        "UPDATE head SET last_hash = root",
        "UPDATE head SET last_ns = 0",
        "DELETE FROM head",
    ],
)
def test_nothing_is_appended_to_a_head_that_does_not_fit(
    database: Database, made: str, statement: str
) -> None:
    with database.editor(made) as edit:
        edit(statement)
    with open_ledger(made) as ledger, pytest.raises(ChainBroken):
        ledger.append(event(20))
    with database.editor(made) as edit:
        assert edit("SELECT count(*) FROM entries") == [(20,)]


def test_a_log_does_not_sign_a_tree_that_does_not_extend_what_it_signed(
    database: Database, made: str, url: str
) -> None:
    """The tail after the last checkpoint is honest; the tree before it is another one."""
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        for number in range(20):
            ledger.append(event(number + 100))
    moved = ("checkpoints", "number, size, frontier, vkey, note")
    with database.editor(made) as edit:
        rows = edit(f"SELECT {moved[1]} FROM {moved[0]} ORDER BY number")
        ((notes_hash,),) = edit("SELECT notes_hash FROM head")
    with database.editor(url) as edit:
        for row in rows:
            values = ", ".join(map(database.literal, row))
            edit(f"INSERT INTO {moved[0]} ({moved[1]}) VALUES ({values})")
        edit(f"UPDATE head SET checkpoints = 3, notes_hash = {database.literal(notes_hash)}")
    with (
        open_ledger(url) as ledger,
        pytest.raises(ChainBroken, match="does not extend the tree of 19 entries signed last"),
    ):
        ledger.checkpoint(LOG)


def test_an_event_repeated_with_its_key_is_recorded_once(url: str) -> None:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        first = ledger.append(event(1), key="request-1")
        assert ledger.append(event(1), key="request-1") == first
        again = ledger.append_many(
            [event(1), event(2), event(1)], keys=["request-1", "2", "request-1"]
        )
        assert [entry.number for entry in again] == [0, 1, 0]
        assert ledger.append(event(1)).number == 2
        ledger.verify()


def test_a_key_that_names_another_event_is_refused(url: str) -> None:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append(event(1), key="one")
        for events, keys in (([event(2)], ["one"]), ([event(3), event(4)], ["new", "new"])):
            with pytest.raises(UsageError, match="names another event already"):
                ledger.append_many(events, keys=keys)
        assert ledger.size() == 1
        for key in ("", "a b", "é", "x" * 201):
            with pytest.raises(UsageError, match="printable ASCII"):
                ledger.append(event(5), key=key)


def test_an_entry_returned_is_the_entry_recorded(url: str) -> None:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        made = ledger.append_many([event(number) for number in range(4)])
        read = list(ledger.entries())
        assert made == read
        assert [entry.leaf() for entry in made] == list(ledger.leaves())
        assert made[0].model_dump(mode="json") == read[0].model_dump(mode="json")
        assert made[0].model_copy(deep=True) == read[0]
        assert pickle.loads(pickle.dumps(made[0])) == read[0]  # noqa: S301
        with pytest.raises(ValidationError, match="frozen"):
            made[0].seq = "9"  # type: ignore[misc]
