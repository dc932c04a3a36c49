"""Our torch-free detectors against transformers' own processors (`make engines`)."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="make engines")
transformers = pytest.importorskip("transformers", reason="make engines")

from audit.watermark.native import GreenList, Tournament  # noqa: E402


@pytest.mark.parametrize("size", [20, 1000, 49_152])
def test_green_lists_are_those_of_transformers(size: int) -> None:
    processor = transformers.WatermarkLogitsProcessor(vocab_size=size, device="cpu")
    green = GreenList(vocabulary=size)
    for before in (0, 1, 17, size - 1):
        theirs = set(processor._get_greenlist_ids(torch.tensor([before])).tolist())
        assert {token for token in range(size) if green.is_green(before, token)} == theirs


@pytest.mark.parametrize("depth", [1, 5, 30])
def test_tournament_bits_are_those_of_transformers(depth: int) -> None:
    rng = np.random.default_rng(depth)
    keys = rng.integers(1, 5000, depth).tolist()
    processor = transformers.SynthIDTextWatermarkLogitsProcessor(
        ngram_len=5, keys=keys, sampling_table_size=2**16, sampling_table_seed=0,
        context_history_size=1024, device=torch.device("cpu"),
    )  # fmt: skip
    tokens = rng.integers(0, 49_152, 300)  # no context comes twice: every n-gram counts
    theirs = processor.compute_g_values(torch.tensor(tokens[None, :])).numpy()[0]
    assert np.array_equal(Tournament(tuple(keys)).scored(tokens), theirs)
