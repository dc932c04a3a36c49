"""A model server elsewhere: real sockets on loopback, and everything that can go wrong on them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EngineUnavailable, UsageError
from audit.gateway import Upstream
from audit.watermark import unfinished, verify_text
from tests.unit.gateway.receipts.scene import ASK, Scene, call
from tests.unit.watermark.world import WORDS

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """One answer for every request; what was asked and how connections ended is kept."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[bytes] = []
        self.left = 0
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            self.asked.append(head + await reader.readexactly(size))
            try:
                await self._answer(self.asked[-1], writer)
            except (ConnectionError, BrokenPipeError):
                self.left += 1


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    made = Server(answer)
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


def head(form: str, *more: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {form}", *more, "", ""]
    return "\r\n".join(lines).encode()


def event(text: str, reason: str | None = None) -> bytes:
    row = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}
    body = f"data: {json.dumps(row)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(body), body)


async def whole(_: bytes, writer: asyncio.StreamWriter) -> None:
    message = {"role": "assistant", "content": " ".join(WORDS[:80])}
    body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
    more = (f"Content-Length: {len(body)}", "Set-Cookie: secret=1", "X-Audit-Receipt: forged")
    writer.write(head("application/json", *more) + body)
    await writer.drain()


async def streamed(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head("text/event-stream", "Transfer-Encoding: chunked"))
    for at, word in enumerate(WORDS[:60]):
        writer.write(event(f" {word}" if at else word))
        await writer.drain()
    writer.write(event("", "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    await writer.drain()


async def broken(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head("text/event-stream", "Transfer-Encoding: chunked"))
    for word in WORDS[:40]:
        writer.write(event(f"{word} "))
    await writer.drain()


async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head("text/event-stream", "Transfer-Encoding: chunked"))
    while True:
        writer.write(event(f"{WORDS[5]} "))
        await writer.drain()
        await asyncio.sleep(0.001)


async def behind(answer: Answer, folder: Path, *asks: dict[str, Any], **more: Any) -> Any:
    async with serving(answer) as server:
        scene = Scene(folder, Upstream(server.url))
        try:
            got = await asyncio.gather(*(call(scene.app, one, **more) for one in asks))
            await asyncio.sleep(0.05)
        finally:
            scene.close()
        return scene, server, got


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_from_elsewhere_has_a_receipt(tmp_path: Path, *, stream: bool) -> None:
    answer = streamed if stream else whole
    scene, _, (got,) = asyncio.run(behind(answer, tmp_path, {**ASK, "stream": stream}))
    (record,) = scene.records()
    assert got.status == 200
    assert got.headers["x-audit-receipt"] == record.signed.receipt.receipt_id
    verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), got.text)
    assert got.text == " ".join(WORDS[: 60 if stream else 80])
    assert record.signed.receipt.coverage.value == "blackbox"
    assert "set-cookie" not in got.headers


def test_only_headers_a_model_server_needs_go_on(tmp_path: Path) -> None:
    headers = {
        "cookie": "session=1", "x-forwarded-for": "192.0.2.7", "authorization": "Bearer k",
        "accept-encoding": "br",
    }  # fmt: skip
    _, server, _ = asyncio.run(behind(whole, tmp_path, ASK, headers=headers))
    (asked,) = server.asked
    assert b"authorization: Bearer k" in asked
    assert b"accept-encoding: identity" in asked
    assert b"cookie" not in asked
    assert b"192.0.2.7" not in asked


def test_a_stream_that_breaks_off_gets_a_receipt_that_says_so(tmp_path: Path) -> None:
    scene, _, (got,) = asyncio.run(behind(broken, tmp_path, {**ASK, "stream": True}))
    (record,) = scene.records()
    assert "incomplete" in record.signed.receipt.labels
    assert b"[DONE]" not in got.body
    verify_text(record.signed.receipt, bytes.fromhex(record.salt or ""), got.text)


def test_a_server_that_is_away_is_told_apart_from_an_answer(tmp_path: Path) -> None:
    async def away() -> Any:
        async with serving(whole) as server:
            url = server.url
        scene = Scene(tmp_path, Upstream(url))
        try:
            return scene, await call(scene.app, ASK)
        finally:
            scene.close()

    scene, got = asyncio.run(away())
    assert got.status == 503
    assert scene.entries()[-1].event.facts["reason"] == "status-503"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"\0\1"])
def test_what_is_no_answer_of_http_does_not_leave(tmp_path: Path, said: bytes) -> None:
    async def odd(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    scene, _, (got,) = asyncio.run(behind(odd, tmp_path, ASK))
    assert got.status == 502
    assert scene.records() == []
    assert unfinished(entry.event for entry in scene.entries()) == ()


def test_a_client_that_leaves_makes_the_server_stop(tmp_path: Path) -> None:
    scene, server, _ = asyncio.run(
        behind(endless, tmp_path, {**ASK, "stream": True}, leaves_after=5)
    )
    assert server.left == 1
    assert "incomplete" in scene.records()[0].signed.receipt.labels


@pytest.mark.slow
def test_64_at_once_over_sockets_have_one_receipt_each(tmp_path: Path) -> None:
    asks = [{**ASK, "stream": True}] * 64
    scene, server, got = asyncio.run(behind(streamed, tmp_path, *asks))
    ids = [one.headers["x-audit-receipt"] for one in got]
    assert len(server.asked) == len(set(ids)) == len(scene.records()) == 64
    assert {one.text for one in got} == {" ".join(WORDS[:60])}


def test_a_server_that_breaks_off_is_an_error_for_who_asked_without_receipts() -> None:
    async def alone() -> None:
        async with serving(broken) as server:
            await call(Upstream(server.url), {**ASK, "stream": True})

    with pytest.raises(EngineUnavailable, match="broke off"):
        asyncio.run(alone())


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:80", "http://"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not an http"):
        Upstream(url)
