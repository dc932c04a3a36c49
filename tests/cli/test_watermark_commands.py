"""`audit watermark`: verdicts, receipts, keys and labels from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tokenizers import Tokenizer, models, pre_tokenizers

from audit.documents import Detection, KeyRegistry, ReceiptRecord
from audit.ledger import open_ledger
from audit.watermark import ReceiptShelf, begun_event, derive_epoch, engine_key, served_event
from audit.watermark.engines import JsonTokenizer
from audit.watermark.examine import tokenizer_digest
from audit.watermark.native import GreenList
from tests.cli.conftest import Shell
from tests.unit.watermark.made import SIGNER
from tests.unit.watermark.world import ROOT, WORDS, World, human, line

PRODUCER = "001191440300708461136T1XGW3"


class Place:
    """Everything the commands need, in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokenizer = folder / "tokenizer.json"
        inner = Tokenizer(models.WordLevel({w: n for n, w in enumerate([*WORDS, "?"])}, "?"))
        inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        inner.save(str(self.tokenizer))
        self.digest = tokenizer_digest(JsonTokenizer(self.tokenizer))
        self.root = folder / "root.key"
        self.root.write_text(ROOT.secret.hex())
        self.root.chmod(0o600)
        self.public = folder / "receipt.pub"
        self.public.write_bytes(
            SIGNER.private.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            )
        )
        self.registry = folder / "keys.json"
        self.shelf = folder / "receipts.db"

    def answer(self) -> tuple[str, ReceiptRecord]:
        """Serve one marked response and keep its receipt."""
        mine = line(tokenizer_digest=self.digest)
        self.registry.write_text(KeyRegistry(keys=(mine,)).model_dump_json())
        world = World(ReceiptShelf(self.shelf), (mine,))
        text, issued = world.answer()
        world.shelf.close()
        return text, issued.record

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def detect(self, *more: str) -> tuple[str, ...]:
        return (
            "watermark", "detect", *more, "--key-registry", str(self.registry),
            "--root-key", str(self.root), "--shelf", str(self.shelf),
            "--key", str(self.public), "--tokenizer", str(self.tokenizer),
        )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_detect_says_the_verdict_first_and_only_authentic_exits_0(
    shell: Shell, place: Place
) -> None:
    text, record = place.answer()
    cases = {
        text: (0, "authentic"),
        text.replace(" ", " not ", 1): (10, "derived or altered"),
        human(1): (10, "no evidence"),
    }
    for given, (expected, verdict) in cases.items():
        code, out, _ = shell(*place.detect(place.write("t.txt", given)))
        assert (code, out.split("\n")[0]) == (expected, verdict)
    code, out, _ = shell(*place.detect("-", "--format", "json"), stdin=text.encode())
    found = Detection.model_validate_json(out)
    assert code == 0
    assert found.attributions[0].receipt_id == record.signed.receipt.receipt_id


def test_detect_reads_lines_and_the_worst_answer_decides(shell: Shell, place: Place) -> None:
    text, _ = place.answer()
    batch = "".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate((text, "x")))
    code, out, _ = shell(*place.detect("-", "--lines", "--format", "json"), stdin=batch.encode())
    verdicts = [Detection.model_validate_json(one).verdict for one in out.splitlines()]
    assert (code, verdicts) == (10, ["authentic", "no evidence"])
    assert shell(*place.detect("-", "--lines", "--exit-zero"), stdin=batch.encode())[0] == 0


@pytest.mark.parametrize(
    ("stdin", "more", "message"),
    [
        (b"ab\xff", (), "-: not UTF-8 at byte 2"),
        (b'{"text": 1}', ("--lines",), "-:1: not an object with a member text"),
        (b"\n{", ("--lines",), "-:2"),
    ],
)
def test_detect_refuses_input_it_cannot_read(
    shell: Shell, place: Place, stdin: bytes, more: tuple[str, ...], message: str
) -> None:
    place.answer()
    code, out, err = shell(*place.detect("-", *more), stdin=stdin)
    assert (code, out) == (2, "")
    assert message in err


def test_detect_cannot_tell_without_a_tokenizer(shell: Shell, place: Place) -> None:
    text, _ = place.answer()
    words = list(place.detect(place.write("t.txt", text)))
    code, out, err = shell(*words[:-2])
    assert (code, out) == (3, "")
    assert "no tokenizer" in err
    assert "--tokenizer" in err


def test_the_root_key_comes_from_its_file_or_the_environment(
    shell: Shell, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _ = place.answer()
    words = list(place.detect(place.write("t.txt", text)))
    at = words.index("--root-key")
    without = [*words[:at], *words[at + 2 :]]
    assert shell(*without)[0] == 2
    monkeypatch.setenv("AUDIT_WATERMARK_ROOT", ROOT.secret.hex())
    assert shell(*without)[0] == 0
    place.root.chmod(0o644)
    code, _, err = shell(*words)
    assert code == 2
    assert "others can read this key" in err
    assert ROOT.secret.hex() not in err


def test_a_receipt_verifies_offline_by_file_and_by_id(shell: Shell, place: Place) -> None:
    text, record = place.answer()
    receipt_id = record.signed.receipt.receipt_id
    file = place.write("r.json", record.model_dump_json())
    trust = ("--key", str(place.public), "--key-registry", str(place.registry))
    told = ("--text", place.write("t.txt", text))
    code, out, _ = shell("watermark", "receipt", "verify", file, *trust, *told)
    assert code == 0
    assert out.startswith(f"verified (signature, key, text): {receipt_id}\n")
    by_id = ("watermark", "receipt", "verify", receipt_id, "--shelf", str(place.shelf), *trust)
    assert shell(*by_id)[0] == 0
    code, out, err = shell(*by_id, "--text", place.write("t.txt", text + " not"))
    assert (code, out) == (10, "")
    assert "error[digest-mismatch]" in err


def test_a_forged_receipt_or_a_stranger_s_key_exits_10(shell: Shell, place: Place) -> None:
    _, record = place.answer()
    forged = record.model_dump_json().replace('"tokens":300', '"tokens":301')
    trust = ("--key", str(place.public))
    code, _, err = shell("watermark", "receipt", "verify", place.write("r.json", forged), *trust)
    assert code == 10
    assert "error[signature-mismatch]" in err
    file = place.write("r.json", record.model_dump_json())
    assert shell("watermark", "receipt", "verify", file)[0] == 10


def test_erasing_a_receipt_takes_its_text_away_and_keeps_its_signature(
    shell: Shell, place: Place
) -> None:
    text, record = place.answer()
    receipt_id, shelf = record.signed.receipt.receipt_id, ("--shelf", str(place.shelf))
    assert shell("watermark", "receipt", "erase", receipt_id, *shelf)[0] == 0
    verify = ("watermark", "receipt", "verify", receipt_id, *shelf, "--key", str(place.public))
    assert shell(*verify)[0] == 0
    code, _, err = shell(*verify, "--text", place.write("t.txt", text))
    assert code == 2
    assert "salt was destroyed" in err
    assert shell("watermark", "receipt", "erase", "7" * 26, *shelf)[0] == 2


def test_keys_are_added_and_revoked(shell: Shell, place: Place) -> None:
    artifact = "sha256:" + "5" * 64
    add = (
        "watermark", "key", "add", "--key-registry", str(place.registry),
        "--root-key", str(place.root), "--tokenizer", str(place.tokenizer),
        "--model", "acme/new", "--artifact", artifact, "--epoch", "2026-W48",
    )  # fmt: skip
    code, out, _ = shell(*add)
    assert (code, out) == (0, derive_epoch(ROOT, artifact, "2026-W48").key_id + "\n")
    assert shell(*add)[0] == 2
    registry = KeyRegistry.model_validate_json(place.registry.read_text())
    assert registry.keys[0].tokenizer_digest == place.digest
    assert ROOT.secret.hex() not in place.registry.read_text()
    revoke = ("watermark", "key", "revoke", out.strip(), "--key-registry", str(place.registry))
    assert shell(*revoke, "--at-ns", "5")[0] == 0
    assert KeyRegistry.model_validate_json(place.registry.read_text()).keys[0].revoked_at_ns == 5
    code, _, err = shell(*revoke)
    assert code == 2
    assert "was revoked at 5 already" in err


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.md", "# Hi\n\ntext"), ("a.json", '{"a": 1}'), ("a.html", "<head></head>")],
)
def test_labels_are_added_read_and_checked(
    shell: Shell, place: Place, name: str, text: str
) -> None:
    _, record = place.answer()
    source = place.write("r.json", record.model_dump_json())
    file, out_file = place.write(name, text), place.folder / f"out-{name}"
    add = ("watermark", "label", "add", file, "--receipt", source, "--producer", PRODUCER)
    assert shell(*add, "-o", str(out_file))[0] == 0
    code, out, _ = shell("watermark", "label", "read", str(out_file), "--format", "json")
    assert code == 0
    assert json.loads(out)["ProduceID"] == record.signed.receipt.receipt_id
    check = ("watermark", "label", "check", str(out_file), "--receipt", source)
    trust = ("--key", str(place.public))
    assert shell(*check, *trust) == (0, "label holds\n", "")
    code, out, _ = shell(*check, *trust, "--explicit")
    assert code == 10
    assert "words people read" in out
    assert shell("watermark", "label", "read", file)[:2] == (
        10,
        "no label\n  words for people: none\n",
    )


def test_the_words_people_read_are_put_into_texts_only(shell: Shell, place: Place) -> None:
    _, record = place.answer()
    source = place.write("r.json", record.model_dump_json())
    more = ("--receipt", source, "--producer", PRODUCER, "--explicit", "explicit-zh-end")
    code, out, _ = shell("watermark", "label", "add", place.write("a.md", "text\n"), *more)
    assert code == 0
    assert out.endswith("text\n\n本内容由人工智能生成。")
    file = place.write("out.md", out)
    trust = ("--key", str(place.public))
    check = ("watermark", "label", "check", file, "--receipt", source, *trust, "--explicit")
    assert shell(*check)[0] == 0
    assert shell("watermark", "label", "add", place.write("a.json", "{}"), *more)[0] == 2


def test_a_label_with_a_changed_signature_exits_10(shell: Shell, place: Place) -> None:
    _, record = place.answer()
    source = place.write("r.json", record.model_dump_json())
    add = ("watermark", "label", "add", place.write("a.md", "x"), "--receipt", source)
    text = shell(*add, "--producer", PRODUCER)[1]
    signature = record.signed.signature
    file = place.write("b.md", text.replace(signature, "A" * 86 + "=="))
    trust = ("--key", str(place.public))
    code, _, err = shell("watermark", "label", "check", file, "--receipt", source, *trust)
    assert code == 10
    assert "another signature" in err


def test_a_tokenizer_file_that_is_none_is_refused(shell: Shell, place: Place) -> None:
    text, _ = place.answer()
    words = list(place.detect(place.write("t.txt", text)))
    for name, message in (
        (place.write("bad.json", "{}"), "describes no tokenizer"),
        ("no", "no such"),
    ):
        code, _, err = shell(*words[:-1], name)
        assert code == 2
        assert message in err


def test_engine_keys_are_written_for_the_engine_that_needs_them(shell: Shell, place: Place) -> None:
    folder = place.folder / "engine"
    for scheme, ending in (
        ("audit-g1", ".json"),
        ("vllm-gumbel", ".vllm.json"),
        ("sglang-gumbel", ""),
    ):
        add = (
            "watermark", "key", "add", "--key-registry", str(place.registry), "--root-key",
            str(place.root), "--tokenizer", str(place.tokenizer), "--model", "acme/new",
            "--artifact", "sha256:" + "5" * 64, "--epoch", scheme, "--scheme", scheme,
        )  # fmt: skip
        key_id = shell(*add)[1].strip()
        export = (
            "watermark", "key", "export", key_id, "--key-registry", str(place.registry),
            "--root-key", str(place.root), "--to", str(folder),
        )  # fmt: skip
        code, out, err = shell(*export)
        if not ending:
            assert code == 2
            assert "key of its own" in err
            continue
        path = folder / f"{key_id}{ending}"
        assert (code, out) == (0, f"{path}\n")
        assert path.stat().st_mode & 0o777 == 0o600
        if scheme == "vllm-gumbel":
            found = json.loads(path.read_text())
            keys = derive_epoch(ROOT, "sha256:" + "5" * 64, scheme)
            assert found == {"algorithm": "gumbel", "key": engine_key(keys), "context_width": 4}
    assert shell(*export[:3], "0" * 16, *export[4:])[0] == 2


def test_receipts_are_held_against_the_ledger(shell: Shell, place: Place) -> None:
    text, record = place.answer()
    receipt = record.signed.receipt
    url = f"sqlite:///{place.folder}/ledger.db"
    file = place.write("t.txt", text)
    verify = (
        "watermark", "receipt", "verify", place.write("r.json", record.model_dump_json()),
        "--key", str(place.public), "--ledger", url,
    )  # fmt: skip
    with open_ledger(url, create=True, clock=lambda: receipt.ts_ns) as ledger:
        code, _, err = shell(*verify)
        assert code == 10
        assert "receipt-unrecorded" in err
        code, out, _ = shell(*place.detect(file, "--ledger", url))
        assert (code, out.splitlines()[0]) == (10, "from this model, receipt unknown")
        ledger.append(
            begun_event(
                receipt.receipt_id, receipt.ts_ns, model_id=receipt.model_id,
                model_digest=receipt.model_digest,
            )
        )  # fmt: skip
        ledger.append(served_event(receipt))
        unfinished = ("watermark", "receipt", "unfinished", "--ledger", url)
        assert shell(*unfinished)[:2] == (0, "none\n")
        ledger.append(
            begun_event("7" * 26, 5, model_id="acme/one", model_digest="sha256:" + "1" * 64)
        )
        code, out, _ = shell(*unfinished)
        assert code == 10
        assert out.startswith(f"{'7' * 26} began at ")
    assert shell(*unfinished[:3])[0] == 2
    code, out, _ = shell(*verify)
    assert code == 0
    assert out.startswith("verified (signature, ledger entry 1)")
    assert shell(*place.detect(file, "--ledger", url))[0] == 0


def test_a_foreign_mark_is_told_from_none(shell: Shell, place: Place) -> None:
    green = GreenList(vocabulary=len(WORDS))
    rng, tokens = np.random.default_rng(1), [5]
    for _ in range(150):
        options = rng.integers(0, len(WORDS), 8).tolist()
        tokens.append(next((t for t in options if green.is_green(tokens[-1], t)), options[0]))
    marked = place.write("m.txt", " ".join(WORDS[token] for token in tokens))
    plain = place.write("p.txt", " ".join(WORDS[t] for t in rng.integers(0, len(WORDS), 150)))
    words = (
        "--config", place.write("c.json", '{"greenlist_ratio": 0.25}'), "--vocabulary",
        str(len(WORDS)), "--tokenizer", str(place.tokenizer),
    )  # fmt: skip
    code, out, _ = shell("watermark", "foreign", marked, *words)
    assert code == 0
    assert out.startswith("present: green-list, log10 p -")
    code, out, _ = shell("watermark", "foreign", plain, *words, "--format", "json")
    assert code == 10
    assert json.loads(out)["decision"] == "absent"
    assert shell("watermark", "foreign", plain, *words[:-2])[0] == 2
