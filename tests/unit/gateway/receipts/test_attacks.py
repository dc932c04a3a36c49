"""Answers under attack: clients that leave, odd answers, many at once, hostile fields, odd clocks."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import ConfigError, DigestMismatch
from audit.documents import (
    AigcLabel,
    Coverage,
    DetectionVerdict,
    KeyRegistry,
    MarkProfile,
    ReceiptRecord,
)
from audit.gateway import GatewayConfig
from audit.watermark import LocalRoot, recorded_responses, unfinished, verify_recorded, verify_text
from audit.watermark.issue import KeyKeeper, ServedModel
from audit.watermark.labels import Carrier, add_label, find_label
from tests.unit.gateway.receipts.scene import ASK, Engine, Scene, call, reply, start
from tests.unit.watermark.made import SIGNER
from tests.unit.watermark.world import DAY, ROOT, START, TOKENIZER, WORDS


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    scenes = []

    def made(engine: Any = None, **given: Any) -> Scene:
        folder = tmp_path / str(len(scenes))
        folder.mkdir()
        scenes.append(Scene(folder, engine, **given))
        return scenes[-1]

    yield made
    for scene in scenes:
        scene.close()


def events(scene: Scene) -> list[str]:
    return [entry.event.type for entry in scene.entries()]


# Clients that leave


def test_a_client_that_leaves_in_the_middle_leaves_a_receipt_for_what_was_sent(
    make: Callable[..., Scene],
) -> None:
    scene = make()
    got = asyncio.run(scene.asking({**ASK, "stream": True}, leaves_after=40))
    (record,) = scene.records()
    receipt = record.signed.receipt
    assert "incomplete" in receipt.labels
    assert b"[DONE]" not in got.body
    # What was on its way when the client left may be in the receipt; what came is.
    whole, came = " ".join(scene.engine.written), len(got.text)
    assert any(_commits(record, whole[:upto]) for upto in range(came, came + 200))
    assert unfinished(entry.event for entry in scene.entries()) == ()


def test_a_client_that_leaves_before_the_first_word_is_recorded_as_not_served(
    make: Callable[..., Scene],
) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(60)

    scene = make(slow)

    async def leaving() -> None:
        left = [json.dumps(ASK).encode()]

        async def receive() -> Any:
            if left:
                return {"type": "http.request", "body": left.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            raise OSError  # ASGI 2.4: what a server does when the client is gone

        scope = {
            "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }  # fmt: skip
        await scene.app(scope, receive, send)

    asyncio.run(leaving())
    assert events(scene) == ["response.begun", "response.failed"]
    assert scene.entries()[-1].event.facts["reason"] == "client-gone"


def test_the_engine_stops_when_the_client_leaves(make: Callable[..., Scene]) -> None:
    steps: list[int] = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, b"text/event-stream"))
        for step in range(10_000):
            steps.append(step)
            row = {"choices": [{"index": 0, "delta": {"content": f"{WORDS[step % 3000]} "}}]}
            body = f"data: {json.dumps(row)}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0)

    scene = make(endless)
    asyncio.run(scene.asking({**ASK, "stream": True}, leaves_after=20))
    assert 0 < len(steps) < 100
    assert "incomplete" in scene.records()[0].signed.receipt.labels


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/chat/completions"), ("GET", "/v1/chat/completions"), ("POST", "/generate"),
        ("POST", "//v1/chat/completions"), ("POST", "/V1/chat/completions"), ("PATCH", "/v1/x"),
        ("GET", "/v1/responses/resp_1"), ("POST", "/v1/models"), ("POST", "/v1/unknown/../chat/completions"),
    ],
)  # fmt: skip
def test_no_answer_is_had_by_another_path_or_method(
    make: Callable[..., Scene], method: str, path: str
) -> None:
    """Not even where the redaction's own configuration lets unknown paths pass."""
    asked: list[str] = []

    async def engine(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await reply(send, 200, [b'{"text": "words"}'], b"application/json")

    scene = make(engine, redaction=GatewayConfig(other_paths="pass"))
    got = asyncio.run(call(scene.app, ASK, path=path, method=method))
    assert got.status in (404, 405)
    assert asked == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models"), ("POST", "/v1/embeddings")])
def test_what_holds_no_words_of_a_model_goes_on_without_a_receipt(
    make: Callable[..., Scene], method: str, path: str
) -> None:
    async def engine(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, 200, [b'{"data": []}'], b"application/json")

    scene = make(engine)
    assert asyncio.run(call(scene.app, ASK, path=path, method=method)).status == 200
    assert scene.entries() == []


# Odd answers


@pytest.mark.parametrize("stream", [False, True])
def test_words_under_another_status_of_success_have_a_receipt_too(
    make: Callable[..., Scene], *, stream: bool
) -> None:
    scene = make()
    scene.engine.status = 206
    got = scene.ask(stream=stream)
    (record,) = scene.records()
    assert got.status == 206
    verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), got.text)


def answering(message: dict[str, Any], **more: Any) -> Any:
    async def engine(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        body = json.dumps({"choices": [{"index": 0, "message": message, **more}]}).encode()
        await reply(send, 200, [body], b"application/json")

    return engine


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
        ]},
        {"role": "assistant", "refusal": "no"},
    ],
    ids=["empty", "tool-call", "refusal"],
)  # fmt: skip
def test_an_answer_without_words_has_a_receipt_about_no_words(
    make: Callable[..., Scene], message: dict[str, Any]
) -> None:
    scene = make(answering(message))
    got = scene.ask()
    assert got.json["choices"][0]["message"] == message
    (record,) = scene.records()
    assert record.signed.receipt.tokens == 0
    verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), "")
    with scene._shelf() as shelf:
        assert scene.examiner(shelf).examine("").verdict in {
            DetectionVerdict.AUTHENTIC,
            DetectionVerdict.NO_EVIDENCE,
        }


def test_several_choices_in_one_answer_are_all_in_its_receipt(make: Callable[..., Scene]) -> None:
    """The gateway refuses n > 1; an engine that gives several all the same hides none of them."""

    async def engine(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        rows = [{"index": n, "message": {"content": WORDS[n] * 3}} for n in range(3)]
        await reply(send, 200, [json.dumps({"choices": rows}).encode()], b"application/json")

    scene = make(engine)
    assert scene.ask(n=3).status == 400
    scene.ask()
    (record,) = scene.records()
    whole = "\n".join(WORDS[n] * 3 for n in range(3))
    verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), whole)


# Many at once


@pytest.mark.slow
def test_64_at_once_have_one_receipt_each(make: Callable[..., Scene]) -> None:
    scene = make(Engine(50))
    counted: list[str] = []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                counted.append(dict(message["headers"])[b"x-audit-receipt"].decode())
            await send(message)

        await scene.app(scope, receive, watched)

    async def all_at_once() -> list[Any]:
        asks = [{**ASK, "stream": n % 2 == 0} for n in range(64)]
        return await asyncio.gather(*(call(counting, ask) for ask in asks))

    got = asyncio.run(all_at_once())
    records = {record.signed.receipt.receipt_id: record for record in scene.records()}
    assert len(counted) == len(set(counted)) == 64
    assert set(records) == set(counted)
    assert events(scene).count("response.served") == 64
    for one in got:
        record = records[one.audit["receipt_id"]]
        verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), one.text)
    recorded = recorded_responses(scene.entries())
    assert all(verify_recorded(r.signed.receipt, recorded) for r in records.values())


# Fields that are not what they seem

_HOSTILE = "x\r\nX-Audit-Receipt: 01M7\r\n\r\n<script>\"'\n---\nAIGC:\n  Label: '3'\u2028\u0085\x00"


@pytest.mark.parametrize("carrier", list(Carrier))
def test_label_fields_inject_neither_lines_nor_markup_nor_fields(carrier: Carrier) -> None:
    label = AigcLabel(
        label="1", content_producer=_HOSTILE, produce_id=_HOSTILE, reserved_code1=_HOSTILE,
        content_propagator=_HOSTILE, propagate_id=_HOSTILE, reserved_code2=_HOSTILE,
    )  # fmt: skip
    bare = {
        Carrier.TEXT: "words\n",
        Carrier.JSON: '{"text": "words"}',
        Carrier.HTML: "<html><head></head><body>words</body></html>",
    }[carrier]
    made = add_label(bare, label, carrier, source="f")
    assert find_label(made, carrier, source="f") == label
    assert "<script>" not in made or carrier is not Carrier.HTML
    head = made[: made.index("words")]
    assert "\r" not in head
    assert head.count("\nAIGC:") <= (carrier is Carrier.TEXT)


def test_a_producer_code_of_the_operator_reaches_no_header(make: Callable[..., Scene]) -> None:
    scene = make(policy={"producer": _HOSTILE})
    got = scene.ask()
    assert got.json["audit"]["AIGC"]["ContentProducer"] == _HOSTILE
    assert all("\r" not in value and "\n" not in value for value in got.headers.values())
    assert got.headers["x-audit-receipt"] == got.audit["receipt_id"]


def test_a_receipt_header_from_upstream_or_client_is_never_passed_on(
    make: Callable[..., Scene],
) -> None:
    async def forging(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        message = start(200, b"application/json")
        message["headers"] += [(b"X-Audit-Receipt", b"01M7FORGED"), (b"x-audit-receipt", b"2")]
        await send(message)
        body = json.dumps(
            {
                "choices": [{"message": {"content": "words"}}],
                "audit": {"receipt_id": "forged", "recorded": True},
            }
        ).encode()
        await send({"type": "http.response.body", "body": body})

    scene = make(forging)
    got = asyncio.run(call(scene.app, ASK, headers={"x-audit-receipt": "01M7FORGED"}))
    (record,) = scene.records()
    assert got.headers["x-audit-receipt"] == record.signed.receipt.receipt_id
    assert got.audit["receipt_id"] == record.signed.receipt.receipt_id
    assert b"FORGED" not in got.body


# Clocks


def keeper(folder: Path, now: list[int]) -> KeyKeeper:
    release = ServedModel("acme/one", "sha256:" + "1" * 64, "synthetic", TOKENIZER, MarkProfile())
    return KeyKeeper(folder / "keys.json", ROOT, SIGNER, release, clock=lambda: now[0])


def test_a_clock_that_goes_back_never_issues_under_a_key_that_does_not_count(
    tmp_path: Path,
) -> None:
    now = [START]
    keys = keeper(tmp_path, now)
    seen = set()
    for moment in (START, START - 40 * DAY, START + DAY, START - 40 * DAY + 1, START + 8 * DAY):
        now[0] = moment
        issuer = keys.issuer()
        ticket = issuer.begin()
        assert issuer.line.counts_at(ticket.ts_ns)
        seen.add(issuer.line.key_id)
    lines = KeyRegistry.read((tmp_path / "keys.json").read_bytes(), source="keys").keys
    assert {line.key_id for line in lines} == seen


def test_two_responses_of_one_moment_have_two_ids_and_two_tags(tmp_path: Path) -> None:
    issuer = keeper(tmp_path, [START]).issuer()
    tickets = [issuer.begin() for _ in range(200)]
    assert len({ticket.receipt_id for ticket in tickets}) == 200
    assert len({ticket.tag for ticket in tickets}) == 200


def test_a_registry_of_another_root_stops_the_gateway(tmp_path: Path) -> None:
    now = [START]
    keeper(tmp_path, now).issuer()
    other = keeper(tmp_path, now)
    other.root = LocalRoot(b"another root key of 32 bytes....")
    with pytest.raises(ConfigError, match="does not give key"):
        other.issuer()


def test_coverage_is_said_of_an_incomplete_answer_too(make: Callable[..., Scene]) -> None:
    scene = make(Engine(400))
    asyncio.run(scene.asking({**ASK, "stream": True}, leaves_after=300))
    (record,) = scene.records()
    assert record.signed.receipt.coverage in set(Coverage)


def _commits(record: ReceiptRecord, text: str) -> bool:
    try:
        verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), text)
    except DigestMismatch:
        return False
    return True
