"""A gateway with a real ledger and shelf, and engines that behave as they are told."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audit.documents import KeyRegistry, LedgerEntry, MarkProfile, ReceiptRecord, Scheme
from audit.gateway import GatewayConfig, SseParser
from audit.gateway.receipts import KEY, ReceiptDesk, ReceiptPolicy, Slip, with_receipts
from audit.ledger import Ledger, open_ledger
from audit.watermark import ReceiptShelf, derive_epoch
from audit.watermark.examine import Examiner, Sources, tokenizer_digest
from audit.watermark.issue import Issuer
from audit.watermark.mark import Nucleus
from tests.unit.watermark.made import SIGNER, TRUSTED
from tests.unit.watermark.synthetic import zipf
from tests.unit.watermark.world import ROOT, TOKENIZER, WORDS, line

CHAT = "/v1/chat/completions"
ASK = {"model": "m", "messages": [{"role": "user", "content": "say something"}]}


class Engine:
    """Writes marked words; `spoken` is put between them, and faults are made on demand."""

    def __init__(self, count: int = 120) -> None:
        self.count = count
        self.spoken = ""
        self.status = 200
        self.marks = True
        self.fault: Callable[[], None] | None = None
        self.body = b""
        self.asked = 0
        self.written: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.body = (await receive())["body"]
        self.asked += 1
        request = json.loads(self.body)
        slip: Slip = scope["extensions"][KEY]
        words = self._write(slip)
        if request.get("stream"):
            await self._stream(words, send)
        else:
            message = {"role": "assistant", "content": " ".join(words)}
            body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
            await reply(send, self.status, [body], b"application/json")

    def _write(self, slip: Slip) -> list[str]:
        if not self.marks or slip.is_greedy:
            return WORDS[: self.count]
        sampler, rng = slip.sampler(), np.random.default_rng(self.asked)
        chances = zipf(2.5)
        for _ in range(self.count):
            options = rng.permutation(len(WORDS))[: len(chances)]
            sampler.choose(Nucleus(options, chances))
        slip.choices, slip.tokens, slip.coverage = tuple(sampler.choices), self.count, None
        words = [WORDS[choice.token] for choice in sampler.choices]
        self.written = [*words[:60], *([self.spoken] if self.spoken else []), *words[60:]]
        return self.written

    async def _stream(self, words: Sequence[str], send: Any) -> None:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": f" {word}" if at else word} for at, word in enumerate(words)]
        rows = [{"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
        rows.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        events = [f"data: {json.dumps(row)}\n\n".encode() for row in rows] + [b"data: [DONE]\n\n"]
        await send(start(self.status, b"text/event-stream"))
        for at, event in enumerate(events):
            await send({"type": "http.response.body", "body": event, "more_body": True})
            if self.fault is not None and at == len(events) // 2:
                self.fault()
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Reply:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        parser = SseParser()
        rows = [event.data for event in [*parser.feed(self.body), *parser.close()] if event.data]
        return [json.loads(row) if row.startswith("{") else row for row in rows]

    @property
    def text(self) -> str:
        if not self.headers["content-type"].startswith("text/event-stream"):
            return str(self.json["choices"][0]["message"]["content"])
        deltas = [e["choices"][0]["delta"] for e in self.events if "choices" in e]
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def audit(self) -> Any:
        if not self.headers["content-type"].startswith("text/event-stream"):
            return self.json["audit"]
        return next(e["audit"] for e in self.events if isinstance(e, dict) and "audit" in e)


class Scene:
    """One release behind receipts."""

    def __init__(self, folder: Path, engine: Any = None, **given: Any) -> None:
        self.folder = folder
        self.engine = engine or Engine()
        self.url = f"sqlite:///{folder}/ledger.db"
        profile = given.get("profile") or MarkProfile()
        self.line = line(profile=profile)
        self.keys = derive_epoch(ROOT, self.line.model_digest, self.line.epoch)
        self.issuer = Issuer(self.line, self.keys, SIGNER, TOKENIZER, "synthetic")
        self.ledger_faults: list[Any] = []
        with open_ledger(self.url, create=True):
            pass
        self.desk = ReceiptDesk(lambda: self.issuer, shelf=self._shelf, ledger=self._ledger)
        policy = ReceiptPolicy.model_validate(given.get("policy", {}), strict=False)
        redaction = given.get("redaction") or GatewayConfig()
        marks: Scheme | None = given.get("marks")
        self.app = with_receipts(
            self.engine, self.desk, policy=policy, redaction=redaction, marks=marks
        )

    def _shelf(self) -> ReceiptShelf:
        return ReceiptShelf(self.folder / "receipts.db")

    def _ledger(self) -> Ledger:
        return Faulty(open_ledger(self.url), self.ledger_faults)  # type: ignore[return-value]

    def ask(self, request: Any = ASK, *, path: str = CHAT, **more: Any) -> Reply:
        return asyncio.run(self.asking({**request, **more}, path=path))

    async def asking(self, request: Any, *, path: str = CHAT, **more: Any) -> Reply:
        return await call(self.app, request, path=path, **more)

    def close(self) -> None:
        self.desk.close()

    def entries(self) -> list[LedgerEntry]:
        with open_ledger(self.url, read_only=True) as ledger:
            return list(ledger.entries())

    def records(self) -> list[ReceiptRecord]:
        with self._shelf() as shelf:
            ids = [e.event.facts["receipt_id"] for e in self.entries() if _served(e)]
            found = [shelf.find(receipt_id) for receipt_id in ids]
        return [record for record in found if record is not None]

    def examiner(self, shelf: ReceiptShelf) -> Examiner:
        sources = Sources(
            KeyRegistry(keys=(self.line,)), {self.line.key_id: self.keys}, shelf, TRUSTED
        )
        return Examiner(sources, {tokenizer_digest(TOKENIZER): TOKENIZER})


class Faulty:
    """A ledger that fails where a fault is waiting; else the real one."""

    def __init__(self, ledger: Ledger, faults: list[Any]) -> None:
        self._inner, self._faults = ledger, faults

    def append(self, event: Any) -> Any:
        if self._faults and (fault := self._faults.pop(0)) is not OK:
            if callable(fault):
                fault()
            raise fault
        return self._inner.append(event)

    def close(self) -> None:
        self._inner.close()


OK = Exception("no fault")


def _served(entry: LedgerEntry) -> bool:
    return entry.event.type == "response.served"


def start(status: int, form: bytes) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-type", form)]}


async def reply(send: Any, status: int, parts: Sequence[bytes], form: bytes) -> None:
    await send(start(status, form))
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def call(  # noqa: PLR0913 - a test says what it needs
    app: Any,
    request: Any,
    *,
    path: str = CHAT,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    leaves_after: int | None = None,
) -> Reply:
    """Send one request and collect what comes back; the client may leave after so many bodies."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    got, left, over = Reply(), [body], asyncio.Event()
    bodies = 0
    rows = {"content-type": "application/json", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in rows.items()],
    }

    async def receive() -> Any:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        await over.wait()  # as servers do: the client stays until the answer ends
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal bodies
        await asyncio.sleep(0)
        if over.is_set():
            return
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        else:
            got.body += message["body"]
            bodies += 1
            if not message.get("more_body", False) or bodies == leaves_after:
                over.set()

    await app(scope, receive, send)
    return got
