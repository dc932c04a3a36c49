"""Samples: one line of JSON per request, as the gateway wrote it down.

    {"request_id": "...", "arm": "canary", "latency_ms": 312, "status": 200}

Members beside these are passed over. A line that says something else than it has
to ends the reading: half of the samples is another question.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from audit.canary._arm import ArmKey
from audit.core import strict_json
from audit.core.errors import ConfigError, EvidenceError
from audit.documents import Arm

MAX_SAMPLES = 2_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: who served it, how long it took, how it ended."""

    request_id: str
    arm: Arm
    latency_ms: int
    status: int


@dataclass(frozen=True, slots=True)
class Samples:
    """Every sample, and the SHA-256 of the bytes they were read from."""

    samples: tuple[Sample, ...]
    digest: str

    def require_arms(self, key: ArmKey, percent: Decimal) -> None:
        """Require that each request was served by the arm that its id and the key give.

        Raises:
            EvidenceError: one was not; the samples are then no evidence of anything.
        """
        for number, one in enumerate(self.samples, 1):
            if one.arm is not (arm := key.arm(one.request_id, percent)):
                raise EvidenceError(
                    f"sample {number} was served by {one.arm}, and its id goes to {arm} "
                    f"under the key {key.id} with {percent} % for the canary",
                    hint="name the key and the policy under which the samples were taken",
                )


def read_samples(data: bytes, *, source: str) -> Samples:
    """Return the samples in a JSON-lines text.

    Raises:
        ConfigError: a line is no sample, with its number; a request is there twice.
    """
    samples = tuple(_read(data, source))
    return Samples(samples, "sha256:" + hashlib.sha256(data).hexdigest())


def _read(data: bytes, source: str) -> Iterator[Sample]:
    seen: set[str] = set()
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{source}:{number}"
        if len(seen) == MAX_SAMPLES:
            raise ConfigError(f"{where}: more than {MAX_SAMPLES} samples")
        sample = _sample(strict_json.loads(line, source=where), where)
        if sample.request_id in seen:
            raise ConfigError(f"{where}: the request {sample.request_id[:80]!r} is there twice")
        seen.add(sample.request_id)
        yield sample


def _sample(value: Any, where: str) -> Sample:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: a sample is an object")
    request, arm = value.get("request_id"), value.get("arm")
    if not isinstance(request, str) or not request:
        raise ConfigError(f"{where}: request_id is not text")
    if not isinstance(arm, str) or arm not in set(Arm):
        raise ConfigError(f"{where}: arm is not canary or stable")
    numbers = [value.get(name) for name in ("latency_ms", "status")]
    for name, number in zip(("latency_ms", "status"), numbers, strict=True):
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 10**9:
            raise ConfigError(f"{where}: {name} is not a whole number")
    return Sample(request, Arm(arm), *numbers)  # type: ignore[arg-type]
