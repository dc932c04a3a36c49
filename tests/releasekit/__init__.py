"""A small real release: a valid GGUF file, a dataset, what a trainer leaves behind."""

import json
import struct
from pathlib import Path

TRAINING = {"base_model": "org/base", "learning_rate": 2e-05, "num_train_epochs": 3}
RESULTS = {"accuracy": 0.93, "loss": 0.31}
LOCK = f"peft==0.13.2 --hash=sha256:{'1' * 64}\ntorch==2.5.1 --hash=sha256:{'2' * 64}\n"
PICKLE = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."


def tiny_gguf(value: int = 0) -> bytes:
    """Return a GGUF v3 file with one F32 tensor of eight numbers (ggml, docs/gguf.md)."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("t") + struct.pack("<IQIQ", 1, 8, 0, 0)
    return head + b"\0" * (-len(head) % 32) + bytes([value]) * 32


def lay_out(folder: Path) -> Path:
    """Write the files of a release to `folder`, without keys, policy and RELEASE.toml."""
    for name in ("model", "dataset", "training"):
        (folder / name).mkdir(parents=True)
    (folder / "model" / "model.gguf").write_bytes(tiny_gguf())
    (folder / "dataset" / "en.jsonl").write_text('{"q": "hello"}\n', "utf-8")
    (folder / "dataset" / "zh.jsonl").write_text('{"q": "你好"}\n', "utf-8")
    (folder / "training" / "trainer_state.json").write_text(json.dumps(TRAINING), "utf-8")
    (folder / "training" / "adapter_config.json").write_text('{"r": 16}', "utf-8")
    (folder / "training" / "requirements.lock").write_text(LOCK, "utf-8")
    (folder / "training" / "eval_results.json").write_text(json.dumps(RESULTS), "utf-8")
    return folder
