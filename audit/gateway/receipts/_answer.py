"""One answer on its way out: its text is collected, labelled, and gets its receipt.

Nothing of a whole answer is sent before its receipt is recorded. Of a stream
the last event is not; with `streams: hold` nothing is.
"""

import contextlib
import json
from typing import Any

from audit.core.errors import AuditError
from audit.documents import AigcLabel, Coverage, Explicit
from audit.gateway._asgi import Headers, Message, Send, header, refuse, without
from audit.gateway._bodies import unpacked
from audit.gateway.receipts._desk import ReceiptDesk, Slip
from audit.gateway.receipts._policy import ReceiptPolicy
from audit.gateway.receipts._stream import FIELD, ReceiptStream
from audit.gateway.receipts._texts import whole
from audit.watermark.issue import Issued
from audit.watermark.labels import after, before, label_for, make_reference, wrapped
from audit.watermark.synonyms import LABEL as SHIFTED
from audit.watermark.synonyms import shift, synonym_key

HEADER = b"x-audit-receipt"
UNRECORDED = "unrecorded"
MOST = 32 << 20
_OK = 200
_LOST = b'event: error\ndata: {"error":{"message":"the receipt of this answer could not be recorded","type":"receipt_unrecorded"}}\n\n'


class ReceiptAnswer:
    """Takes the place of `send` for one request; without a slip it only sets a flag."""

    def __init__(
        self, send: Send, desk: ReceiptDesk, slip: Slip | None, policy: ReceiptPolicy, path: str
    ) -> None:
        self._send, self._desk, self._slip = send, desk, slip
        self._policy, self._path = policy, path
        self._start: Message | None = None
        self._stream: ReceiptStream | None = None
        self._body = bytearray()
        self._sent = False
        self._over = False
        self._labels: list[str] = ["header"]

    async def __call__(self, message: Message) -> None:
        """Take a message of the application."""
        if self._over:
            return
        if message["type"] == "http.response.start":
            self._begin(message)
        elif message["type"] == "http.response.body":
            await self._take(message.get("body", b""), more=message.get("more_body", False))

    async def end(self, reason: str) -> None:
        """End an answer that the application did not end: what was sent gets its receipt."""
        if self._over:
            return
        self._over = True
        if self._sent and self._stream is not None and self._stream.sent:
            self._labels.append("incomplete")
            await self._issue(self._stream.sent)
        else:
            await self._note(reason)
        with contextlib.suppress(OSError):  # ASGI 2.4: the client may be gone
            if not self._sent:
                await refuse(self._send, 502, "engine_failed", "the engine did not answer")
            else:
                await self._send({"type": "http.response.body", "body": b""})

    def _begin(self, message: Message) -> None:
        headers: Headers = list(message.get("headers", ()))
        receipt_id = self._slip.ticket.receipt_id if self._slip else UNRECORDED
        headers = [*without(headers, HEADER), (HEADER, receipt_id.encode("ascii"))]
        if header(headers, b"content-type").lower().startswith(b"text/event-stream"):
            headers = without(headers, b"content-length")
            self._stream = ReceiptStream(self._path, self._policy.explicit, self._wrapper())
        self._start = {**message, "headers": headers}

    async def _take(self, body: bytes, *, more: bool) -> None:
        if self._start is None:
            await self.end("protocol")
        elif not _OK <= self._start["status"] < _OK + 100:
            await self._pass_on(self._start, body, more=more)
        elif self._stream is not None:
            await self._take_event(self._start, self._stream, body, more=more)
        else:
            self._body += body
            if len(self._body) > MOST:
                await self.end("too-large")
            elif not more:
                await self._send_whole(self._start)

    async def _pass_on(self, start: Message, body: bytes, *, more: bool) -> None:
        """Pass an error of the engine on; it is no answer and has no receipt."""
        if not more:
            self._over = True
            await self._note(f"status-{start['status']}")
        if not self._sent:
            self._sent = True
            await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _take_event(
        self, start: Message, stream: ReceiptStream, body: bytes, *, more: bool
    ) -> None:
        out = stream.feed(body)
        if not more:
            out += stream.rest()
        if self._policy.streams == "hold":
            self._body += out
            if len(self._body) > MOST:
                await self.end("too-large")
            if more or self._over:
                return
            out = bytes(self._body)
        held = self._policy.streams == "hold"
        if more or not held:
            await self._send_some(start, out)
            out = b""
        if not more:
            await self._end_stream(start, stream, out)

    async def _end_stream(self, start: Message, stream: ReceiptStream, out: bytes) -> None:
        self._over = True
        self._label("sse")
        if stream.broke_off:
            self._labels.append("incomplete")
        issued = await self._issue(stream.text)
        if issued is None and self._policy.unrecorded == "refuse":
            if not self._sent:
                await self._refuse()
                return
            out += _LOST
        else:
            out += stream.last(self._field(issued))
        await self._send_some(start, out)
        await self._send({"type": "http.response.body", "body": b""})

    async def _send_some(self, start: Message, out: bytes) -> None:
        if not self._sent:
            self._sent = True
            await self._send(start)
        if out:
            await self._send({"type": "http.response.body", "body": out, "more_body": True})

    async def _send_whole(self, start: Message) -> None:
        self._over = True
        headers: Headers = start["headers"]
        payload = _object(bytes(self._body), header(headers, b"content-encoding"))
        if payload is None:
            await self._note("unreadable")
            await refuse(self._send, 502, "unreadable", "the answer is in no form with a text")
            return
        holders = whole(payload)
        if self._shifts():
            self._labels.append(SHIFTED)
            for holder, name in holders:
                holder[name] = self._shifted(holder[name])
        if holders:
            first, last = holders[0], holders[-1]
            first[0][first[1]] = before(self._policy.explicit) + first[0][first[1]]
            last[0][last[1]] += after(self._policy.explicit) + self._wrapper()
        self._label("json")
        issued = await self._issue("\n".join(holder[name] for holder, name in holders))
        if issued is None and self._policy.unrecorded == "refuse":
            await self._refuse()
            return
        payload |= {FIELD: self._field(issued)}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        headers = without(headers, b"content-length", b"content-encoding", b"etag")
        if issued is None:
            headers = [*without(headers, HEADER), (HEADER, UNRECORDED.encode("ascii"))]
        headers.append((b"content-length", str(len(body)).encode("ascii")))
        self._sent = True
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _label(self, carrier: str) -> None:
        self._labels.append(carrier)
        if self._policy.explicit is not Explicit.NONE:
            self._labels.append(self._policy.explicit.value)
        if self._policy.producer is not None:
            self._labels.append("aigc-json")
        if self._wrapper():
            self._labels.append("c2pa-text")

    def _shifts(self) -> bool:
        """Whether the words of this answer are chosen by key: the policy asks, and it has no mark."""
        unmarked = self._slip is not None and self._slip.coverage is Coverage.BLACKBOX
        return self._policy.synonyms and unmarked

    def _shifted(self, text: str) -> str:
        if self._slip is None:
            return text
        ticket, keys = self._slip.ticket, self._slip.issuer.keys
        return shift(text, synonym_key(keys, ticket.receipt_id)).text

    def _wrapper(self) -> str:
        """Return the unseen reference that the text ends with, if the policy asks for one."""
        if self._slip is None or not self._policy.wrapper:
            return ""
        key = self._slip.issuer.keys.text
        return wrapped(make_reference(self._slip.ticket.receipt_id, key))

    async def _issue(self, text: str) -> Issued | None:
        """Return the recorded receipt, or None when it cannot be recorded."""
        if self._slip is None:
            return None
        try:
            return await self._desk.served(self._slip, text, tuple(self._labels))
        except AuditError:
            return None

    def _field(self, issued: Issued | None) -> dict[str, Any]:
        """Return what the answer says of its receipt."""
        if issued is None:
            return {"receipt_id": None, "recorded": False}
        signed = issued.record.signed
        field: dict[str, Any] = {
            "receipt_id": signed.receipt.receipt_id,
            "recorded": True,
            "coverage": signed.receipt.coverage.value,
            "model_digest": signed.receipt.model_digest,
            "receipt_digest": signed.receipt.document_digest(),
            "key": signed.key,
            "signature": signed.signature,
        }
        if self._policy.producer is not None:
            label: AigcLabel = label_for(signed, producer=self._policy.producer)
            field["AIGC"] = label.model_dump(by_alias=True)
        return field

    async def _note(self, reason: str) -> None:
        if self._slip is None:
            return
        try:
            await self._desk.failed(self._slip, reason)
        except AuditError:
            return  # the ledger keeps showing a response that began and did not end

    async def _refuse(self) -> None:
        self._sent = True
        await refuse(
            self._send, 503, "receipt_unrecorded", "the receipt of this answer cannot be recorded"
        )


def _object(body: bytes, coding: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(unpacked(body, coding, MOST))
    except Exception:  # noqa: BLE001 - whatever it is, it is not an answer we can read
        return None
    return value if isinstance(value, dict) else None
