"""Ask a live gateway whether what is planted comes back.

Synthetic identifiers are put between two words of no meaning, and the model is
asked to repeat the line. The words say that it did; the digits say what the
gateway let through. A model that does not repeat leaves the check unanswered.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator

from audit.documents import ProbeCheck, ProbeReport, outcome_of
from audit.gateway._sse import SseParser
from audit.gateway.formats import FORMATS

PATH = "/v1/chat/completions"
_WORDS = ("kestrel", "marlin")
_VALUES = {
    "resident id": "110101199003074610",
    "mobile number": "13800138000",
    "card": "4111 1111 1111 1111",
    "e-mail": "planted.person@example.com",
    "account": "DE89 3704 0044 0532 0130 00",
    "full-width number": "１３８００１３８０００",
}
_SECONDS = 60


def examine(url: str, model: str, key: str | None = None) -> ProbeReport:
    """Send every planted value whole and streamed through `url` and report what came back."""
    checks = tuple(_checks(url.rstrip("/").removesuffix("/v1"), model, key))
    return ProbeReport(outcome=outcome_of(checks), checks=checks)


def _checks(url: str, model: str, key: str | None) -> Iterator[ProbeCheck]:
    for name, value in _VALUES.items():
        for stream in (False, True):
            title = f"{name}, {'streamed' if stream else 'whole'}"
            try:
                raw = _asked(url, model, key, value, stream=stream)
            except (OSError, ValueError) as exc:
                detail = (
                    f"HTTP {exc.code}"
                    if isinstance(exc, urllib.error.HTTPError)
                    else type(exc).__name__
                )
                yield ProbeCheck(name=title, answered=False, leaked=False, detail=detail)
                continue
            yield _judged(title, value, raw, _text(raw, stream=stream))


def _judged(title: str, value: str, raw: bytes, text: str) -> ProbeCheck:
    leaked = _squeezed(value) in _squeezed(text) or _squeezed(value) in _squeezed(
        raw.decode("utf-8", "replace")
    )
    repeated = all(word in text.lower() for word in _WORDS)
    detail = (
        "came back" if leaked else "replaced" if repeated else "the model did not repeat the line"
    )
    return ProbeCheck(name=title, answered=repeated or leaked, leaked=leaked, detail=detail)


def _squeezed(text: str) -> str:
    """Return the letters and digits of a text, full width as narrow."""
    narrow = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)})
    return re.sub(r"[\W_]+", "", narrow.lower())


def _asked(url: str, model: str, key: str | None, value: str, *, stream: bool) -> bytes:
    line = f"{_WORDS[0]} {value} {_WORDS[1]}"
    body = {
        "model": model,
        "stream": stream,
        "temperature": 0,
        "messages": [{"role": "user", "content": f"Repeat this line and nothing else: {line}"}],
    }
    headers = {"content-type": "application/json"} | (
        {"authorization": f"Bearer {key}"} if key else {}
    )
    if not url.startswith(("http://", "https://")):
        raise ValueError(url)
    request = urllib.request.Request(url + PATH, json.dumps(body).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310
        data: bytes = reply.read(4 << 20)
    return data


def _text(raw: bytes, *, stream: bool) -> str:
    """Return the text a client puts together from an answer."""
    if not stream:
        choices = json.loads(raw).get("choices") or [{}]
        return str((choices[0].get("message") or {}).get("content") or "")
    parser, parts = SseParser(), []
    for event in [*parser.feed(raw), *parser.close()]:
        if event.data and event.data.startswith("{"):
            parts += [str(d.holder[d.name]) for d in FORMATS[PATH].deltas(json.loads(event.data))]
    return "".join(parts)
