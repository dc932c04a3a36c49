"""The verdict on a canary, as a pure function of samples and policy.

* Missing, few or equal samples never take a canary back: they are inconclusive.
* A roll-back needs proof at the policy's `alpha`; a pause needs the measured value alone.
* `pass` needs enough samples to have found what the policy wants found.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from audit.canary._arm import ArmKey
from audit.canary._bounds import band, log_e, slowdown
from audit.canary._policy import LoadedPolicy
from audit.canary._samples import Samples
from audit.documents import (
    Action,
    Arm,
    ArmCounts,
    CanaryFinding,
    CanaryPolicy,
    CanaryVerdict,
    SlowLimit,
)

_FAILED = 500
_TESTS = 3
"""Limits that may each raise a false alarm; they share alpha."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the samples are about."""

    model_id: str
    canary: str
    stable: str


@dataclass(frozen=True, slots=True)
class _Seen:
    counts: dict[Arm, ArmCounts]
    shift: float | None
    detectable: float


def decide_canary(
    samples: Samples,
    about: Compared,
    *,
    policy: LoadedPolicy,
    key: ArmKey | None,
    decided_at_ns: int,
) -> CanaryVerdict:
    """Return the verdict on the canary that `samples` were taken of.

    Raises:
        EvidenceError: a sample was served by another arm than the key gives.
    """
    asked = policy.document
    if key is not None:
        samples.require_arms(key, asked.percent)
    seen = _look(samples, asked)
    findings = tuple(_findings(seen, asked))
    return CanaryVerdict(
        outcome=CanaryVerdict.outcome_of(findings),
        model_id=about.model_id,
        canary=about.canary,
        stable=about.stable,
        policy=policy.ref,
        samples=samples.digest,
        arm_key=key.id if key else None,
        decided_at_ns=decided_at_ns,
        arms=seen.counts,
        shift=None if seen.shift is None else _text(seen.shift),
        detectable=_text(seen.detectable),
        findings=findings,
    )


def _look(samples: Samples, asked: CanaryPolicy) -> _Seen:
    counts, times = {}, {}
    for arm in Arm:
        served = [one for one in samples.samples if one.arm is arm]
        times[arm] = [one.latency_ms for one in served]
        counts[arm] = ArmCounts(
            requests=len(served),
            errors=sum(one.status >= _FAILED for one in served),
            slow=_slow(times[arm], asked.slow),
        )
    both = bool(times[Arm.CANARY] and times[Arm.STABLE])
    share = float(asked.alpha) / _TESTS / 2
    widths = sum(band(len(times[arm]), share) for arm in Arm)
    shift = slowdown(times[Arm.STABLE], times[Arm.CANARY]) if both else None
    return _Seen(counts, shift, max(min(widths, 1.0), float(asked.shift.least)))


def _slow(times: list[int], limit: SlowLimit | None) -> int:
    return 0 if limit is None else sum(time > limit.over_ms for time in times)


def _findings(seen: _Seen, asked: CanaryPolicy) -> Iterator[CanaryFinding]:
    short = [arm for arm in Arm if seen.counts[arm].requests < asked.min_samples]
    for arm in short:
        yield _pause(
            f"{seen.counts[arm].requests} requests of the {arm}; {asked.min_samples} are needed"
        )
    if short:
        return
    if seen.detectable > asked.detect:
        yield _pause(
            f"a shift below {_text(seen.detectable)} could not have been found, "
            f"and {asked.detect} must be"
        )
    if seen.shift is not None and seen.shift > seen.detectable:
        yield CanaryFinding(
            limit="shift",
            action=asked.shift.action,
            message=f"the canary is slower: a shift of {_text(seen.shift)}, "
            f"where {_text(seen.detectable)} cannot be chance",
        )
    yield from _rates(seen.counts[Arm.CANARY], asked)


def _rates(canary: ArmCounts, asked: CanaryPolicy) -> Iterator[CanaryFinding]:
    if asked.slow is not None:
        what = f"of the canary's requests took longer than {asked.slow.over_ms} ms"
        slow = _Rate("slow", canary.slow, asked.slow.share, asked.slow.action, what)
        yield from _judge(slow, canary.requests, asked.alpha)
    if asked.errors is not None:
        what = "of the canary's requests failed"
        errors = _Rate("errors", canary.errors, asked.errors.rate, asked.errors.action, what)
        yield from _judge(errors, canary.requests, asked.alpha)


@dataclass(frozen=True, slots=True)
class _Rate:
    limit: Literal["slow", "errors"]
    hits: int
    most: Decimal
    action: Action
    what: str


def _judge(rate: _Rate, count: int, alpha: Decimal) -> Iterator[CanaryFinding]:
    """Give a finding if a rate is above its limit: proven, or measured and worth a pause."""
    if rate.hits <= rate.most * count:
        return
    proven = log_e(rate.hits, count, float(rate.most)) >= math.log(_TESTS / float(alpha))
    yield CanaryFinding(
        limit=rate.limit,
        action=rate.action if proven else Action.PAUSE,
        message=f"{rate.hits} of {count} {rate.what}, more than {rate.most}"
        + ("" if proven else "; that may still be chance"),
    )


def _pause(message: str) -> CanaryFinding:
    return CanaryFinding(limit="samples", action=Action.PAUSE, message=message)


def _text(value: float) -> str:
    return f"{value:.4f}"
