"""Tiles in a bucket of S3, or of anything that speaks its protocol.

The rules:

* An object is durable when the service has answered; so a checkpoint, which is written
  last, never names tiles that could still be lost.
* The digest of every body is signed, so that what is stored is what was sent.
* A request that failed for the moment is made again; one that was refused is not.

Trust: nobody has to. What is read is checked against a signed root, as from any folder.
"""

import contextlib
import http.client
import re
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from audit.core.clock import Clock, now_ns
from audit.core.errors import EvidenceError, StorageFailed
from audit.ledger.tiles._sigv4 import Credentials, Request, signed_headers
from audit.ledger.tiles._store import MAX_TILE, TileStore

TIMEOUT_SECONDS = 30
_PAUSES = (0.1, 0.4, 1.6)
"""Seconds between attempts."""
_AGAIN = {500, 502, 503, 504}
_IMMUTABLE = "public, max-age=31536000, immutable"
_KEY = re.compile(rb"<Key>([^<>&]{1,1024})</Key>")
_NEXT = re.compile(rb"<NextContinuationToken>([^<>&]{1,4096})</NextContinuationToken>")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where objects lie: a bucket at an endpoint, below a prefix that ends in a slash."""

    name: str
    prefix: str
    region: str
    endpoint: str
    """Such as `https://s3.eu-central-1.amazonaws.com`; the bucket is named in the path."""


class S3Tiles(TileStore):
    """Tiles in a bucket. Every failure is exit 3."""

    def __init__(
        self,
        bucket: Bucket,
        credentials: Credentials,
        *,
        clock: Clock = now_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take a bucket; nothing is asked yet.

        Raises:
            EvidenceError: the endpoint is no http or https URL.
        """
        self._bucket, self._credentials = bucket, credentials
        self._clock, self._sleep = clock, sleep
        self._place = _parsed(bucket.endpoint)
        self._kept: list[http.client.HTTPConnection] = []
        """The connection, as long as it is of use; none is opened for each of many tiles."""
        weakref.finalize(self, _close, self._kept)

    @override
    def read(self, name: str) -> bytes | None:
        answer = self._ask("GET", name)
        if answer.status == 404:
            if b"<Code>NoSuchBucket</Code>" in answer.body:
                raise EvidenceError(f"there is no bucket {self._bucket.name}")
            return None
        if answer.status != 200:
            raise EvidenceError(f"cannot read {self._shown(name)}: {answer.said}")
        if len(answer.body) > MAX_TILE:
            raise EvidenceError(f"{self._shown(name)} is larger than any tile")
        return answer.body

    @override
    def write(self, name: str, data: bytes) -> None:
        self._put(name, data, _IMMUTABLE if ".p/" not in name else "no-cache")

    @override
    def publish(self, name: str, data: bytes) -> None:
        self._put(name, data, "no-cache")

    @override
    def remove(self, name: str) -> None:
        for one in (name, *self._below(f"{name}/")):
            answer = self._ask("DELETE", one)
            if answer.status not in {200, 204, 404}:
                raise StorageFailed(f"cannot remove {self._shown(one)}: {answer.said}")

    def _put(self, name: str, data: bytes, caching: str) -> None:
        kind = "text/plain; charset=utf-8" if "/" not in name else "application/octet-stream"
        headers = {"cache-control": caching, "content-type": kind}
        try:
            answer = self._ask("PUT", name, body=data, headers=headers)
        except EvidenceError as exc:
            raise StorageFailed(f"cannot write {self._shown(name)}: {exc}") from exc
        if answer.status != 200:
            raise StorageFailed(f"cannot write {self._shown(name)}: {answer.said}")

    def _below(self, folder: str) -> list[str]:
        """Return the names of all objects below a folder."""
        prefix, found, more = self._bucket.prefix, list[str](), ""
        while True:
            query = {"list-type": "2", "prefix": prefix + folder}
            query |= {"continuation-token": more} if more else {}
            answer = self._ask("GET", None, query=query)
            if answer.status != 200:
                raise StorageFailed(f"cannot list {self._shown(folder)}: {answer.said}")
            keys = [key.decode("utf-8", "replace") for key in _KEY.findall(answer.body)]
            found += [key.removeprefix(prefix) for key in keys if key.startswith(prefix + folder)]
            following = _NEXT.search(answer.body)
            if following is None or following[1].decode() == more:
                return found
            more = following[1].decode("utf-8", "replace")

    def _ask(
        self,
        method: str,
        name: str | None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> "_Answer":
        """Send a request, again if it failed for the moment.

        Raises:
            EvidenceError: the service cannot be reached.
        """
        key = "" if name is None else f"/{self._bucket.prefix}{name}"
        path = f"{self._place.path.rstrip('/')}/{self._bucket.name}{key}"
        request = Request(method, self._place.netloc, path, query or {}, headers or {}, body)
        failure = EvidenceError("not asked")
        for pause in (*_PAUSES, None):
            try:
                answer = self._send(request)
            except (OSError, http.client.HTTPException) as exc:
                _close(self._kept)
                failure = EvidenceError(f"cannot reach {self._bucket.endpoint}: {exc}")
            else:
                if answer.status not in _AGAIN or pause is None:
                    return answer
            if pause is not None:
                self._sleep(pause)
        raise failure

    def _send(self, request: Request) -> "_Answer":
        seconds = self._clock() // 10**9
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
        headers = signed_headers(request, self._credentials, region=self._bucket.region, at=at)
        if not self._kept:
            self._kept.append(self._connect())
        connection = self._kept[0]
        connection.request(request.method, request.target, request.body, headers)
        response = connection.getresponse()
        body: bytes = response.read(MAX_TILE + 1)
        if len(body) > MAX_TILE:
            _close(self._kept)  # the rest is not read
        elif response.length:
            raise http.client.IncompleteRead(body, response.length)
        return _Answer(response.status, body)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = str(self._place.hostname), self._place.port
        if self._place.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)

    def _shown(self, name: str) -> str:
        return f"s3://{self._bucket.name}/{self._bucket.prefix}{name}"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes = field(repr=False)

    @property
    def said(self) -> str:
        """What the service says, in a form that is safe to print."""
        code = re.search(rb"<Code>([A-Za-z]{1,64})</Code>", self.body)
        return f"{self.status} {code[1].decode('ascii')}" if code else str(self.status)


def _close(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


def _parsed(endpoint: str) -> SplitResult:
    parts, port = urlsplit(endpoint), None
    with contextlib.suppress(ValueError):  # a port that is none
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    if not parts.hostname or port is None or parts.query or parts.fragment:
        raise EvidenceError(f"{endpoint!r} is not the URL of an S3 service")
    return parts
