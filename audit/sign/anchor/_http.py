"""One POST to a service. Redirects are not followed: the caller named the place."""

import contextlib
import http.client
import urllib.parse

from audit.core.errors import SigningFailed

TIMEOUT_SECONDS = 60
"""A tiled log answers when a checkpoint holds the entry, which takes it seconds."""
MAX_ANSWER = 1 << 20


def post(url: str, body: bytes, *, kind: str) -> bytes:
    """Send `body` as media type `kind` and return the answer.

    Raises:
        SigningFailed: the host cannot be reached, or answers anything but 200 or 201.
    """
    connection = _connection(url)
    parts = urllib.parse.urlsplit(url)
    try:
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request("POST", target, body, {"Content-Type": kind})
        answer = connection.getresponse()
        data: bytes = answer.read(MAX_ANSWER + 1)
    except (OSError, http.client.HTTPException) as exc:
        raise SigningFailed(f"cannot reach {parts.scheme}://{parts.netloc}: {exc}") from exc
    finally:
        connection.close()
    if answer.status not in {200, 201}:
        raise SigningFailed(f"{parts.scheme}://{parts.netloc} answers {answer.status}")
    if len(data) > MAX_ANSWER:
        raise SigningFailed(f"{parts.scheme}://{parts.netloc} answers more than {MAX_ANSWER} bytes")
    return data


def _connection(url: str) -> http.client.HTTPConnection:
    parts, host, port = urllib.parse.urlsplit(url), None, None
    with contextlib.suppress(ValueError):  # a port that is none
        host, port = parts.hostname, parts.port
    if host and parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS)
    if host and parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    raise SigningFailed(f"{url!r} cannot be asked: not an http or https URL")
