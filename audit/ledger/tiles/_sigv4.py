"""AWS Signature Version 4 for S3: what makes a request one of the holder of a secret.

A pure function over the request; S3 encodes a path once, and signs the digest of
the body. Checked against the examples that AWS publishes for S3.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; a token belongs to credentials that expire."""

    key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be signed; `path` and `query` are as they are meant, not encoded."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def target(self) -> str:
        """The request target, encoded."""
        query = self.encoded_query
        return self.encoded_path + (f"?{query}" if query else "")

    @property
    def encoded_path(self) -> str:
        """The path with everything encoded but what AWS leaves as it is."""
        return quote(self.path, safe="/-_.~")

    @property
    def encoded_query(self) -> str:
        """The query, sorted and encoded."""
        pairs = sorted(
            (quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in self.query.items()
        )
        return "&".join(f"{name}={value}" for name, value in pairs)


def signed_headers(
    request: Request, credentials: Credentials, *, region: str, at: str
) -> dict[str, str]:
    """Return the headers to send, with the signature; `at` is such as `20130524T000000Z`."""
    digest = hashlib.sha256(request.body).hexdigest()
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    headers |= {"host": request.host, "x-amz-content-sha256": digest, "x-amz-date": at}
    if credentials.token is not None:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            request.method,
            request.encoded_path,
            request.encoded_query,
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            digest,
        )
    )
    scope = f"{at[:8]}/{region}/{_SERVICE}/aws4_request"
    to_sign = "\n".join(
        (_ALGORITHM, at, scope, hashlib.sha256(canonical.encode("utf-8")).hexdigest())
    )
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode("utf-8"), hashlib.sha256)
    signature = hmac.digest(key, to_sign.encode("utf-8"), hashlib.sha256).hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return headers
