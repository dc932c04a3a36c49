"""Whole bodies: unpacked, read as what they say they are, redacted, or refused."""

import re
import zlib
from collections.abc import Callable
from urllib.parse import quote_from_bytes, unquote_to_bytes

from audit.gateway._asgi import Headers
from audit.redact import RedactedText, Redactor, redact_json

_JSON = re.compile(rb"application/(?:[\w.+\-]+\+)?json", re.IGNORECASE)
_TEXT = re.compile(rb"text/[\w.+\-]+|application/(?:x-)?(?:ndjson|yaml|xml)", re.IGNORECASE)
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
        result = redactor.redact(text)
    elif _JSON.match(content_type) or not content_type:
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
    """Return a query string with its values redacted; untouched when nothing was found."""
    parts = []
    for part in query.split(b"&"):
        name, equals, value = part.partition(b"=")
        plain = unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace")
        label = unquote_to_bytes(name).decode("utf-8", "replace")
        result = redactor.redact(f"{label}\x1f{plain}") if plain else None
        if result is None or result.is_clean:
            parts.append(part)
            continue
        count(result)
        parts.append(
            name
            + equals
            + quote_from_bytes(result.text.partition("\x1f")[2].encode(), safe="*").encode()
        )
    return b"&".join(parts)


def redact_headers(redactor: Redactor, headers: Headers, count: Count) -> Headers:
    """Return headers with the values redacted of those that may carry data of people."""
    out: Headers = []
    for name, value in headers:
        if name.lower() not in _PLAIN_HEADERS:
            result = redactor.redact(value.decode("latin-1"))
            if not result.is_clean:
                count(result)
                value = result.text.encode("latin-1", "replace")  # noqa: PLW2901
        out.append((name, value))
    return out
