"""Engines: the marked sampler drives llama.cpp's interface, and every failure is ours to name.

The real engine is run by `make watermark-quality` and `make demo`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.core.errors import ConfigError, EngineUnavailable, InputMissing, UsageError
from audit.watermark.engines import (
    JsonTokenizer,
    Limits,
    LlamaServer,
    generate,
    generate_greedy,
    serve_gguf,
)
from audit.watermark.mark import MarkedSampler, follow
from tests.fakes.llama import END, PIECES, llama
from tests.unit.watermark.synthetic import streams

TAG = bytes(6)


@pytest.fixture
def fake() -> Iterator[Any]:
    with llama() as server:
        yield server


@pytest.fixture
def engine(fake: Any) -> Iterator[LlamaServer]:
    with LlamaServer(fake.url) as server:
        yield server


def sampler(seed: int = 0) -> MarkedSampler:
    return MarkedSampler(streams(), TAG, random=np.random.default_rng(seed))


def test_a_response_is_drawn_token_by_token_until_its_end(fake: Any, engine: LlamaServer) -> None:
    one = sampler()
    prompt = engine.prompt([{"role": "user", "content": " sea sky"}])
    pieces = list(generate(engine, prompt, one, Limits(max_tokens=200)))
    assert prompt == [1, 2]
    assert one.choices[-1].token == END
    assert pieces == [PIECES[choice.token] for choice in one.choices[:-1]]
    completions = [body for path, body in fake.requests if path == "/completion"]
    assert [len(body["prompt"]) for body in completions] == list(range(2, 2 + len(completions)))
    assert {body["n_predict"] for body in completions} == {1}


def test_the_choices_are_the_ones_a_detector_recomputes(fake: Any, engine: LlamaServer) -> None:
    one = sampler()
    list(generate(engine, [1], one, Limits(max_tokens=80)))
    tokens = np.array([choice.token for choice in one.choices])
    assert len(follow(tokens, streams())) == sum(choice.keyed for choice in one.choices)


def test_the_server_s_own_choice_is_pinned_and_no_sampler_of_it_runs(
    fake: Any, engine: LlamaServer
) -> None:
    list(generate(engine, [1], sampler(), Limits(max_tokens=3)))
    body = next(body for path, body in fake.requests if path == "/completion")
    assert body["samplers"] == []
    assert body["logit_bias"] == [[PIECES.index(b"a"), 1000.0]]


def test_greedy_takes_the_likeliest_token(fake: Any, engine: LlamaServer) -> None:
    once, twice = (list(generate_greedy(engine, [1], Limits(max_tokens=5))) for _ in range(2))
    assert once == twice
    assert len(once) == 5


def test_the_number_of_tokens_is_limited(fake: Any, engine: LlamaServer) -> None:
    one = sampler()
    assert len(list(generate(engine, [1], one, Limits(max_tokens=7)))) == 7


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ((500, b"{}"), "answered 500"),
        ((200, b"<html>"), "no JSON"),
        ((200, b"[1]"), "no JSON object"),
        ((200, b"{}"), "holds no tokens"),
        ((200, b'{"tokens": ["a"]}'), "holds no tokens"),
        ((0, b""), "no answer"),
    ],
)
def test_an_engine_that_answers_wrongly_is_unavailable(
    fake: Any, engine: LlamaServer, fault: tuple[int, bytes], message: str
) -> None:
    fake.fault = fault
    with pytest.raises(EngineUnavailable, match=message) as caught:
        engine.encode("secret words")
    assert "secret" not in str(caught.value)


def test_an_engine_without_probabilities_is_unavailable(fake: Any, engine: LlamaServer) -> None:
    engine.encode("a")
    engine.options([1], most=2)
    fake.fault = (200, b'{"content": "x"}')
    with pytest.raises(EngineUnavailable, match="no probabilities"):
        engine.options([1], most=2)


def test_an_engine_that_comes_back_is_used_again(fake: Any, engine: LlamaServer) -> None:
    fake.fault = (0, b"")
    with pytest.raises(EngineUnavailable):
        engine.encode("a")
    fake.fault = None
    assert engine.encode(" sea") == [1]


def test_no_engine_is_unavailable() -> None:
    with pytest.raises(EngineUnavailable, match="ConnectionRefusedError"):
        LlamaServer("http://127.0.0.1:9").encode("a")


@pytest.mark.parametrize("url", ["https://example.org", "localhost:8080", "http://"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not an http"):
        LlamaServer(url)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"m\.gguf"), serve_gguf(tmp_path / "m.gguf"):
        pass
    with pytest.raises(InputMissing, match=r"t\.json"):
        JsonTokenizer(tmp_path / "t.json")


def test_an_engine_that_cannot_be_loaded_says_which_library_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text('raise ImportError("libgomp.so.1: not here")', "utf-8")
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF")
    with pytest.raises(UsageError, match=r"cannot be loaded: libgomp\.so\.1"), serve_gguf(model):
        pass


def test_a_tokenizer_file_that_describes_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    for text in ("", "{}", "[]"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="describes no tokenizer"):
            JsonTokenizer(path)
