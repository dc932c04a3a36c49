"""Engines that the mark is put into, one module each.

* `LlamaServer`, `generate`: llama.cpp over its HTTP interface, nothing to install
* `JsonTokenizer`: a `tokenizer.json`, for models served elsewhere (extra `tokenizers`)
* `serve_gguf`: the same server inside this process (package xllamacpp)
"""

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

__all__ = [
    "JsonTokenizer",
    "Limits",
    "LlamaServer",
    "Options",
    "Sampler",
    "generate",
    "generate_greedy",
    "serve_gguf",
]
