"""What to do when a registry is busy, breaks off, or says no."""

import random
import re
from collections.abc import Callable, Collection
from typing import TypeVar

import httpx

from audit.core.errors import RegistryUnavailable
from audit.oci.registry._limits import Limits

T = TypeVar("T")
MAX_PAUSE = 10.0
BUSY = frozenset({429, 500, 502, 503, 504})


class BusyError(Exception):
    """The registry asks for another try, after so many seconds if it says so."""

    def __init__(self, problem: str, after: float | None = None) -> None:
        super().__init__(problem)
        self.after = after


def must(response: httpx.Response, codes: Collection[int], place: str, what: str) -> None:
    """Refuse an answer whose status is not one of `codes`.

    Raises:
        BusyError: the same request may succeed later.
        RegistryUnavailable: it will not.
    """
    status = response.status_code
    if status in codes:
        return
    problem = f"{place} does not {what} (status {status})"
    if status in BUSY:
        after = response.headers.get("retry-after", "")
        raise BusyError(problem, float(after) if re.fullmatch(r"[0-9]{1,4}", after) else None)
    denied = status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    hint = f"the stored login may not do this: docker login {response.url.host}" if denied else None
    raise RegistryUnavailable(problem, hint=hint)


def broke_off(exc: RegistryUnavailable) -> bool:
    """Whether the connection failed, rather than we refused what came over it."""
    return isinstance(exc.__cause__, httpx.TransportError)


def patiently(call: Callable[[], T], limits: Limits) -> T:
    """Call, and call again with pauses while the registry is busy or out of reach.

    Raises:
        RegistryUnavailable: it still is at the last attempt.
    """
    for attempt in range(1, limits.attempts):
        try:
            return call()
        except BusyError as exc:
            pause(limits, attempt, exc.after)
        except RegistryUnavailable as exc:
            if not broke_off(exc):
                raise
            pause(limits, attempt)
    try:
        return call()
    except BusyError as exc:
        raise RegistryUnavailable(str(exc)) from exc


def pause(limits: Limits, attempt: int, after: float | None = None) -> None:
    """Wait as long as the registry asked, or twice as long each time with jitter."""
    jitter = random.uniform(0.5, 1.5)  # noqa: S311
    limits.sleep(min(after or limits.pause * 2 ** (attempt - 1) * jitter, MAX_PAUSE))
