"""Whole bodies: unpacked, read as what they say they are, redacted, or refused."""

import json
import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from audit.gateway._asgi import Headers
from audit.redact import RedactedText, Redactor, redact_json

_JSON = re.compile(rb"application/(?:[\w.+\-]+\+)?json", re.IGNORECASE)
_TEXT = re.compile(rb"text/[\w.+\-]+|application/(?:x-)?(?:yaml|xml)", re.IGNORECASE)
_FORM = re.compile(rb"application/x-www-form-urlencoded", re.IGNORECASE)
# Headers that carry keys for the server, or nothing of a person.
_PLAIN_HEADERS = frozenset(
    b"host connection content-type content-length content-encoding transfer-encoding accept accept-encoding accept-language "
    b"accept-charset authorization proxy-authorization x-api-key api-key cookie set-cookie date server etag vary age via "
    b"cache-control expect upgrade traceparent tracestate x-request-id request-id x-forwarded-proto x-forwarded-host "
    b"x-forwarded-port anthropic-version anthropic-beta openai-version openai-organization openai-project "
    b"x-stainless-lang x-stainless-package-version x-stainless-os x-stainless-arch x-stainless-runtime "
    b"x-stainless-runtime-version x-stainless-async x-stainless-retry-count x-stainless-read-timeout user-agent".split()
)
Count = Callable[[RedactedText], None]


class Unreadable(Exception):  # noqa: N818
    """A body in a form that cannot be looked into."""


def unpacked(body: bytes, encoding: bytes, most: int) -> bytes:
    """Return a body without its content coding.

    Raises:
        Unreadable: a coding that is not known, damaged, or larger than `most` bytes.
    """
    coding = encoding.strip().lower()
    if coding in (b"", b"identity"):
        return body
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        raise Unreadable
    decoder = zlib.decompressobj(47)  # RFC 1950 or RFC 1952, whichever it is
    try:
        plain = decoder.decompress(body, most + 1)
    except zlib.error as exc:
        raise Unreadable from exc
    if len(plain) > most or not decoder.eof or decoder.unused_data:
        raise Unreadable
    return plain


def redact_body(redactor: Redactor, body: bytes, content_type: bytes, count: Count) -> bytes:
    """Return a body with its texts redacted; the same bytes when nothing was found.

    Raises:
        Unreadable: neither JSON nor text.
        RedactionFailed: a text could not be scanned whole and the settings say refuse.
    """
    if not body:
        return body
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Unreadable from exc
    if _FORM.match(content_type):
        return redact_query(redactor, body, count)
    if _JSON.match(content_type) or not content_type:
        found = redact_json(redactor, text)
        if found is None:
            raise Unreadable
        result = found
    elif _TEXT.match(content_type):
        result = redact_json(redactor, text) or redactor.redact(text)
    else:
        raise Unreadable
    count(result)
    return body if result.is_clean else result.text.encode("utf-8")


def is_text(content_type: bytes) -> bool:
    """Whether a content type is one that a stream of text may have."""
    return _TEXT.match(content_type) is not None


def redact_query(redactor: Redactor, query: bytes, count: Count) -> bytes:
    """Return a query string with names and values redacted; untouched when nothing was found."""
    parts: list[bytes] = []
    for part in query.split(b"&"):
        if not part:
            parts.append(part)
            continue
        name, equals, value = part.partition(b"=")
        label, plain = _unquoted(name), _unquoted(value)
        named = redactor.redact(label)
        valued = redactor.redact(f"{label}\x1f{plain}") if plain else named
        if named.is_clean and valued.is_clean:
            parts.append(part)
            continue
        count(valued if named.is_clean else named)
        if not named.is_clean:
            name = _quoted(named.text)
        if not valued.is_clean:
            _, mark, kept = valued.text.rpartition("\x1f")
            value = _quoted(kept if mark or not plain else valued.text)
        parts.append(name + equals + value)
    return b"&".join(parts)


def _unquoted(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _quoted(text: str) -> bytes:
    return quote_from_bytes(text.encode(), safe="*").encode()


def redact_headers(redactor: Redactor, headers: Headers, count: Count) -> Headers:
    """Return headers with the values redacted of those that may carry data of people."""
    out: Headers = []
    for name, value in headers:
        if name.lower() not in _PLAIN_HEADERS:
            try:
                text, coding = value.decode("utf-8"), "utf-8"
            except UnicodeDecodeError:
                text, coding = value.decode("latin-1"), "latin-1"
            result = redactor.redact(text)
            if not result.is_clean:
                count(result)
                value = result.text.encode(coding, "replace")  # noqa: PLW2901
        out.append((name, value))
    return out


_TOKENS = frozenset(
    [
        "logprobs",
        "top_logprobs",
        "prompt_logprobs",
        "token_ids",
        "prompt_token_ids",
        "output_token_ids",
    ]
)


def drop_tokens(value: Any) -> bool:
    """Empty every member that repeats a text token by token; whether there was one.

    Probabilities and token numbers spell out what was just replaced.
    """
    dropped = False
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(rows):
        if key in _TOKENS and item:
            value[key] = [] if isinstance(item, list) else None
            dropped = True
        elif isinstance(item, dict | list):
            dropped |= drop_tokens(item)
    return dropped


def without_tokens(body: bytes) -> bytes:
    """Return an answer that was changed without what repeats it token by token."""
    if not any(name.encode() in body for name in _TOKENS):
        return body
    try:
        value = json.loads(body)
    except ValueError:
        return body  # a text, not JSON
    if not isinstance(value, dict | list) or not drop_tokens(value):
        return body
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


_ATTACHED = frozenset(
    [
        "image_url",
        "input_image",
        "image",
        "input_audio",
        "audio",
        "input_file",
        "file",
        "document",
        "video_url",
        "video",
        "input_video",
    ]
)
_DATA_URL = re.compile(r"data:[^,\s]{0,80};base64,", re.IGNORECASE)


def is_opaque(body: bytes, *, attachments: bool) -> bool:
    """Whether a JSON request holds what cannot be looked into: token numbers, images, sound, files.

    With `attachments` only token numbers count.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    if any(_is_numbers(value.get(name)) for name in ("prompt", "input")):
        return True
    if attachments:
        return False
    texts = [value.get(name) for name in ("messages", "input", "system", "prompt", "query")]
    return bool(value.get("files")) or _has_attachment(texts)


def _is_numbers(value: object) -> bool:
    """Whether a prompt is given as numbers of tokens: a list of them, or a list of lists."""
    if not isinstance(value, list):
        return False
    return any(isinstance(item, int | float) or _is_numbers(item) for item in value)


def _has_attachment(value: object) -> bool:
    if isinstance(value, str):
        return _DATA_URL.search(value) is not None
    if isinstance(value, list):
        return any(map(_has_attachment, value))
    if not isinstance(value, dict):
        return False
    if value.get("type") in _ATTACHED:
        source = value.get("source")
        return not (isinstance(source, dict) and source.get("type") == "text")
    return any(map(_has_attachment, value.values()))
