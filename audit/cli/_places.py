"""Options of every command that reaches an artifact where it lies."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])


def access_options(command: F) -> F:
    """Add `--plain-http` and `--token-host`, and give the command what they say as `access`."""

    @click.option(
        "--plain-http", is_flag=True, help="Speak to a registry on another machine without TLS."
    )
    @click.option(
        "--token-host",
        multiple=True,
        metavar="HOST",
        help="A host besides the registry's own that may be sent its login for a token.",
    )
    @wraps(command)
    def call(*args: Any, plain_http: bool, token_host: tuple[str, ...], **more: Any) -> Any:
        from audit.oci import Access

        return command(*args, access=Access(plain_http, frozenset(token_host)), **more)

    return cast("F", call)
