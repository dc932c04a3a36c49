"""An engine: OpenAI chat completions over llama.cpp, drawn by the marked sampler.

One answer at a time; llama-server has one prompt cache here. Stop strings, tools
and several answers are not offered: what is not understood is refused.
"""

import asyncio
import codecs
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from audit.core.errors import AuditError
from audit.documents import Coverage, Sampling, decimal_text
from audit.gateway._asgi import Receive, Scope, Send, refuse
from audit.gateway._middleware import whole_body
from audit.gateway.receipts._desk import KEY, Slip
from audit.watermark.engines import Limits, LlamaServer, generate, generate_greedy
from audit.watermark.mark import MarkedSampler

CHAT = "/v1/chat/completions"
_MOST_BODY = 10 << 20
_REFUSED = ("tools", "functions", "response_format", "stop", "suffix", "logprobs", "audio")


class _Unfit(Exception):  # noqa: N818
    """A request this engine does not answer; the text is for the client."""


class MarkedLlama:
    """Serves one model, under the name its release has. Requests need a slip."""

    def __init__(self, server: LlamaServer, *, limits: Limits) -> None:
        self._server, self._limits = server, limits
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        slip = (scope.get("extensions") or {}).get(KEY)
        if scope["type"] != "http" or scope["path"] != CHAT:
            await refuse(send, 404, "unknown_path", "this engine answers chat completions")
            return
        if not isinstance(slip, Slip):
            await refuse(send, 503, "no_receipt", "this engine answers behind receipts only")
            return
        request = json.loads(await whole_body(receive, _MOST_BODY))
        try:
            answer = _Answer(self._server, slip, self._wanted(request, slip), request)
        except _Unfit as exc:
            await refuse(send, 400, "unsupported", str(exc))
            return
        async with self._turn:
            try:
                await answer.send(send)
            except AuditError:
                if answer.begun:
                    raise
                await refuse(send, 503, "engine_unavailable", "the engine does not answer")

    def _wanted(self, request: Mapping[str, Any], slip: Slip) -> Limits:
        for name in _REFUSED:
            if request.get(name):
                raise _Unfit(f"{name} is not offered")
        most = request.get("max_completion_tokens") or request.get("max_tokens")
        if most is not None and (not isinstance(most, int) or most < 1):
            raise _Unfit("max_tokens is a number from 1 on")
        own, asked = self._limits, slip.sampling
        return Limits(
            temperature=float(asked.temperature),
            top_p=min(own.top_p, float(asked.top_p)),
            top_k=min(own.top_k, asked.top_k or own.top_k),
            max_tokens=min(own.max_tokens, most or own.max_tokens),
        )


class _Answer:
    def __init__(
        self, server: LlamaServer, slip: Slip, limits: Limits, request: Mapping[str, Any]
    ) -> None:
        self._server, self._slip, self._limits = server, slip, limits
        self._messages = _messages(request)
        self._streams = request.get("stream") is True
        self._sampler: MarkedSampler | None = None
        self._head = {
            "id": f"chatcmpl-{slip.ticket.receipt_id}",
            "created": time.time_ns() // 10**9,
            "model": slip.issuer.line.model_id,
        }
        self.begun = False

    async def send(self, send: Send) -> None:
        """Generate and send the answer."""
        prompt = await asyncio.to_thread(self._server.prompt, self._messages)
        pieces = self._pieces(prompt)
        if self._streams:
            await self._send_events(pieces, send)
        else:
            text = "".join([piece async for piece in pieces])
            self._note()
            await self._send_whole(text, len(prompt), send)

    def _tokens(self, prompt: list[int]) -> Iterator[bytes]:
        if self._slip.is_greedy:
            return generate_greedy(self._server, prompt, self._limits)
        self._sampler = self._slip.sampler()
        return generate(self._server, prompt, self._sampler, self._limits)

    async def _pieces(self, prompt: list[int]) -> AsyncIterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        tokens, count = self._tokens(prompt), 0
        while (token := await asyncio.to_thread(next, tokens, None)) is not None:
            count += 1
            self._slip.tokens = count
            if piece := decoder.decode(token):
                yield piece
        if piece := decoder.decode(b"", final=True):
            yield piece

    def _note(self) -> None:
        """Write down for the receipt how the answer was drawn."""
        slip = self._slip
        slip.tokens = slip.tokens or 0
        slip.sampling = Sampling(
            temperature=slip.sampling.temperature,
            top_p=decimal_text(self._limits.top_p),
            top_k=self._limits.top_k,
        )
        slip.coverage = Coverage.GREEDY if self._sampler is None else None
        slip.choices = tuple(self._sampler.choices) if self._sampler else ()

    async def _send_events(self, pieces: AsyncIterator[str], send: Send) -> None:
        started = False
        async for piece in pieces:
            if not started:
                started = True
                await self._open(send)
            await self._event({"content": piece}, None, send)
        if not started:
            await self._open(send)
        self._note()
        await self._event({}, self._reason, send)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    async def _open(self, send: Send) -> None:
        self.begun = True
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._event({"role": "assistant", "content": ""}, None, send)

    async def _event(self, delta: dict[str, str], reason: str | None, send: Send) -> None:
        self._note()  # a client that leaves early leaves a receipt for what it got
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        value = {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
        body = f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _send_whole(self, text: str, prompt: int, send: Send) -> None:
        self.begun = True
        message = {"role": "assistant", "content": text}
        tokens = self._slip.tokens or 0
        value = {
            **self._head,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": self._reason}],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": tokens,
                "total_tokens": prompt + tokens,
            },
        }
        body = json.dumps(value, ensure_ascii=False).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @property
    def _reason(self) -> str:
        return "length" if (self._slip.tokens or 0) >= self._limits.max_tokens else "stop"


def _messages(request: Mapping[str, Any]) -> list[dict[str, str]]:
    found = []
    messages = request.get("messages")
    for message in messages if isinstance(messages, list) else ():
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(role, str) or not isinstance(content, str):
            raise _Unfit("a message has a role and a content that is text")
        found.append({"role": role, "content": content})
    if not found:
        raise _Unfit("there are no messages")
    return found


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
