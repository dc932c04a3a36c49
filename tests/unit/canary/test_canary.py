"""A canary: who serves a request, what the samples come to, and taking it back."""

import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canary import (
    ArmKey,
    Compared,
    LoadedPolicy,
    Step,
    decide_canary,
    decided_event,
    find_decided,
    load_canary_policy,
    pending,
    read_arm_key,
    read_samples,
    roll_back,
)
from audit.canary._bounds import band, log_e, slowdown
from audit.core.errors import ConfigError, EvidenceError, UsageError
from audit.documents import Action, Arm, CanaryOutcome, CanaryVerdict, Event
from audit.ledger import Ledger, open_ledger

POLICY = """\
format: audit.canary/v1
id: canary
version: 1
percent: 5
min_samples: 200
detect: 0.4
slow: {over_ms: 1200, share: 0.01}
errors: {rate: 0.005}
"""
CANARY, STABLE = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ABOUT = Compared("acme/qwen", CANARY, STABLE)
KEY = ArmKey(bytes(32))
PASS, FAIL, UNSURE = CanaryOutcome.PASS, CanaryOutcome.FAIL, CanaryOutcome.INCONCLUSIVE
Times = Callable[[random.Random], int]


def policy(text: str = POLICY) -> LoadedPolicy:
    return load_canary_policy(text.encode(), source="canary.yaml")


def normal(dice: random.Random) -> int:
    return int(dice.lognormvariate(5.7, 0.4))


def slower(dice: random.Random) -> int:
    return int(normal(dice) * 1.6)


def faster(dice: random.Random) -> int:
    return int(normal(dice) * 0.5)


def tail(dice: random.Random) -> int:
    return normal(dice) * (10 if dice.random() < 0.05 else 1)


def lines(canary: Times, *, n: int = 600, seed: int = 1, errors: int = 0) -> bytes:
    dice = random.Random(seed)  # noqa: S311  a seed, not a secret
    found = []
    for number in range(2 * n):
        arm = Arm.CANARY if number % 2 else Arm.STABLE
        time = canary(dice) if arm is Arm.CANARY else normal(dice)
        failed = arm is Arm.CANARY and number < 2 * errors
        sample = {"request_id": f"r{number}", "arm": arm, "latency_ms": time}
        found.append(json.dumps(sample | {"status": 503 if failed else 200}))
    return "\n".join(found).encode()


def verdict(data: bytes, text: str = POLICY) -> CanaryVerdict:
    samples = read_samples(data, source="s")
    return decide_canary(samples, ABOUT, policy=policy(text), key=None, decided_at_ns=7)


@pytest.mark.parametrize(
    ("data", "outcome", "limits"),
    [
        (lines(normal), PASS, []),
        (lines(faster), PASS, []),
        (lines(slower), FAIL, ["shift"]),
        (lines(tail), FAIL, ["slow"]),
        (lines(normal, errors=4), UNSURE, ["errors"]),
        (lines(normal, errors=3), PASS, []),
        (lines(normal, n=199), UNSURE, ["samples", "samples"]),
        (lines(slower, n=100), UNSURE, ["samples", "samples"]),
        (lines(normal, n=220), UNSURE, ["samples"]),
        (b"", UNSURE, ["samples", "samples"]),
    ],
)
def test_samples_come_to_one_of_three_answers(
    data: bytes, outcome: CanaryOutcome, limits: Sequence[str]
) -> None:
    found = verdict(data)
    assert (found.outcome, [one.limit for one in found.findings]) == (outcome, limits), found


def test_errors_pause_and_are_a_reason_to_go_back_only_if_the_policy_says_so() -> None:
    many = lines(normal, errors=60)
    assert verdict(many).outcome is UNSURE
    strict = POLICY.replace("{rate: 0.005}", "{rate: 0.005, action: roll_back}")
    assert verdict(many, strict).outcome is FAIL
    assert verdict(lines(normal, errors=5), strict).outcome is UNSURE


@pytest.mark.parametrize("seed", range(12))
def test_a_canary_that_is_no_worse_is_not_taken_back_however_often_one_looks(seed: int) -> None:
    all_lines = lines(normal, n=1500, seed=seed).splitlines()
    for end in range(400, len(all_lines), 400):
        found = verdict(b"\n".join(all_lines[:end]))
        assert not any(one.action is Action.ROLL_BACK for one in found.findings)


def test_one_arm_alone_is_inconclusive_and_never_a_reason_to_go_back() -> None:
    one = b"\n".join(line for line in lines(slower).splitlines() if b"canary" in line)
    found = verdict(one)
    assert found.outcome is UNSURE
    assert found.shift is None


def test_what_could_have_been_found_stands_in_every_verdict() -> None:
    few, many = verdict(lines(normal, n=300)), verdict(lines(normal, n=3000))
    assert few.detectable is not None
    assert many.detectable is not None
    assert Decimal(many.detectable) < Decimal(few.detectable) < 1


def test_the_same_samples_in_another_order_give_the_same_answer_but_for_their_digest() -> None:
    data = lines(slower)
    turned = b"\n".join(data.splitlines()[::-1])
    one, other = verdict(data), verdict(turned)
    assert one.samples != other.samples
    assert one.model_copy(update={"samples": other.samples}) == other


def test_a_verdict_cannot_be_edited_into_another_outcome() -> None:
    text = verdict(lines(slower)).model_dump_json().replace('"fail"', '"pass"', 1)
    with pytest.raises(ConfigError, match="findings say fail"):
        CanaryVerdict.read(text.encode(), source="v")


# --- arms


@pytest.mark.parametrize(
    "make",
    [
        lambda n: f"{n:032x}",
        lambda n: f"{0x67000000 + n // 100:08x}{n:024x}",  # begins with a time
        lambda n: f"0000000000000000{n * 2654435761 % 2**64:016x}",  # 64 bits, padded
        str,
        lambda n: f"请求-{n}",
    ],
)
def test_ids_of_every_form_are_shared_out_as_asked(make: Callable[[int], str]) -> None:
    count = sum(KEY.arm(make(n), Decimal(10)) is Arm.CANARY for n in range(20_000))
    assert 1850 < count < 2150


def test_an_arm_stays_and_another_key_gives_others() -> None:
    ids = [f"r{n}" for n in range(500)]
    half = Decimal(50)
    assert [KEY.arm(i, half) for i in ids] == [KEY.arm(i, half) for i in ids]
    other = ArmKey(b"\x01" * 32)
    assert [KEY.arm(i, half) for i in ids] != [other.arm(i, half) for i in ids]
    assert KEY.id != other.id
    assert KEY.secret.hex() not in repr(KEY)


@given(st.text(max_size=40), st.decimals(0, 50, places=2), st.decimals(0, 50, places=2))
def test_a_larger_share_keeps_every_request_of_a_smaller_one(
    request: str, one: Decimal, other: Decimal
) -> None:
    if KEY.arm(request, min(one, other)) is Arm.CANARY:
        assert KEY.arm(request, max(one, other)) is Arm.CANARY


def test_arms_are_recomputed_and_one_that_was_chosen_is_no_evidence() -> None:
    percent = Decimal(5)
    text = [
        {"request_id": f"r{n}", "arm": KEY.arm(f"r{n}", percent), "latency_ms": 9, "status": 200}
        for n in range(100)
    ]
    good = read_samples(b"\n".join(json.dumps(one).encode() for one in text), source="s")
    good.require_arms(KEY, percent)
    text[41]["arm"] = Arm.STABLE if text[41]["arm"] is Arm.CANARY else Arm.CANARY
    bad = read_samples(b"\n".join(json.dumps(one).encode() for one in text), source="s")
    with pytest.raises(EvidenceError, match="sample 42 was served by"):
        decide_canary(bad, ABOUT, policy=policy(), key=KEY, decided_at_ns=1)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "arm.key"
    file.write_text("ab" * 32)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        read_arm_key(file)
    file.chmod(0o600)
    assert read_arm_key(file).secret == b"\xab" * 32
    file.write_text("ab" * 31)
    with pytest.raises(ConfigError, match="64 hex digits"):
        read_arm_key(file)


# --- reading


@pytest.mark.parametrize(
    "line",
    [
        '{"request_id": "r", "arm": "canary", "latency_ms": NaN, "status": 200}',
        '{"request_id": "r", "arm": "canary", "latency_ms": 1.5, "status": 200}',
        '{"request_id": "r", "arm": "canary", "latency_ms": -1, "status": 200}',
        '{"request_id": "r", "arm": "canary", "latency_ms": true, "status": 200}',
        '{"request_id": "r", "arm": "both", "latency_ms": 1, "status": 200}',
        '{"request_id": "", "arm": "canary", "latency_ms": 1, "status": 200}',
        '{"request_id": "r", "arm": "canary", "arm": "stable", "latency_ms": 1, "status": 200}',
        '{"request_id": "r", "arm": "canary", "latency_ms": 1}',
        "[1]",
        "{",
    ],
)
def test_a_line_that_is_no_sample_is_named_and_nothing_is_decided(line: str) -> None:
    good = '{"request_id": "a", "arm": "canary", "latency_ms": 1, "status": 200}\n'
    with pytest.raises(ConfigError, match="s:2"):
        read_samples((good + line).encode(), source="s")


def test_a_request_that_is_counted_twice_is_refused() -> None:
    line = b'{"request_id": "a", "arm": "canary", "latency_ms": 1, "status": 200}\n'
    with pytest.raises(ConfigError, match="s:2: the request 'a' is there twice"):
        read_samples(line * 2, source="s")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("percent: 5", "percent: 0"),
        ("percent: 5", "percent: 51"),
        ("percent: 5", "percent: nan"),
        ("min_samples: 200", "min_samples: 1"),
        ("share: 0.01", "share: 1"),
        ("rate: 0.005", "rate: 0.005, action: shrug"),
        ("detect:", "detects:"),
        ("audit.canary/v1", "audit.canary/v2"),
    ],
)
def test_a_policy_that_is_none_is_named_with_its_line(old: str, new: str) -> None:
    with pytest.raises(ConfigError, match=r"canary\.yaml:\d+: "):
        policy(POLICY.replace(old, new))


# --- bounds


def test_the_bounds_are_those_of_their_sources() -> None:
    assert round(band(1000, 0.005), 3) == 0.094  # Howard and Ramdas 2022, two arms at 0.01
    assert band(0, 0.01) == 1.0
    assert log_e(0, 100, 0.01) == 0.0
    assert log_e(1, 100, 0.01) == 0.0
    assert log_e(30, 100, 0.01) > 10


@given(st.lists(st.integers(0, 99), min_size=1), st.lists(st.integers(0, 99), min_size=1))
def test_the_shift_is_one_sided_and_within_its_range(one: list[int], other: list[int]) -> None:
    assert 0 <= slowdown(one, other) <= 1
    assert slowdown(one, one) == 0
    assert slowdown(one, [time + 100 for time in one]) == 1
    assert slowdown([time + 100 for time in one], one) == 0


# --- the ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(str(tmp_path / "a.db"), create=True) as opened:
        yield opened


def step(after: str = "0") -> Step:
    return Step("acme/qwen", CANARY, Decimal(5), Decimal(after), "sha256:" + "c" * 64, "ci")


def test_a_recorded_verdict_is_found_again_and_another_one_is_not(ledger: Ledger) -> None:
    found = verdict(lines(normal))
    ledger.append(decided_event(found))
    assert find_decided(ledger, found).event.facts["outcome"] == "pass"
    with pytest.raises(EvidenceError, match="no entry"):
        find_decided(ledger, verdict(lines(slower)))


def test_a_roll_back_records_what_was_meant_and_how_it_ended(
    ledger: Ledger, tmp_path: Path
) -> None:
    done = roll_back(ledger, step(), ["touch", str(tmp_path / "done")])
    assert (tmp_path / "done").exists()
    assert [entry.event.type for entry in ledger.entries()] == [
        "canary.rollback_intended",
        "canary.rolled_back",
    ]
    assert done.code == 0
    assert pending(ledger) == []


def test_a_roll_back_that_fails_is_recorded_as_that(ledger: Ledger) -> None:
    assert roll_back(ledger, step(), ["false"]).code == 1
    with pytest.raises(EvidenceError, match="cannot be run"):
        roll_back(ledger, step(), ["/nowhere/command"])
    kinds = [entry.event.type for entry in ledger.entries()]
    assert kinds.count("canary.rollback_failed") == 2
    assert pending(ledger) == []


def test_a_roll_back_that_was_cut_off_is_seen(ledger: Ledger) -> None:
    class CutOffError(BaseException):
        pass

    def cut(event: str, args: tuple[object, ...]) -> None:
        if event == "subprocess.Popen" and "cut-off" in str(args[1]):
            raise CutOffError

    sys.addaudithook(cut)
    with pytest.raises(CutOffError):
        roll_back(ledger, step(), ["echo", "cut-off"])
    (entry,) = pending(ledger)
    assert entry.event.subject == CANARY


@pytest.mark.parametrize("after", ["5", "6", "-1"])
def test_the_share_of_a_canary_never_grows_by_a_roll_back(ledger: Ledger, after: str) -> None:
    with pytest.raises(UsageError, match="smaller"):
        roll_back(ledger, step(after), ["true"])
    assert ledger.size() == 0


def test_nothing_is_run_when_the_intent_cannot_be_recorded(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(Event(type="a.b"))
    ledger.close()
    (tmp_path / "a.db").unlink()
    (tmp_path / "a.db").mkdir()
    with pytest.raises(EvidenceError):
        roll_back(ledger, step(), ["touch", str(tmp_path / "done")])
    assert not (tmp_path / "done").exists()
