"""How long a registry may take and how much it may send."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one registry; times in seconds, sizes in bytes."""

    connect: float = 10.0
    idle: float = 30.0
    """Longest wait for the next bytes."""
    grace: float = 60.0
    slowest: float = 32 * 1024
    """Bytes per second; a body may take `grace` and what this rate needs for its size."""
    attempts: int = 4
    pause: float = 0.25
    """Wait before the second attempt; doubled for each one after, with jitter."""
    search: float = 600.0
    """How long everything that is attached to one artifact may take to be read."""
    chunk: int = 64 << 20
    """Largest piece of a blob that is sent in one request."""
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def deadline(self, size: int) -> float:
        """Return when a body of `size` bytes must have ended."""
        return self.now() + self.grace + size / self.slowest
