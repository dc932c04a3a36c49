"""Signed notes: what C2SP signed-note and tlog-checkpoint say, and nothing else, is read."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import AuditError, ConfigError, SignatureMismatch
from audit.ledger import VerifierKey, read_checkpoint, verify_note
from audit.ledger._checkpoint import sign_checkpoint
from audit.ledger._treehead import TreeHead
from tests.fakes.notes import SeededSigner

LOG, OTHER = SeededSigner("example.com/log"), SeededSigner("example.com/other")
HEAD = TreeHead(LOG.name, 7, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, LOG).note.encode()
KEYS = (LOG.vkey,)
# From the Go note package's documentation; the key and the note are public examples.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAYING = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def line(signer: SeededSigner, text: bytes) -> str:
    key = VerifierKey.parse(signer.vkey)
    return f"— {key.name} {base64.b64encode(key.key_id + signer.sign_note(text)).decode()}\n"


def test_a_note_made_by_go_verifies() -> None:
    note = verify_note(SAYING.encode(), [NEUMANN])
    assert [str(one.key) for one in note.verified] == [NEUMANN]


def test_a_note_names_the_keys_that_signed_it_and_skips_unknown_ones() -> None:
    note = NOTE + line(OTHER, HEAD.text()).encode()
    assert [one.key.name for one in verify_note(note, KEYS).verified] == [LOG.name]
    both = verify_note(note, (*KEYS, OTHER.vkey)).verified
    assert [one.key.name for one in both] == [LOG.name, OTHER.name]


def test_a_bad_signature_by_a_known_key_spoils_a_note_that_another_key_signed() -> None:
    note = NOTE + line(OTHER, b"another text\n").encode()
    assert verify_note(note, KEYS)
    with pytest.raises(SignatureMismatch, match=r"example\.com/other does not verify"):
        verify_note(note, (*KEYS, OTHER.vkey))


def test_a_note_by_nobody_we_know_is_refused() -> None:
    for keys in ((), (OTHER.vkey,), (SeededSigner(LOG.name, "same name").vkey,)):
        with pytest.raises(SignatureMismatch, match="not signed by a key that is trusted"):
            verify_note(NOTE, keys)


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_can_be_changed(at: int, flip: int) -> None:
    changed = NOTE[:at] + bytes([NOTE[at] ^ flip]) + NOTE[at + 1 :]
    with pytest.raises(SignatureMismatch):
        read_checkpoint(changed, vkeys=KEYS)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_never_crash(data: bytes) -> None:
    for note in (data, data + b"\n\n" + NOTE.split(b"\n\n")[1], HEAD.text() + b"\n" + data):
        with pytest.raises(AuditError):
            read_checkpoint(note, vkeys=KEYS)


@pytest.mark.parametrize(
    "text",
    [
        "example.com/log\n7\n",
        "\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n07\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n+7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n-7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n٧\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n9223372036854775808\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n",
        "example.com/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
        "example.com/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
        "example.com/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nextension 1\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    note = (text + "\n" + line(LOG, text.encode())).encode()
    assert verify_note(note, KEYS)
    with pytest.raises(SignatureMismatch, match="not a checkpoint"):
        read_checkpoint(note, vkeys=KEYS)


GOOD = line(LOG, HEAD.text())
TEXT = HEAD.text().decode()


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (TEXT + GOOD, "a blank line"),
        (TEXT + "\n" + GOOD.rstrip("\n"), "a blank line"),
        (TEXT + "\n" + GOOD.replace("—", "-"), "is no signature"),
        (TEXT + "\n" + GOOD.replace("=", ""), "is no signature"),
        (TEXT + "\n" + GOOD.replace(" example", "  example"), "is no signature"),
        (TEXT + "\n" + GOOD + "\n", "a blank line"),
        (TEXT + "\n— example.com/log AAAA\n", "is no signature"),
        (TEXT + "\n" + GOOD * 2, "signed twice"),
        (TEXT + "\n" + GOOD * 65, "more than 64"),
        (TEXT + "\r\n" + GOOD, "a blank line|control character"),
        ("a\tb\n\n" + GOOD, "control character"),
        ("\n\n" + GOOD, "is not signed|not a signed note|does not verify"),
        ("x" * (1 << 20) + TEXT + "\n" + GOOD, "not a signed note"),
    ],
)
def test_a_malformed_note_is_refused(note: str, reason: str) -> None:
    with pytest.raises(SignatureMismatch, match=reason):
        verify_note(note.encode(), KEYS)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "log",
        "log+00000000",
        "log+00000000+",
        "log+00000000+AA==",
        LOG.vkey.replace("example", "exampel"),
        LOG.vkey.upper(),
        LOG.vkey + "=",
        LOG.vkey.replace("+", " ", 1),
        "a b+" + LOG.vkey.split("+", 1)[1],
    ],
)
def test_what_is_no_verifier_key_is_a_wrong_configuration(vkey: str) -> None:
    with pytest.raises(ConfigError, match="verifier key"):
        verify_note(NOTE, (vkey,))


def test_a_verifier_key_reads_back_as_it_was_written() -> None:
    assert str(VerifierKey.parse(NEUMANN)) == NEUMANN
