"""The llama.cpp engine behind receipts, with a scripted server of its interface."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.documents import Coverage
from audit.gateway.receipts import MarkedLlama
from audit.watermark.engines import Limits, LlamaServer
from tests.fakes.llama import llama
from tests.unit.gateway.receipts.scene import Scene, call


@pytest.fixture
def fake() -> Iterator[Any]:
    with llama() as server:
        yield server


@pytest.fixture
def scene(fake: Any, tmp_path: Path) -> Iterator[Scene]:
    with LlamaServer(fake.url) as server:
        made = Scene(tmp_path, MarkedLlama(server, limits=Limits(max_tokens=70)))
        yield made
        made.close()


@pytest.mark.parametrize("stream", [False, True])
def test_it_answers_chat_completions_with_a_mark(scene: Scene, *, stream: bool) -> None:
    got = scene.ask(stream=stream)
    (record,) = scene.records()
    receipt = record.signed.receipt
    assert got.status == 200
    assert len(got.text) > 40
    assert receipt.mark is not None
    assert receipt.mark.contexts > 0
    assert receipt.tokens > 40
    assert (receipt.engine, receipt.sampling.top_p) == ("synthetic", "0.95")


def test_temperature_0_is_answered_without_a_mark_and_said_to_be(scene: Scene) -> None:
    scene.ask(temperature=0)
    (record,) = scene.records()
    assert record.signed.receipt.coverage is Coverage.GREEDY


def test_the_number_of_tokens_is_the_client_s_and_no_more_than_ours(scene: Scene) -> None:
    got = scene.ask(max_tokens=5)
    assert got.json["usage"]["completion_tokens"] == 5
    assert got.json["choices"][0]["finish_reason"] == "length"
    assert scene.records()[0].signed.receipt.tokens == 5


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{}]}, {"stop": ["x"]}, {"response_format": {"type": "json_object"}},
        {"max_tokens": 0}, {"max_tokens": "9"}, {"messages": []}, {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": [{"type": "unheard-of"}]}]},
    ],
)  # fmt: skip
def test_what_it_does_not_do_is_refused_and_recorded(scene: Scene, more: dict[str, Any]) -> None:
    got = scene.ask(**more)
    assert (got.status, got.json["error"]["type"]) == (400, "unsupported")
    assert scene.entries()[-1].event.type == "response.failed"


def test_an_engine_that_is_away_is_told_apart_from_an_answer(scene: Scene, fake: Any) -> None:
    fake.fault = (500, b"")
    got = scene.ask()
    assert (got.status, got.json["error"]["type"]) == (503, "engine_unavailable")
    assert scene.entries()[-1].event.facts["reason"] == "status-503"


def test_it_does_not_answer_without_receipts(scene: Scene) -> None:
    import asyncio

    got = asyncio.run(call(scene.engine, {"messages": [{"role": "user", "content": "x"}]}))
    assert got.status == 503
