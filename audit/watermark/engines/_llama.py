"""llama.cpp, driven token by token over its own HTTP interface.

Any unmodified llama-server will do, and so does the one inside `xllamacpp`.
For each token the server is asked for the log-probabilities of the best
`top_k`; the choice is ours. The prompt cache makes each step one evaluation.

* The server's own choice is pinned to a plain ASCII token by `logit_bias`. It
  is thrown away; without the pin the server leaves out the probabilities
  whenever its choice ends inside a UTF-8 character. The probabilities are those
  of the model, before any sampler or bias.
* A client's sampling fields never reach the server.
"""

import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import EngineUnavailable, UsageError
from audit.watermark.mark import Nucleus, nucleus

T = TypeVar("T")
_END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "</s>",
    "<end_of_turn>",
)
_PIN = 1000.0
_TIMEOUT = 120.0


class Sampler(Protocol):
    """Chooses tokens; `MarkedSampler` is one."""

    def choose(self, options: Nucleus) -> int:
        """Return the next token."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a response is drawn, and when it ends."""

    temperature: float = 1.0
    top_p: float = 0.95
    top_k: int = 400
    max_tokens: int = 512


@dataclass(frozen=True, slots=True)
class Options:
    """What the model offers next: tokens, their natural log-probabilities, their bytes."""

    tokens: NDArray[np.int64]
    logprobs: NDArray[np.float64]
    pieces: dict[int, bytes]


class LlamaServer:
    """A running llama-server; one request at a time. Close it, or use it in a `with` block."""

    def __init__(self, url: str) -> None:
        """Name the server; nothing is sent yet.

        Raises:
            UsageError: the URL is not `http://host:port`.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UsageError(f"{url}: not an http:// address of a llama-server")
        self.url = f"http://{parts.netloc}"
        self._connection = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=_TIMEOUT
        )
        self._lock = threading.Lock()
        self._pin: int | None = None
        self._ends: frozenset[int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text, without special ones.

        Raises:
            EngineUnavailable: the server does not answer, or answers something else.
        """
        return self._tokenize(text, special=False)

    def prompt(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Return the tokens of a conversation in the model's own chat template.

        Raises:
            EngineUnavailable: as `encode`.
        """
        value = self._post("/apply-template", {"messages": list(messages)})
        return self._tokenize(_field(value, "prompt", str), special=True)

    def options(self, tokens: Sequence[int], *, most: int) -> Options:
        """Return the `most` likeliest tokens after `tokens`.

        Raises:
            EngineUnavailable: as `encode`, or the context is full.
        """
        request = {
            "prompt": list(tokens),
            "n_predict": 1,
            "n_probs": most,
            "cache_prompt": True,
            "samplers": [],
            "logit_bias": [[self._pinned(), _PIN]],
        }
        value = self._post("/completion", request)
        try:
            best = value["completion_probabilities"][0]["top_logprobs"]
            return Options(
                np.array([one["id"] for one in best], dtype=np.int64),
                np.array([one["logprob"] for one in best], dtype=np.float64),
                {int(one["id"]): bytes(one["bytes"]) for one in best},
            )
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise EngineUnavailable(f"{self.url}: the answer holds no probabilities") from exc

    def ends(self) -> frozenset[int]:
        """Return the tokens that end a response.

        Raises:
            EngineUnavailable: as `encode`.
        """
        if self._ends is None:
            names = {_field(self._request("GET", "/props", None), "eos_token", str), *_END_TOKENS}
            found = [self._tokenize(name, special=True) for name in sorted(names) if name]
            self._ends = frozenset(tokens[0] for tokens in found if len(tokens) == 1)
        return self._ends

    def _pinned(self) -> int:
        if self._pin is None:
            self._pin = self._tokenize("a", special=False)[0]
        return self._pin

    def _tokenize(self, text: str, *, special: bool) -> list[int]:
        request = {"content": text, "add_special": False, "parse_special": special}
        tokens = _field(self._post("/tokenize", request), "tokens", list)
        if not all(isinstance(token, int) for token in tokens):
            raise EngineUnavailable(f"{self.url}: the answer holds no tokens")
        return tokens

    def _post(self, path: str, value: object) -> dict[str, Any]:
        return self._request("POST", path, json.dumps(value))

    def _request(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        with self._lock:
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                data = response.read()
            except (OSError, http.client.HTTPException) as exc:
                self._connection.close()  # the next request connects again
                raise EngineUnavailable(
                    f"{self.url}: no answer from the engine ({type(exc).__name__})",
                    hint="start llama-server, or name another one",
                ) from exc
        if response.status != http.client.OK:
            raise EngineUnavailable(f"{self.url}: {path} answered {response.status}")
        try:
            value = json.loads(data)
        except ValueError as exc:
            raise EngineUnavailable(f"{self.url}: {path} answered no JSON") from exc
        if not isinstance(value, dict):
            raise EngineUnavailable(f"{self.url}: {path} answered no JSON object")
        return value


def generate(
    server: LlamaServer, prompt: Sequence[int], sampler: Sampler, limits: Limits
) -> Iterator[bytes]:
    """Give the bytes of each token of a response as the sampler chooses it.

    A token may end inside a character; decode incrementally.

    Raises:
        EngineUnavailable: the server failed; what was given so far is incomplete.
    """
    tokens = list(prompt)
    for _ in range(limits.max_tokens):
        offered = server.options(tokens, most=limits.top_k)
        token = sampler.choose(_nucleus(offered, limits))
        if token in server.ends():
            return
        tokens.append(token)
        yield offered.pieces[token]


def generate_greedy(server: LlamaServer, prompt: Sequence[int], limits: Limits) -> Iterator[bytes]:
    """Give the bytes of the likeliest token at each step: no choice, so no mark.

    Raises:
        EngineUnavailable: as `generate`.
    """
    tokens = list(prompt)
    for _ in range(limits.max_tokens):
        offered = server.options(tokens, most=1)
        token = int(offered.tokens[0])
        if token in server.ends():
            return
        tokens.append(token)
        yield offered.pieces[token]


def _nucleus(offered: Options, limits: Limits) -> Nucleus:
    return nucleus(
        offered.logprobs,
        temperature=limits.temperature,
        top_p=limits.top_p,
        top_k=limits.top_k,
        tokens=offered.tokens,
    )


def _field(value: dict[str, Any], name: str, kind: type[T]) -> T:
    found = value.get(name)
    if not isinstance(found, kind):
        raise EngineUnavailable(f"the engine's answer holds no {name}")
    return found
