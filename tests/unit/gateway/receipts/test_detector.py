"""The detector over HTTP: for known callers, so often, and not too exactly."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from audit.gateway.receipts import PATH, Callers, DetectorApp
from tests.unit.gateway.receipts.scene import Reply, call, reply
from tests.unit.watermark.world import World, human

TOKEN = "a caller's token"
AUTH = {"authorization": f"Bearer {TOKEN}"}


class Clock:
    now = 10**18

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


@pytest.fixture
def app(world: World, clock: Clock) -> DetectorApp:
    async def inside(_: Any, __: Any, send: Any) -> None:
        await reply(send, 200, [b'"inside"'], b"application/json")

    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    return DetectorApp(inside, world.examiner, Callers({digest: "assessor"}, 3, clock))


def detect(app: DetectorApp, text: Any, **more: Any) -> Reply:
    request = text if isinstance(text, bytes) else {"text": text}
    headers = more.get("headers", AUTH)
    return asyncio.run(call(app, request, path=more.get("path", PATH), headers=headers))


def test_a_caller_gets_the_verdict_with_p_values_in_decades(world: World, app: DetectorApp) -> None:
    text, issued = world.answer()
    got = detect(app, text.replace(" ", " not ", 1))
    assert got.status == 200
    assert got.json["verdict"] == "derived or altered"
    (one,) = got.json["attributions"]
    assert one["receipt_id"] == issued.receipt.receipt_id
    assert one["log10_p"].endswith(".00")
    assert one["shared_permille"] % 100 == 0
    assert got.json["presence"][0]["log10_p"].endswith(".00")
    assert got.json["presence"][0]["tokens"] == [0, 0]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer other"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": ""},
    ],
)
def test_a_stranger_is_refused(app: DetectorApp, headers: dict[str, str]) -> None:
    assert detect(app, human(1), headers=headers).status == 401


def test_a_caller_who_asks_too_often_waits(app: DetectorApp, clock: Clock) -> None:
    assert [detect(app, "x").status for _ in range(4)] == [200, 200, 200, 429]
    clock.now += 20 * 10**9
    assert [detect(app, "x").status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"text": 1}', 400),
        (b"\xff", 400),
        (b'{"text":"' + b"x" * (2 << 20) + b'"}', 413),
    ],
)
def test_a_body_that_is_no_question_is_refused(app: DetectorApp, body: bytes, status: int) -> None:
    assert detect(app, body).status == status


def test_what_cannot_be_told_is_said_and_the_text_is_not_repeated(
    world: World, app: DetectorApp
) -> None:
    world.shelf.close()
    got = detect(app, "secret words")
    assert got.status == 503
    assert b"secret" not in got.body


def test_other_paths_are_answered_inside(app: DetectorApp) -> None:
    assert detect(app, "x", path="/v1/models", headers={}).body == b'"inside"'
