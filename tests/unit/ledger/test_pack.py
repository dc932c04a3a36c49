"""Evidence packs: what they hold, that they are complete, and that nothing in them can be changed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import (
    ChainBroken,
    EvidenceError,
    QuorumMissing,
    UsageError,
    VerificationError,
)
from audit.core.standalone import read_archive, write_archive
from audit.documents import PackManifest
from audit.ledger import (
    Ledger,
    PackRequest,
    Question,
    TileFolder,
    export_pack,
    export_tiles,
    open_ledger,
    verify_pack,
)
from audit.ledger._checkpoint import sign_checkpoint
from audit.ledger._treehead import TreeHead
from tests.fakes.ledgers import LOG, SUBJECT
from tests.fakes.notes import SeededSigner
from tests.fakes.packs import (
    CHECK_POLICY,
    POLICY,
    START,
    WITNESSES,
    Seconds,
    changed,
    event,
    mended,
    pack,
    sign,
)

SIZE = 40
MIDDLE = Question(START + 10 * 10**9, START + 20 * 10**9)


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A log of 40 entries, one per second, under a checkpoint that two witnesses cosigned."""
    path = tmp_path_factory.mktemp("packs") / "log.db"
    with open_ledger(str(path), create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(SIZE)])
        sign(ledger)
        yield ledger


@pytest.fixture(scope="session")
def middle(log: Ledger) -> bytes:
    """The pack of entries 10 to 19 that hold `pseudonym-1`: 13 and 17."""
    return pack(log, Question(MIDDLE.from_ns, MIDDLE.until_ns, ("pseudonym-1",)))


def manifest(data: bytes) -> PackManifest:
    return verify_pack(data, POLICY, source="p").manifest


def refused(data: bytes) -> str:
    with pytest.raises(VerificationError) as caught:
        verify_pack(data, POLICY, source="p")
    return str(caught.value)


def test_a_pack_is_the_same_from_either_database_and_from_published_tiles(
    url: str, tmp_path: Path
) -> None:
    # Without ML-DSA: a witness signs the same twice with it, and not in the same bytes.
    policy = f"log {LOG.vkey}\nwitness one {WITNESSES[0].vkey}\nquorum one\n".encode()
    packs = []
    for place in (url, str(tmp_path / "again.db")):
        with open_ledger(place, create=True, clock=Seconds()) as ledger:
            ledger.append_many([event(number) for number in range(SIZE)])
            sign(ledger, witnesses=WITNESSES[:1])
            export_tiles(ledger, TileFolder(tmp_path / "tiles"))
            published = PackRequest(MIDDLE, policy, tiles=TileFolder(tmp_path / "tiles"))
            packs += [pack(ledger, MIDDLE, policy=policy), export_pack(ledger, published).data]
    assert len(set(packs)) == 1


def test_a_pack_says_which_entries_it_has_of_how_many(middle: bytes) -> None:
    found = verify_pack(middle, POLICY, source="p")
    assert (found.manifest.first, found.manifest.end, found.manifest.selected) == (10, 20, 2)
    assert not found.manifest.whole
    assert [name for name, _ in found.counted.witnesses] == ["one", "two"]
    assert "10 entries from number 10, none is missing" in found.holds[1]
    assert found.holds[2] == "selection: 2 of them hold pseudonym-1"
    assert found.holds[3].startswith("left out: 8,")
    assert sorted(name for name in found.members if name.startswith("proofs")) == [
        "proofs/13.tlog-proof",
        "proofs/17.tlog-proof",
    ]


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_question_is_answered_with_exactly_the_entries_it_is_about(
    log: Ledger, data: st.DataObject
) -> None:
    seconds = st.none() | st.integers(-3, SIZE + 3).map(lambda n: START + n * 10**9)
    start, until = data.draw(st.tuples(seconds, seconds))
    subjects = st.sampled_from([SUBJECT, "acme/qwen-7b", "pseudonym-2", "nobody", "é\u2028 \x7f"])
    question = Question(
        start, until, tuple(data.draw(st.lists(subjects, max_size=2))), data.draw(st.booleans())
    )
    found = verify_pack(pack(log, question), POLICY, source="p")
    found.check_question(question)
    entries = [
        entry
        for entry in log.entries()
        if (start is None or entry.ts_ns >= start) and (until is None or entry.ts_ns < until)
    ]
    wanted = [entry for entry in entries if question.wants(entry)]
    given_ = entries if question.whole else wanted
    lines = b"".join(entry.leaf() + b"\n" for entry in given_)
    assert found.members["entries.jsonl"] == lines
    assert found.manifest.selected == len(wanted)


def test_a_pack_of_a_log_over_many_tiles_has_those_of_its_period_alone(tmp_path: Path) -> None:
    with open_ledger(str(tmp_path / "a.db"), create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(1300)])
        sign(ledger)
        data = pack(ledger, Question(START + 300 * 10**9, START + 310 * 10**9))
        over = pack(ledger, Question(START + 256 * 10**9, START + 512 * 10**9))
        ends = pack(ledger, Question(START + 1290 * 10**9, None))
    tiles = [name for name in read_archive(data) if name.startswith("tile/")]
    assert tiles == ["tile/0/001", "tile/0/005.p/20", "tile/1/000.p/5"]
    assert manifest(over).selected == 256
    assert manifest(ends).selected == 10


def test_an_empty_log_and_an_empty_period_can_be_shown(url: str) -> None:
    with open_ledger(url, create=True, clock=Seconds()) as ledger:
        sign(ledger)
        assert manifest(pack(ledger)).selected == 0
        ledger.append_many([event(0), event(1)])
        sign(ledger)
        before = Question(None, START)
        assert manifest(pack(ledger, before)).end == 0
        assert manifest(pack(ledger, Question(START + 9 * 10**9, None))).first == 2


def test_entries_after_the_checkpoint_are_counted_and_not_in_it(url: str) -> None:
    with open_ledger(url, create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(0), event(1)])
        sign(ledger)
        ledger.append(event(2))
        found = export_pack(ledger, PackRequest(Question(), POLICY))
        assert (found.later, found.manifest.selected) == (1, 2)


def test_no_pack_is_made_without_the_quorum_of_its_policy(url: str) -> None:
    with open_ledger(url, create=True, clock=Seconds()) as ledger:
        ledger.append(event(0))
        sign(ledger, witnesses=WITNESSES[:1])
        with pytest.raises(QuorumMissing):
            pack(ledger)
        assert verify_pack(pack(ledger, policy=CHECK_POLICY), CHECK_POLICY, source="p")
        with pytest.raises(QuorumMissing, match="that is no quorum"):
            verify_pack(pack(ledger, policy=CHECK_POLICY), POLICY, source="p")


def test_a_pack_is_over_the_last_checkpoint_that_counts_and_not_the_last(
    url: str, tmp_path: Path
) -> None:
    with open_ledger(url, create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(300)])
        sign(ledger)
        old = TileFolder(tmp_path / "old")
        export_tiles(ledger, old)
        ledger.append_many([event(number) for number in range(300)])
        sign(ledger, witnesses=WITNESSES[:1])
        found = export_pack(ledger, PackRequest(Question(), POLICY))
        assert (found.checkpoint.size, found.later) == (300, 300)
        assert found.data == export_pack(ledger, PackRequest(Question(), POLICY, tiles=old)).data
        sign_more = PackRequest(Question(), CHECK_POLICY, tiles=old)
        with pytest.raises(EvidenceError, match="is missing"):
            export_pack(ledger, sign_more)
        assert export_pack(ledger, PackRequest(Question(), CHECK_POLICY)).later == 0


def test_no_pack_is_made_from_tiles_of_another_log(log: Ledger, tmp_path: Path) -> None:
    with open_ledger(str(tmp_path / "other.db"), create=True, clock=Seconds()) as other:
        other.append_many([event(number + 1) for number in range(SIZE)])
        other.checkpoint(LOG)
        export_tiles(other, TileFolder(tmp_path / "tiles"))
    with pytest.raises(ChainBroken, match="not what the tiles of 40 hold"):
        export_pack(log, PackRequest(MIDDLE, POLICY, tiles=TileFolder(tmp_path / "tiles")))


def test_a_question_has_whole_seconds_and_subjects_that_are_something() -> None:
    for bad in ({"from_ns": 1}, {"until_ns": 10**9 + 1}, {"subjects": ("",)}):
        with pytest.raises(UsageError):
            Question(**bad)  # type: ignore[arg-type]


def test_a_pack_is_judged_under_the_readers_keys_and_not_its_own(middle: bytes) -> None:
    stranger = SeededSigner(LOG.name, "same name")
    theirs = f"log {stranger.vkey}\nquorum none\n".encode()
    with pytest.raises(VerificationError, match="not by the log"):
        verify_pack(middle, theirs, source="p")
    swapped = changed(middle, "policy", lambda _: theirs, mend=True)
    assert verify_pack(swapped, POLICY, source="p")


def test_a_pack_that_answers_another_question_is_refused(middle: bytes) -> None:
    found = verify_pack(middle, POLICY, source="p")
    found.check_question(Question(MIDDLE.from_ns, MIDDLE.until_ns, ("pseudonym-1",)))
    for other in (MIDDLE, Question(None, MIDDLE.until_ns, ("pseudonym-1",))):
        with pytest.raises(VerificationError, match="another question"):
            found.check_question(other)


FOR_NAMES = Question(MIDDLE.from_ns, MIDDLE.until_ns, ("pseudonym-1",))
NAMES = [
    "README.md", "check.go", "checkpoint", "edges.jsonl", "entries.jsonl", "manifest.json", "policy",
    "proofs/13.tlog-proof", "proofs/17.tlog-proof", "tile/0/000.p/40", "verify.py",
]  # fmt: skip


def test_the_members_named_below_are_all_there_are(middle: bytes) -> None:
    assert sorted(read_archive(middle)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_any_changed_byte_of_any_member_is_refused(middle: bytes, name: str) -> None:
    size = len(read_archive(middle)[name])
    for at in range(0, size, max(size // 60, 1)):
        for flip in (1, 0x20):
            refused(
                changed(
                    middle,
                    name,
                    lambda data, at=at, flip=flip: (  # type: ignore[misc]
                        data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
                    ),
                    mend=False,
                )
            )


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("policy", "manifest.json")]
)
def test_any_change_that_the_manifest_was_mended_for_is_refused(middle: bytes, name: str) -> None:
    size = len(read_archive(middle)[name])
    for at in range(0, size, max(size // 12, 1)):
        refused(
            changed(
                middle,
                name,
                lambda data, at=at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],  # type: ignore[misc]
                mend=True,
            )
        )
    refused(changed(middle, name, lambda data: data + b"\n", mend=True))
    refused(changed(middle, name, lambda data: data[:-1], mend=True))
    refused(changed(middle, name, lambda _: b"", mend=True))


@pytest.mark.parametrize("name", ["checkpoint", "proofs/13.tlog-proof"])
def test_every_byte_of_what_is_signed_has_one_spelling(middle: bytes, name: str) -> None:
    text = read_archive(middle)[name]
    ends = [at for at in range(len(text)) if re.match(rb".?=*\n", text[at : at + 4])]
    assert len(ends) > 5
    for at in ends:  # the last digits of base64, which may have bits that say nothing
        refused(
            changed(
                middle,
                name,
                lambda data, at=at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],  # type: ignore[misc]
                mend=True,
            )
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_is_missing_is_missed(middle: bytes, name: str) -> None:
    members = read_archive(middle)
    del members[name]
    if name == "manifest.json":
        assert "no manifest" in refused(write_archive(members))
    else:
        refused(mended(members))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("proofs/14.tlog-proof", b"x"),
        ("receipts/01JDABCDEFGHJKMNPQRSTVWXYZ.json", b'{"signed":{"receipt":{}}}'),
        ("tile/0/000", b"x" * 8192),
        ("tile/1/000.p/1", b"x" * 32),
    ],
)
def test_a_member_too_many_is_refused(middle: bytes, name: str, data: bytes) -> None:
    refused(mended(read_archive(middle) | {name: data}))


@pytest.mark.parametrize(
    "fields",
    [
        {"from_ns": str(START + 9 * 10**9)},
        {"from_ns": str(START + 14 * 10**9)},
        {"from_ns": str(START + 10 * 10**9 - 1)},
        {"from_ns": None},
        {"until_ns": str(START + 21 * 10**9)},
        {"until_ns": str(START + 17 * 10**9)},
        {"until_ns": None},
        {"first": 11},
        {"first": 9},
        {"first": -1},
        {"end": 19},
        {"end": 21},
        {"end": 41},
        {"selected": 1},
        {"selected": 3},
        {"whole": True},
        {"subjects": []},
        {"subjects": ["pseudonym-2"]},
        {"subjects": ["pseudonym-1", "pseudonym-1"]},
        {"format": "audit.pack/v2"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_manifest_that_says_something_else_is_refused(
    middle: bytes, fields: dict[str, object]
) -> None:
    refused(mended(read_archive(middle), **fields))


def test_an_entry_left_out_of_a_whole_period_is_missed(log: Ledger) -> None:
    for question in (MIDDLE, Question(*FOR_NAMES_WHOLE)):
        members = read_archive(pack(log, question))
        lines = members["entries.jsonl"].splitlines(keepends=True)
        short = members | {"entries.jsonl": b"".join(lines[:3] + lines[4:])}
        del short["proofs/13.tlog-proof"]
        selected = json.loads(members["manifest.json"])["selected"] - 1
        assert "not all entries are here" in refused(mended(short, selected=selected))


FOR_NAMES_WHOLE = (MIDDLE.from_ns, MIDDLE.until_ns, ("pseudonym-1",), True)


def test_an_entry_left_out_of_a_selection_is_seen_only_if_all_entries_are_given(
    log: Ledger, middle: bytes
) -> None:
    members = read_archive(middle)
    lines = members["entries.jsonl"].splitlines(keepends=True)
    short = members | {"entries.jsonl": lines[0]}
    del short["proofs/17.tlog-proof"]
    found = verify_pack(mended(short, selected=1), POLICY, source="p")
    assert found.holds[3].startswith("left out: 9,")  # one more than there should be
    whole = read_archive(pack(log, Question(*FOR_NAMES_WHOLE)))
    assert "another number of entries" in refused(mended(whole, selected=1))


def test_entries_of_another_log_under_its_own_checkpoint_are_refused(
    middle: bytes, tmp_path: Path
) -> None:
    other = SeededSigner(LOG.name, "other")
    with open_ledger(str(tmp_path / "o.db"), create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(SIZE)])
        ledger.checkpoint(other)
        policy = f"log {other.vkey}\nquorum none\n".encode()
        data = pack(ledger, MIDDLE, policy=policy)
    assert "not by the log" in refused(data)


def test_any_bytes_are_refused_and_never_crash(middle: bytes) -> None:
    for data in (b"", b"PK\3\4", b"PK\5\6" + bytes(18), middle[:-1], middle + b"\0", middle[1:]):
        refused(data)
    members = read_archive(middle)
    deep = b"[" * 100_000 + b"]" * 100_000
    for text in (b"[]", b"{}", b"null", b'{"members":1}', b"\xff", b'{"a":1,"a":1}', deep):
        refused(write_archive(members | {"manifest.json": text}))


@pytest.mark.parametrize("field", ["first", "end", "selected", "from_ns", "until_ns", "subjects"])
@pytest.mark.parametrize(
    "value", [10**30, -(10**30), True, 1.5, "9" * 40, [], {}, "x", ["a", 1], [[]]], ids=repr
)
def test_a_manifest_with_values_of_any_kind_is_refused_and_never_crashes(
    middle: bytes, field: str, value: object
) -> None:
    refused(mended(read_archive(middle), **{field: value}))


def test_a_tree_too_large_for_the_pack_is_refused_at_once(middle: bytes) -> None:
    members = read_archive(middle)
    head = TreeHead(LOG.name, 2**62, bytes(32))
    members["checkpoint"] = sign_checkpoint(head, LOG).note.encode()
    with pytest.raises(VerificationError, match="has more tiles"):
        verify_pack(mended(members), CHECK_POLICY, source="p")
