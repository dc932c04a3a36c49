"""Engines that the mark is put into, one module each.

* `LlamaServer`, `generate`: llama.cpp over its HTTP interface, nothing to install
* `JsonTokenizer`: a `tokenizer.json`, for models served elsewhere (extra `tokenizers`)
* `transformers_config`: a `watermarking_config` for transformers' `generate`
* `_vllm.MarkProcessor`: vLLM's logits processor, loaded by its entry point
* `serve_gguf`: the same server inside this process (package xllamacpp)
"""

from collections.abc import Iterable, Sequence
from typing import Any

from audit.watermark.engines._gguf import serve_gguf
from audit.watermark.engines._hf import JsonTokenizer
from audit.watermark.engines._llama import (
    Limits,
    LlamaServer,
    Options,
    Sampler,
    generate,
    generate_greedy,
)
from audit.watermark.mark import MarkedSampler


def transformers_config(samplers: Sequence[MarkedSampler], *, ends: Iterable[int]) -> Any:
    """Return a `BaseWatermarkingConfig` for one call of `generate`, one sampler per row.

    `ends` are the tokens that end a response. Sample (`do_sample=True`), without beams.

    Raises:
        UsageError: transformers is not installed, or too old.
    """
    from audit.watermark.engines._transformers import MarkingConfig

    return MarkingConfig(samplers, frozenset(ends))


__all__ = [
    "JsonTokenizer",
    "Limits",
    "LlamaServer",
    "Options",
    "Sampler",
    "generate",
    "generate_greedy",
    "serve_gguf",
    "transformers_config",
]
