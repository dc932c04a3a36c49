"""Reading a policy: what is not said is strict, what is wrong is named with its line."""

import pytest

from audit.core.errors import ConfigError
from audit.documents import Release, Verdict
from audit.gate import RULES, decide, load_policy

GOOD = """\
apiVersion: audit.policy/v1
kind: Policy
metadata: {id: release, version: 1.0}
spec:
  keys:
    - id: release-key
      pem: PEM
  ledger:
    vkeys: [log+00000000+AA==]
  rules:
    - rule: evaluation-below-threshold
      with:
        thresholds:
          accuracy: {min: 0.85}
    - rule: unsafe-format
      off: weights are scanned elsewhere
"""


def load(text: str) -> object:
    return load_policy(text.encode(), source="p.yaml")


def test_rules_that_are_not_mentioned_hold_with_their_defaults() -> None:
    policy = load_policy(GOOD.encode(), source="p.yaml")
    assert {rule.name for rule, _ in policy.rules} == set(RULES) - {"unsafe-format"}


def test_a_rule_that_is_off_is_repeated_in_the_verdict_with_its_reason() -> None:
    policy = load_policy(GOOD.encode(), source="p.yaml")
    release = Release(model_id="m", version="1", artifact="sha256:" + "a" * 64)
    verdict = decide(release, [], policy=policy, decided_at_ns=1)
    assert [(off.rule, off.reason) for off in verdict.rules_off] == [
        ("unsafe-format", "weights are scanned elsewhere")
    ]
    assert Verdict.read(verdict.model_dump_json().encode(), source="v") == verdict


def test_the_digest_of_a_policy_is_over_its_bytes() -> None:
    one = load_policy(GOOD.encode(), source="p.yaml").ref.digest
    assert one != load_policy((GOOD + "# a comment\n").encode(), source="p.yaml").ref.digest


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("audit.policy/v1", "audit.policy/v9", r"p.yaml:1: apiVersion"),
        ("kind: Policy", "kind: Polisy", r"p.yaml:2: kind"),
        ("id: release,", "id: Release!,", r"p.yaml:3: metadata.id"),
        ("min: 0.85", "min: high", r"p.yaml:14: .*accuracy.min"),
        ("min: 0.85", "min: .nan", r"p.yaml:14: .*accuracy.min"),
        ("{min: 0.85}", "{}", r"needs min or max"),
        ("unsafe-format", "unsave-format", r"p.yaml:15: no rule is called 'unsave-format'"),
        ("      off: weights are scanned elsewhere", "      off:", r"off: string should have"),
        ("unsafe-format", "evaluation-below-threshold", "named twice"),
        ("vkeys: [log+00000000+AA==]", "vkeys: []", r"spec.ledger.vkeys"),
        ("      pem: PEM", "      pem: PEM\n      pem: OTHER", r"p.yaml:8: duplicate key 'pem'"),
        ("spec:", "spec: &a", r"p.yaml.*"),
        ("kind: Policy", "kind: !!python/name:os.system", r"tag"),
        ("rules:", "rule:", r"spec.rule: extra inputs"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, complaint: str) -> None:
    if new == "spec: &a":
        new = "other: *a\nspec:"
    with pytest.raises(ConfigError, match=complaint):
        load(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "\xff", "apiVersion: x\n"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        load_policy(text.encode("latin-1"), source="p.yaml")


@pytest.mark.parametrize(
    "reason",
    [
        *("no", "No", "false", "off", "~", "null", "0", "x", "later", "'        '", "'\\t'"),
        *('"\\e[31m all is well"', '"\\u202e all is well"', '"\\u200b and \\u200b well"'),
    ],
)
def test_off_with_a_word_for_no_or_with_nothing_to_read_is_refused(reason: str) -> None:
    with pytest.raises(ConfigError, match=r"p.yaml:16: spec.rules.1.off"):
        load(GOOD.replace("weights are scanned elsewhere", reason))


def test_a_policy_in_which_every_rule_is_off_decides_nothing_and_is_refused() -> None:
    off = "".join(f"    - {{rule: {name}, off: tried out by hand}}\n" for name in RULES)
    with pytest.raises(ConfigError, match="every rule is off"):
        load(GOOD[: GOOD.index("    - rule:")] + off)


def test_a_signer_that_the_policy_does_not_define_is_refused() -> None:
    rule = "    - {rule: unsigned-model, with: {any_of: [somebody]}}\n"
    with pytest.raises(ConfigError, match="names the signer 'somebody'"):
        load(GOOD + rule)


@pytest.mark.parametrize("number", ["0_9", "'٠.٩'", "0x1", "1e9999", "' 0.9'", "~", "''", "90%"])
def test_a_threshold_is_a_decimal_number_in_plain_digits(number: str) -> None:
    with pytest.raises(ConfigError, match=r"p.yaml:14: .*accuracy.min"):
        load(GOOD.replace("0.85", number))


def test_a_policy_that_is_too_long_or_too_deep_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="at most"):
        load(GOOD + "#" * (1 << 20))
    with pytest.raises(ConfigError, match="nests deeper"):
        load(GOOD + "x: " + "[" * 100_000)
