"""Classes 1, 10 and 11: bits flipped where nothing commits to them, copies beside a leaf, bodies.

Entries, head and checkpoints are in test_tamper.py. Nothing commits to the
other tables: keys save a repeated attempt, attachments prove themselves, the
inbox is covered by promises. A flip there must never make a caller believe
what is not so.
"""

from collections.abc import Iterator

import pytest

from audit.core.errors import (
    AuditError,
    ChainBroken,
    LedgerUnavailable,
    PromiseBroken,
    QuorumMissing,
    UsageError,
)
from audit.documents import Event, leaf_hash
from audit.ledger import open_ledger, parse_policy
from audit.ledger._keys import ED25519_COSIGNATURE
from audit.ledger._ledger import COSIGNATURE
from audit.ledger.witness import Cosigner
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, SUBJECT, Ticks, event
from tests.fakes.rewriting import mend, rewrite_from


def flips(text: str) -> Iterator[str]:
    """Give a text with one bit of each character changed, as long as it is one."""
    for at, mark in enumerate(text):
        for bit in (1, 2, 4, 8, 16):
            changed = chr(ord(mark) ^ bit)
            if changed.isprintable():
                yield text[:at] + changed + text[at + 1 :]


def test_01_a_flip_in_a_key_costs_a_second_record_and_never_an_event(
    database: Database, url: str
) -> None:
    for number, key in enumerate(flips("k1")):
        with open_ledger(url, create=True, clock=Ticks()) as ledger:
            name = f"k1-{number}"
            first = ledger.append(event(number), key=name)
            with database.editor(url) as edit:
                edit(f"UPDATE keys SET key = {database.literal(key)} WHERE key = '{name}'")
            again = ledger.append(event(number), key=name)
            assert again.event == first.event
            assert again.number == first.number + 1
    with open_ledger(url) as ledger:
        ledger.verify()


@pytest.mark.parametrize("bit", [0, 1, 2, 4, 20, 40, 62])
def test_01_a_flip_in_the_place_a_key_names_never_answers_with_another_event(
    database: Database, made: str, bit: int
) -> None:
    with open_ledger(made) as ledger:
        first = ledger.append(event(50), key="fifty")
        with database.editor(made) as edit:
            edit(f"UPDATE keys SET seq = {first.number ^ (1 << bit)}")
        with pytest.raises((UsageError, LedgerUnavailable)):
            ledger.append(event(50), key="fifty")
        assert ledger.verify().size == 21


def test_01_a_flip_anywhere_in_a_stored_cosignature_does_not_count(
    database: Database, made: str
) -> None:
    witness = Cosigner.from_seed("witness.example/w", ED25519_COSIGNATURE, bytes(32))
    policy = parse_policy(
        f"log {LOG.vkey}\nwitness w {witness.vkey}\nquorum w\n".encode(), source="p"
    )
    with open_ledger(made, clock=lambda: 1_790_000_000 * 10**9) as ledger:
        checkpoint = ledger.checkpoints()[-1]
        text = checkpoint.note.encode().partition(b"\n\n")[0] + b"\n"
        line = f"{witness.cosign(text, at=1_790_000_000)}\n".encode()
        ledger.attach(checkpoint, COSIGNATURE, line)
        assert ledger.counted(policy).witnesses
        for at in range(len(line)):
            for bit in (at % 8, 7):
                bad = line[:at] + bytes([line[at] ^ (1 << bit)]) + line[at + 1 :]
                with database.editor(made) as edit:
                    edit(f"UPDATE attachments SET data = {database.literal(bad)}")
                with pytest.raises(AuditError):
                    ledger.counted(policy)
        for statement in (
            f"UPDATE attachments SET checkpoint = 1, data = {database.literal(line)}",
            "UPDATE attachments SET checkpoint = 2, kind = 'cosignaturf'",
            "DELETE FROM attachments",
        ):
            with database.editor(made) as edit:
                edit(statement)
            with pytest.raises((QuorumMissing, AuditError)):
                ledger.counted(policy)


def test_01_a_flip_in_the_inbox_is_recorded_as_what_it_is_or_missed_by_the_promise(
    databases: dict[str, Database],
) -> None:
    database = databases["postgresql"]
    url = database.new()
    edits = {
        "event": "set_byte(event, 40, get_byte(event, 40) # 1)",
        "type": "'a.c'",
        "subject": f"'{SUBJECT[:-1]}0'",
    }
    for number, (column, value) in enumerate(edits.items()):
        with open_ledger(url) as ledger:
            promise = ledger.submit(event(3 * number), signer=LOG, key=f"k{number}", within_ns=0)
            with database.editor(url) as edit:
                edit(f"UPDATE inbox SET {column} = {value}")
            ledger.append(event(90 + number))
            with pytest.raises(PromiseBroken):
                ledger.find_promised(promise)
            assert (
                len(list(ledger.entries(type="ledger.rejected"))) == number
            )  # the first is an event
    with open_ledger(url) as ledger:
        promise = ledger.submit(event(77), signer=LOG, key="mine")
        with database.editor(url) as edit:
            edit("UPDATE inbox SET key = 'thine'")
        ledger.append(event(78))
        assert ledger.find_promised(promise).event == event(77)
        ledger.verify()


@pytest.mark.parametrize("size", [1, 7, 50_000_001])
def test_01_another_partition_size_stops_the_log_or_does_no_harm(
    databases: dict[str, Database], size: int
) -> None:
    database = databases["postgresql"]
    url = database.new()
    with open_ledger(url) as ledger:
        ledger.append_many([event(number) for number in range(3)])
        with database.editor(url) as edit:
            edit(f"UPDATE service SET partition_size = {size}")
        try:
            ledger.append_many([event(number) for number in range(3, 20)])
        except LedgerUnavailable:
            assert ledger.verify().size == 3
        else:
            assert ledger.verify().size == 20


@pytest.mark.parametrize(
    ("column", "other"), [("subject", "NULL"), ("type", "'gateway.response'"), ("ts_ns", "5")]
)
def test_10_a_query_answers_from_no_edited_column_and_verify_names_what_a_query_leaves_out(
    database: Database, made: str, column: str, other: str
) -> None:
    with database.editor(made) as edit:
        edit(f"UPDATE entries SET {column} = {other} WHERE seq = 9")
    with open_ledger(made) as ledger:
        with pytest.raises(ChainBroken, match=f"column {column}"):
            list(ledger.entries())
        with pytest.raises(ChainBroken, match=f"column {column}") as caught:
            ledger.verify()
        assert caught.value.seq == 9


@pytest.mark.parametrize(
    ("facts", "keeps_subject"),
    [({"subject": "x", "more": "y"}, False), ({"subject": None, "type": "x"}, True)],
)
def test_10_a_column_that_reaches_back_into_the_facts_is_found(
    database: Database, url: str, facts: dict[str, str | None], keeps_subject: bool
) -> None:
    """With that column the end of the leaf is spelled as it is; only less of it is looked at."""
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append(event(0))
        entry = ledger.append(Event(type="a.b", subject=SUBJECT, facts=facts))
        leaf = entry.leaf().decode()
        if keeps_subject:
            reach = leaf[leaf.index('"type":"x"') + len('"type":"') : leaf.index('"},"prev"')]
            edits = f"subject = NULL, type = {database.literal(reach)}"
        else:
            reach = leaf[leaf.index('"subject":"x"') + len('"subject":"') : leaf.index('","type"')]
            edits = f"subject = {database.literal(reach)}"
        with database.editor(url) as edit:
            edit(f"UPDATE entries SET {edits} WHERE seq = 1")
        with pytest.raises(ChainBroken, match="column") as caught:
            ledger.verify()
        assert caught.value.seq == 1


def test_10_a_query_cannot_miss_what_an_edited_column_hides_from_it(
    database: Database, made: str
) -> None:
    """It reads by the column; only verify reads everything."""
    with database.editor(made) as edit:
        edit("UPDATE entries SET subject = NULL WHERE seq = 9")
    with open_ledger(made) as ledger:
        found = [entry.number for entry in ledger.entries(subject=SUBJECT)]
        assert found == [0, 3, 6, 12, 15, 18]
        with pytest.raises(ChainBroken):
            ledger.verify()


@pytest.mark.parametrize(
    "facts",
    [
        b'{"n":1,"n":1}',
        b'{"n":2,"a":1}',
        b'{"n":1.0}',
        b'{"n":-0}',
        b'{"n":9007199254740992}',
        b'{"n":"\\ud800"}',
        b'{"n":"\\u0041"}',
        b'{"n": 1}',
        b'{"\xc3\xa9":1}',
        b'{"n":1e2}',
        b'{"n":NaN}',
    ],
)
@pytest.mark.parametrize("at", [0, 19])
def test_11_a_body_in_another_spelling_is_found_though_all_hashes_were_made_anew(
    database: Database, made: str, facts: bytes, at: int
) -> None:
    with database.editor(made) as edit:
        edit("DELETE FROM checkpoints")
    bodies = (b'"facts":', b',"inputs"')

    def respell(seq: int, old: bytes) -> bytes:
        start, end = old.index(bodies[0]) + len(bodies[0]), old.rindex(bodies[1])
        return old[:start] + facts + old[end:] if seq == at else old

    rewrite_from(database, made, at, respell)
    with open_ledger(made) as ledger, pytest.raises(ChainBroken) as caught:
        ledger.verify()
    assert caught.value.seq == at


def test_11_two_texts_that_look_alike_are_two_events(database: Database, made: str) -> None:
    rewrite_from(
        database,
        made,
        19,
        lambda _, old: old.replace("é".encode(), "e\N{COMBINING ACUTE ACCENT}".encode()),
    )
    with open_ledger(made) as ledger:
        ledger.verify()  # nobody had committed to entry 19 yet
    rewrite_from(
        database,
        made,
        18,
        lambda _, old: old.replace("é".encode(), "e\N{COMBINING ACUTE ACCENT}".encode()),
    )
    with open_ledger(made) as ledger, pytest.raises(ChainBroken, match="signed"):
        ledger.verify()


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_12_a_hash_of_another_length_is_found_though_the_head_was_mended(
    database: Database, made: str, length: int
) -> None:
    with database.editor(made) as edit:
        ((leaf,),) = edit("SELECT leaf FROM entries WHERE seq = 19")
        short = (leaf_hash(bytes(leaf)) * 2)[:length]
        edit(f"UPDATE entries SET leaf_hash = {database.literal(short)} WHERE seq = 19")
    mend(database, made)
    with open_ledger(made) as ledger:
        with pytest.raises(ChainBroken, match="does not have the hash") as caught:
            ledger.verify()
        assert caught.value.seq == 19
        with pytest.raises(ChainBroken):
            ledger.append(event(20))
