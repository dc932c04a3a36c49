"""Authentication: basic and bearer tokens (distribution-spec, token authentication).

The rules:

* Credentials go to the registry's own host, or to the token service that is known
  to belong to it. A challenge that names another host is refused, not followed.
* They never go over plain HTTP, except to this machine.
* The scope of a token is the one we need, not the one the challenge asks for.
* A token goes to the host it was made for and to no other.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from audit.core import strict_json
from audit.core.errors import ConfigError, RegistryUnavailable
from audit.oci.registry._credentials import Credentials, Lookup

MAX_ANSWER = 256 << 10
MAX_TOKEN = 64 << 10
_CHALLENGE = re.compile(r"\s*(?P<scheme>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_PARAMETER = re.compile(r'([a-z]+)\s*=\s*"([^"\\]{0,2048})"')
_TOKEN = re.compile(r"[!-~]{1,65536}")

# Token services of registries that have them on another host, from their documentation.
TOKEN_HOSTS: Mapping[str, frozenset[str]] = {
    "registry-1.docker.io": frozenset({"auth.docker.io"}),
    "registry.gitlab.com": frozenset({"gitlab.com"}),
}


@dataclass(slots=True)
class Authenticator:
    """What one registry host is told about who we are."""

    origin: httpx.URL
    lookup: Lookup
    token_hosts: frozenset[str] = frozenset()
    _basic: str | None = field(default=None, init=False, repr=False)
    _tokens: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def headers(self, scope: str) -> dict[str, str]:
        """Return the header for a request within `scope`, as far as one is known."""
        if scope in self._tokens:
            return {"Authorization": f"Bearer {self._tokens[scope]}"}
        return {"Authorization": self._basic} if self._basic else {}

    def answer(self, client: httpx.Client, challenge: str | None, scope: str) -> None:
        """Get what the challenge of a 401 asks for.

        Raises:
            RegistryUnavailable: nothing we have, or a challenge that is not followed.
        """
        scheme, parameters = _parse(challenge)
        had = self.headers(scope)
        self._tokens.pop(scope, None)
        if scheme == "bearer":
            self._tokens[scope] = self._token(client, parameters, scope)
        elif scheme == "basic":
            credentials = self.lookup(self._host())
            if credentials is None or not credentials.username:
                raise RegistryUnavailable(
                    f"{self._host()} wants a login and none is stored",
                    hint=f"docker login {self._host()}",
                )
            self._basic = _basic(credentials)
        else:
            raise RegistryUnavailable(f"{self._host()} refuses access and offers no known login")
        if self.headers(scope) == had:
            raise RegistryUnavailable(
                f"{self._host()} does not accept the stored login for {scope.split(':')[1]}",
                hint=f"docker login {self._host()}",
            )

    def _host(self) -> str:
        host, port = self.origin.host, self.origin.port
        return f"{host}:{port}" if port else host

    def _token(self, client: httpx.Client, parameters: Mapping[str, str], scope: str) -> str:
        realm = self._realm(parameters.get("realm", ""))
        query = {"scope": scope}
        if service := parameters.get("service"):
            query["service"] = service
        credentials = self.lookup(self._host())
        if credentials and credentials.identity_token:
            form = query | {
                "grant_type": "refresh_token",
                "refresh_token": credentials.identity_token,
                "client_id": "audit",
            }
            request = client.build_request("POST", realm, data=form)
        else:
            headers = {"Authorization": _basic(credentials)} if credentials else {}
            url = realm.copy_merge_params(query)
            request = client.build_request("GET", url, headers=headers)
        return _read_token(client, request, realm.host)

    def _realm(self, text: str) -> httpx.URL:
        try:
            realm = httpx.URL(text)
        except httpx.InvalidURL as exc:
            raise RegistryUnavailable(f"{self._host()} names a malformed token service") from exc
        known = self.token_hosts | TOKEN_HOSTS.get(self.origin.host, frozenset())
        own = realm.host == self.origin.host
        if not own and realm.host not in known:
            raise RegistryUnavailable(
                f"{self._host()} sends logins to {realm.host[:100]!r}, another host: not followed",
                hint="if it is the registry's own token service, name it: --token-host HOST",
            )
        if realm.userinfo or realm.fragment:
            raise RegistryUnavailable(f"{self._host()} names a malformed token service")
        # An https registry must not talk us down; a plain one is this machine or asked for.
        if realm.scheme != "https" and not (own and realm.scheme == self.origin.scheme):
            raise RegistryUnavailable(f"the token service {realm.host} is not https")
        return realm


def _parse(challenge: str | None) -> tuple[str, dict[str, str]]:
    match = _CHALLENGE.fullmatch((challenge or "")[:8192])
    if match is None:
        return "", {}
    return match["scheme"].lower(), dict(_PARAMETER.findall(match["rest"]))


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.secret}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _read_token(client: httpx.Client, request: httpx.Request, host: str) -> str:
    response = client.send(request, stream=True)
    try:
        if response.status_code != httpx.codes.OK:
            raise RegistryUnavailable(
                f"the token service {host} answers {response.status_code}",
                hint="the stored login may be wrong or expired: docker login",
            )
        body = b""
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise RegistryUnavailable(f"the token service {host} sends too much")
    finally:
        response.close()
    try:
        value = strict_json.loads(body, source="token")
    except ConfigError as exc:
        raise RegistryUnavailable(f"the token service {host} does not answer in JSON") from exc
    token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise RegistryUnavailable(f"the token service {host} gives no token")
    return token
