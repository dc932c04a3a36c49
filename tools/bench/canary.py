"""Canaries: how often one that is no worse is taken back, and how soon a slow one is."""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator

from audit.canary import Compared, decide_canary, load_canary_policy, read_samples
from audit.documents import CanaryOutcome
from tools.bench import Figure

POLICY = b"format: audit.canary/v1\nid: bench\nversion: 1\npercent: 50\nslow: {over_ms: 2000, share: 0.01}\n"
ABOUT = Compared("acme/x", "sha256:" + "a" * 64, "sha256:" + "b" * 64)
RUNS, LOOKS, EACH = 60, 20, 100
"""Canaries; looks at each; requests of each arm between two looks."""
Time = Callable[[random.Random], float]


def figures() -> Iterator[Figure]:
    """Give the share of canaries that were taken back, and after how many requests."""
    same, _ = _taken_back(lambda dice: dice.lognormvariate(5.7, 0.4))
    detail = f"of {RUNS} canaries like stable, {LOOKS} looks each at alpha 0.01"
    yield Figure("canary/equals-taken-back", same, detail, at_most=0.02)
    slow, after = _taken_back(lambda dice: 1.3 * dice.lognormvariate(5.7, 0.4))
    detail = f"of {RUNS} canaries 30 % slower; median after {after:.0f} requests of each arm"
    yield Figure("canary/slower-taken-back", slow, detail, at_least=0.95)
    tail, after = _taken_back(
        lambda d: d.lognormvariate(5.7, 0.4) * (10 if d.random() < 0.03 else 1)
    )
    detail = f"of {RUNS} canaries with 3 % of requests 10x slower; median after {after:.0f}"
    yield Figure("canary/bad-tail-taken-back", tail, detail, at_least=0.8)
    yield _speed()


def _taken_back(slow: Time) -> tuple[float, float]:
    policy = load_canary_policy(POLICY, source="bench")
    ended = []
    for seed in range(RUNS):
        lines = list(_lines(slow, seed, LOOKS * EACH))
        for look in range(2, LOOKS + 1):
            data = "\n".join(lines[: 2 * look * EACH]).encode()
            samples = read_samples(data, source="bench")
            found = decide_canary(samples, ABOUT, policy=policy, key=None, decided_at_ns=0)
            if found.outcome is CanaryOutcome.FAIL:
                ended.append(look * EACH)
                break
    return len(ended) / RUNS, statistics.median(ended) if ended else 0


def _speed() -> Figure:
    data = "\n".join(_lines(lambda dice: dice.lognormvariate(5.7, 0.4), 1, 50_000)).encode()
    policy = load_canary_policy(POLICY, source="bench")
    begun = time.perf_counter()
    samples = read_samples(data, source="bench")
    decide_canary(samples, ABOUT, policy=policy, key=None, decided_at_ns=0)
    taken = time.perf_counter() - begun
    return Figure("canary/samples-per-second", 100_000 / taken, "read and decided, one process")


def _lines(slow: Time, seed: int, each: int) -> Iterator[str]:
    dice = random.Random(seed)  # noqa: S311  a seed, not a secret
    for number in range(2 * each):
        arm = "canary" if number % 2 else "stable"
        time_ms = int(slow(dice) if number % 2 else dice.lognormvariate(5.7, 0.4))
        sample = {"request_id": str(number), "arm": arm, "latency_ms": time_ms, "status": 200}
        yield json.dumps(sample)
