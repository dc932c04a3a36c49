"""HTTP to one registry, with everything a hostile one could do bounded.

The rules:

* One origin. A redirect is followed for reading alone, at most three times, without
  credentials once it leaves the origin, and never from https to http.
* No compression is asked for, and a compressed body is refused: its size lies.
* Every body is bounded in bytes and in time, and closed when it is not read to the end.
"""

import contextlib
import functools
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

import audit
from audit.core.errors import RegistryUnavailable
from audit.oci.registry._auth import Authenticator
from audit.oci.registry._limits import Limits

MAX_REDIRECTS = 3
READ = 1 << 18

Body = bytes | Callable[[], Iterable[bytes]] | None
"""What is sent: bytes, or a way to begin reading it, again if a login comes between."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection pool to one registry and what it is told."""

    client: httpx.Client
    origin: httpx.URL
    auth: Authenticator
    limits: Limits

    @contextlib.contextmanager
    def ask(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
    ) -> Iterator[httpx.Response]:
        """Send a request and give the answer, its body unread; 401 is answered once.

        Raises:
            RegistryUnavailable: no connection, no login, or a redirect that is not followed.
        """
        target = self.origin.join(url)
        own_host(self.origin, target, "a request")
        response = self._sent(method, target, scope, headers, body)
        try:
            if response.status_code == httpx.codes.UNAUTHORIZED:
                challenge = response.headers.get("www-authenticate")
                response.close()
                with translated(self.origin):
                    self.auth.answer(self.client, challenge, scope)
                response = self._sent(method, target, scope, headers, body)
            for _ in range(MAX_REDIRECTS):
                if not response.is_redirect:
                    break
                response.close()
                response = self._redirected(method, response, scope, headers)
            if response.is_redirect:
                raise RegistryUnavailable(f"{self.origin.host} redirects too often")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise RegistryUnavailable(
                    f"{self.origin.host} compresses what was asked for as it is: not read"
                )
            with translated(self.origin):
                yield response
        finally:
            response.close()

    def _sent(
        self,
        method: str,
        url: httpx.URL,
        scope: str,
        headers: Mapping[str, str] | None,
        body: Body,
    ) -> httpx.Response:
        own = self.auth.headers(scope) if _origin(url) == _origin(self.origin) else {}
        content: Any = body() if callable(body) else body
        with translated(self.origin):
            request = self.client.build_request(
                method, url, headers={**(headers or {}), **own}, content=content
            )
            return self.client.send(request, stream=True)

    def _redirected(
        self,
        method: str,
        response: httpx.Response,
        scope: str,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        if method not in {"GET", "HEAD"}:
            raise RegistryUnavailable(f"{self.origin.host} redirects a {method}: not followed")
        try:
            target = response.url.join(response.headers.get("location", ""))
        except httpx.InvalidURL as exc:
            raise RegistryUnavailable(f"{self.origin.host} redirects to nowhere") from exc
        if target.scheme not in {"http", "https"} or target.userinfo:
            raise RegistryUnavailable(f"{self.origin.host} redirects to nowhere")
        if target.scheme == "http" and _origin(target) != _origin(self.origin):
            raise RegistryUnavailable(
                f"{self.origin.host} redirects to {target.host[:100]!r} without https: not followed"
            )
        return self._sent(method, target, scope, headers, None)

    def read(self, response: httpx.Response, limit: int) -> bytes:
        """Return a body of at most `limit` bytes.

        Raises:
            RegistryUnavailable: it is longer, or too slow.
        """
        body = bytearray()
        for chunk in self.chunks(response, limit):
            body += chunk
        return bytes(body)

    def chunks(self, response: httpx.Response, limit: int) -> Iterator[bytes]:
        """Give a body piece by piece, `limit` bytes in all at most.

        Raises:
            RegistryUnavailable: it is longer, or too slow.
        """
        deadline, left = self.limits.deadline(limit), limit
        for chunk in response.iter_raw():
            left -= len(chunk)
            if left < 0:
                raise RegistryUnavailable(
                    f"{self.origin.host} sends more than the {limit} bytes it should"
                )
            if self.limits.now() > deadline:
                raise RegistryUnavailable(f"{self.origin.host} is too slow")
            yield chunk


def connect(limits: Limits) -> httpx.Client:
    """Return a client: proxies and CA file from the environment, nothing else from it."""
    return httpx.Client(
        follow_redirects=False,
        timeout=httpx.Timeout(limits.idle, connect=limits.connect),
        headers={"Accept-Encoding": "identity", "User-Agent": f"audit/{audit.__version__}"},
        auth=None,
        verify=_tls(),
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificate authorities takes longer than most requests.
    return httpx.create_ssl_context()


@contextlib.contextmanager
def translated(origin: httpx.URL) -> Iterator[None]:
    """Turn the library's errors into ours, with the host and without what was sent.

    Raises:
        RegistryUnavailable: the registry cannot be reached or does not speak HTTP.
    """
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as exc:
        what = str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
        raise RegistryUnavailable(f"cannot reach {origin.host}: {what.lower()}") from exc


def own_host(origin: httpx.URL, target: httpx.URL, what: str) -> None:
    """Refuse a target outside the registry's own origin.

    Raises:
        RegistryUnavailable: another scheme, host or port, or a name and password in it.
    """
    if _origin(target) != _origin(origin) or target.userinfo:
        raise RegistryUnavailable(
            f"{origin.host} sends {what} to {target.host[:100]!r}, another host: not followed"
        )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default
