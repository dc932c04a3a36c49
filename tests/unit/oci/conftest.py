"""Registries that tests talk to, and how."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from audit.oci import parse_place
from audit.oci.registry import Credentials, Limits, Registry, open_registry
from tests.ocikit.registry import SECRET, USER
from tests.ocikit.registry import Registry as Loopback

QUICK = Limits(connect=2, idle=2, grace=5, attempts=3, pause=0.001, chunk=1 << 16)

Client = Callable[..., Registry]


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(Loopback(**how).serving())


@pytest.fixture
def client() -> Iterator[Client]:
    """Give a way to open a repository; `login` is whether a login is stored."""
    opened: list[Registry] = []

    def make(
        server: Loopback,
        *,
        repository: str = "acme/model",
        login: bool = True,
        limits: Limits = QUICK,
        token_hosts: frozenset[str] = frozenset(),
    ) -> Registry:
        stored = Credentials(USER, SECRET) if login else None
        opened.append(
            open_registry(
                parse_place(f"{server.host}/{repository}"),
                lookup=lambda host: stored,
                limits=limits,
                token_hosts=token_hosts,
            )
        )
        return opened[-1]

    yield make
    for registry in opened:
        registry.close()
