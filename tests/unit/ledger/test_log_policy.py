"""Policies: which checkpoints count, by whom, and how old they may be."""

import hashlib

import pytest

from audit.core.errors import CheckpointStale, ConfigError, QuorumMissing, SignatureMismatch
from audit.ledger._checkpoint import sign_checkpoint
from audit.ledger._keys import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, VerifierKey
from audit.ledger._note import SignatureLine, verify_note
from audit.ledger._policy import LogPolicy, parse_policy
from audit.ledger._treehead import TreeHead
from audit.ledger.witness import Cosigner
from tests.fakes.ledgers import LOG
from tests.fakes.notes import SeededSigner

HEAD = TreeHead(LOG.name, 7, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, LOG).note.encode()
NOW = 1_790_000_000
SECOND = 10**9


def cosigner(name: str, algorithm: int = ED25519_COSIGNATURE) -> Cosigner:
    return Cosigner.from_seed(name, algorithm, hashlib.sha256(name.encode()).digest())


W1, W2, W3 = cosigner("w.example/1"), cosigner("w.example/2", MLDSA44_COSIGNATURE), cosigner("w/3")
WITNESSES = (
    f"log {LOG.vkey}\nwitness a {W1.vkey}\nwitness b {W2.vkey} https://b\nwitness c {W3.vkey}\n"
)
TWO = WITNESSES + "group two 2 a b c\nquorum two\n"


def policy(text: str) -> LogPolicy:
    return parse_policy(text.encode(), source="policy")


def note(*cosigned: tuple[Cosigner, int]) -> bytes:
    return NOTE + "".join(f"{one.cosign(HEAD.text(), at=at)}\n" for one, at in cosigned).encode()


@pytest.mark.parametrize("witness", [W1, W2], ids=["ed25519", "ml-dsa-44"])
def test_a_cosignature_names_its_witness_and_its_time(witness: Cosigner) -> None:
    signed = verify_note(note((witness, NOW)), (witness.vkey,))
    assert [(one.key.name, one.at) for one in signed.verified] == [(witness.key.name, NOW)]


@pytest.mark.parametrize("witness", [W1, W2], ids=["ed25519", "ml-dsa-44"])
def test_no_byte_of_a_cosignature_can_be_changed(witness: Cosigner) -> None:
    line = witness.cosign(HEAD.text(), at=NOW)
    for at in (0, 7, 8, len(line.signature) - 1):
        spoiled = bytearray(line.signature)
        spoiled[at] ^= 1
        with pytest.raises(SignatureMismatch):
            witness.key.check(HEAD.text(), bytes(spoiled))
    for other in (TreeHead(LOG.name, 8, HEAD.root), TreeHead("other", 7, HEAD.root)):
        with pytest.raises(SignatureMismatch):
            witness.key.check(other.text(), line.signature)


def test_an_ed25519_witness_signs_the_bytes_of_the_published_example() -> None:
    text = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    wanted = b"cosignature/v1\ntime 1679315147\n" + text
    assert W1.key.message(text, 1_679_315_147) == wanted


def test_a_quorum_of_groups_is_counted() -> None:
    counted = policy(TWO).count(note((W1, NOW), (W2, NOW - 5)), now_ns=NOW * SECOND)
    assert counted.witnesses == (("a", NOW), ("b", NOW - 5))
    assert counted.checkpoint.size == 7
    nested = WITNESSES + "group ab all a b\ngroup any any ab c\nquorum any\n"
    assert policy(nested).count(note((W3, NOW)), now_ns=NOW * SECOND)
    with pytest.raises(QuorumMissing, match="by a"):
        policy(nested).count(note((W1, NOW)), now_ns=NOW * SECOND)


def test_a_quorum_that_is_missing_is_not_a_yes() -> None:
    for cosigned in ([], [(W1, NOW)], [(cosigner("w/unknown"), NOW), (W1, NOW)]):
        with pytest.raises(QuorumMissing):
            policy(TWO).count(note(*cosigned), now_ns=NOW * SECOND)


def test_two_signatures_of_one_witness_are_not_two_witnesses() -> None:
    with pytest.raises(SignatureMismatch, match="signed twice"):
        policy(TWO).count(note((W1, NOW), (W1, NOW + 1)), now_ns=NOW * SECOND)


def test_two_names_of_one_key_are_refused() -> None:
    with pytest.raises(ConfigError, match="same key as a line above"):
        policy(
            f"log {LOG.vkey}\nwitness a {W1.vkey}\nwitness b {W1.vkey}\ngroup g 2 a b\nquorum g\n"
        )


@pytest.mark.parametrize(
    "groups",
    ["group g 2 old new c\n", "group g all old c new\n", "group h any old c\ngroup g 2 h new\n"],
)
def test_two_keys_of_one_witness_do_not_count_as_two_witnesses(groups: str) -> None:
    old, new = (
        cosigner("w/rotated"),
        Cosigner.from_seed("w/rotated", MLDSA44_COSIGNATURE, bytes(32)),
    )
    lines = f"log {LOG.vkey}\nwitness old {old.vkey}\nwitness new {new.vkey}\nwitness c {W3.vkey}\n"
    with pytest.raises(ConfigError, match="w/rotated would count twice in 'g'"):
        policy(f"{lines}{groups}quorum g\n")
    either = policy(f"{lines}group one any old new\ngroup g all one c\nquorum g\n")
    for key in (old, new):
        assert either.count(note((key, NOW), (W3, NOW)), now_ns=NOW * SECOND)


def test_a_checkpoint_that_was_cosigned_too_long_ago_is_stale() -> None:
    hour = 3600 * SECOND
    both = note((W1, NOW - 3000), (W2, NOW - 7200))
    assert policy(TWO).count(both, now_ns=NOW * SECOND, max_age_ns=3 * hour)
    with pytest.raises(CheckpointStale, match="within the last 3600 s"):
        policy(TWO).count(both, now_ns=NOW * SECOND, max_age_ns=hour)
    alone = policy(f"log {LOG.vkey}\nquorum none\n")
    assert alone.count(NOTE, now_ns=NOW * SECOND).witnesses == ()
    with pytest.raises(CheckpointStale):  # a log's own signature has no time
        alone.count(NOTE, now_ns=NOW * SECOND, max_age_ns=hour)


def test_a_cosignature_from_the_future_does_not_count() -> None:
    with pytest.raises(QuorumMissing):
        policy(TWO).count(note((W1, NOW), (W2, NOW + 3600)), now_ns=NOW * SECOND)


def test_a_checkpoint_by_another_log_does_not_count_however_well_it_is_cosigned() -> None:
    other = SeededSigner(LOG.name, "another key")
    foreign = sign_checkpoint(HEAD, other).note.encode() + note((W1, NOW), (W2, NOW))[len(NOTE) :]
    with pytest.raises(SignatureMismatch, match="not signed by a key that is trusted"):
        policy(TWO).count(foreign, now_ns=NOW * SECOND)


def test_a_log_cannot_sign_for_another_origin() -> None:
    other = SeededSigner("other.example/log")
    text = HEAD.text()
    key = VerifierKey.parse(other.vkey)
    line = SignatureLine(key.name, key.key_id, other.sign_note(text))
    both = policy(f"log {LOG.vkey}\nlog {other.vkey}\nquorum none\n")
    with pytest.raises(SignatureMismatch, match="not signed by a key of the log"):
        both.count(text + f"\n{line}\n".encode(), now_ns=NOW * SECOND)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no quorum line"),
        (WITNESSES, "no quorum line"),
        (TWO + "quorum a\n", "policy:7: a second quorum line"),
        ("quorum a\n", "policy:1: 'a' is not defined"),
        ("group g any a\n", "policy:1: 'a' is not defined"),
        (WITNESSES + "group a any b\n", "'a' is defined already"),
        (WITNESSES + "group none any b\n", "'none' is defined already"),
        (WITNESSES + "group g any none\n", "'none' is not defined"),
        (WITNESSES + "group g 0 a\n", "'0' is no threshold"),
        (WITNESSES + "group g 01 a\n", "'01' is no threshold"),
        (WITNESSES + "group g 3 a b\n", "a group of 2 never has 3"),
        (WITNESSES + "group g 1 a a\n", "'a' is a member twice"),
        (WITNESSES + "group g 1 a\ngroup h 1 a b\n", "'a' is a member twice"),
        (WITNESSES + "group g 1\n", "too few"),
        (WITNESSES + f"witness d {W1.vkey}\n", "same key as a line above"),
        (WITNESSES + f"log {LOG.vkey}\n", "same key as a line above"),
        (f"log {W1.vkey}\n", "key of a witness"),
        (f"witness a {LOG.vkey}\n", "key of a log"),
        ("log x\n", "is not a verifier key"),
        ("log\n", "too few"),
        ("quorum none none\n", "too many"),
        ("unknown line\n", "no line of a policy"),
        ("quorum none\r\n", "control character"),
        ("#\n" * 1000, "more than 1000"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        policy(text)


def test_a_witness_with_the_logs_own_key_is_refused() -> None:
    own = Cosigner.from_seed(
        LOG.name, ED25519_COSIGNATURE, hashlib.sha256(b"log.example/audit ").digest()
    )
    assert own.key.public == policy(f"log {LOG.vkey}\nquorum none").logs[0].public
    with pytest.raises(ConfigError, match="same key as a line above"):
        policy(f"log {LOG.vkey}\nwitness own {own.vkey}\nquorum own\n")


def test_comments_spaces_and_names_that_are_not_ascii_are_allowed() -> None:
    text = f"  # 注释\n\n\tlog\t {LOG.vkey}\nwitness 证人 {W1.vkey}\n quorum 证人 \n"
    counted = policy(text).count(note((W1, NOW)), now_ns=NOW * SECOND)
    assert counted.witnesses == (("证人", NOW),)
    assert parse_policy(b"# \xff\nquorum none\n", source="p").quorum == "none"
