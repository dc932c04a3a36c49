"""transformers itself generates with our configuration (`make engines`)."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="make engines")
transformers = pytest.importorskip("transformers", reason="make engines")

from audit.documents import MarkProfile  # noqa: E402
from audit.watermark.engines import transformers_config  # noqa: E402
from audit.watermark.mark import (  # noqa: E402
    MarkedSampler,
    Streams,
    follow,
    log10_designated,
    presence,
)

SIZE, END = 3000, 2
TAG = b"tag-48"


def streams(number: int) -> Streams:
    return Streams(MarkProfile(), bytes([number]) * 32, bytes([number + 100]) * 32)


def sampler(number: int) -> MarkedSampler:
    return MarkedSampler(streams(number), TAG, np.random.default_rng(number))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=SIZE, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, eos_token_id=END, pad_token_id=0,
        initializer_range=0.5,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


def generate(model, config, *, rows=1, **more):
    prompt = torch.arange(3, 11).repeat(rows, 1)
    given = {"do_sample": True, "top_p": 0.95, "top_k": 50, "max_new_tokens": 200, **more}
    out = model.generate(
        input_ids=prompt, attention_mask=torch.ones_like(prompt), watermarking_config=config,
        **given,
    )  # fmt: skip
    return out[:, prompt.shape[1] :].numpy()


def test_generate_marks_each_row_after_the_warpers(model) -> None:
    samplers = [sampler(1), sampler(2)]
    out = generate(model, transformers_config(samplers, ends=[END]), rows=2)
    for number, row in enumerate(out):
        chosen = [choice.token for choice in samplers[number].choices]
        assert row[: len(chosen)].tolist() == chosen
        trail = follow(np.array(chosen), streams(number + 1))
        assert log10_designated(trail, TAG) < -6
        assert presence(follow(np.array(chosen), streams(9))).log10_p > -3
        assert max(choice.entropy for choice in samplers[number].choices) <= np.log2(50) + 1e-9


def test_padding_after_the_end_is_not_drawn_by_key(model) -> None:
    samplers = [sampler(3), sampler(4)]
    out = generate(
        model, transformers_config(samplers, ends=[END]), rows=2, sequence_bias={(END,): 6.0},
        top_k=0,
    )  # fmt: skip
    for row, mine in zip(out.tolist(), samplers, strict=True):
        length = row.index(END) + 1 if END in row else len(row)
        assert [choice.token for choice in mine.choices] == row[:length]


def test_beams_are_refused_by_generate(model) -> None:
    with pytest.raises(Exception, match="beams cannot be marked"):
        generate(model, transformers_config([sampler(5)], ends=[END]), num_beams=4)


def test_a_configuration_without_samplers_is_refused(model) -> None:
    with pytest.raises(ValueError, match="one sampler per row"):
        generate(model, transformers_config([], ends=[END]))


def test_no_key_shows_when_a_configuration_is_printed_or_saved(tmp_path) -> None:
    config = transformers_config([sampler(6)], ends=[END])
    generation = transformers.GenerationConfig(watermarking_config=config)
    shown = repr(config) + config.to_json_string() + str(config.to_dict()) + repr(dict(config))
    assert "06" * 8 not in shown
    assert "\\x06" not in shown
    assert copy.deepcopy(generation).watermarking_config is config
