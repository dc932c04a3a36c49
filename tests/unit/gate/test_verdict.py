"""A verdict cannot be edited into another outcome."""

import pytest

from audit.core.errors import ConfigError
from audit.documents import Finding, Outcome, PolicyRef, Release, Verdict


def test_an_edited_outcome_is_refused() -> None:
    verdict = Verdict(
        outcome=Outcome.DENY,
        release=Release(model_id="m", version="1", artifact="sha256:" + "a" * 64),
        policy=PolicyRef(id="p", version="1", digest="sha256:" + "b" * 64),
        decided_at_ns=1,
        findings=(Finding(rule="unsigned-model", outcome=Outcome.DENY, message="no signature"),),
        rules_off=(),
        evidence=(),
    )
    forged = verdict.model_dump_json().replace('"outcome":"deny"', '"outcome":"allow"', 1)
    with pytest.raises(ConfigError, match="findings say deny"):
        Verdict.read(forged.encode(), source="verdict.json")


def test_deny_outweighs_undecided_and_undecided_outweighs_allow() -> None:
    deny = Finding(rule="a", outcome=Outcome.DENY, message="m")
    undecided = Finding(rule="b", outcome=Outcome.UNDECIDED, message="m")
    assert Verdict.outcome_of((undecided, deny)) is Outcome.DENY
    assert Verdict.outcome_of((undecided,)) is Outcome.UNDECIDED
    assert Verdict.outcome_of(()) is Outcome.ALLOW
