"""The rules of the gate, one module each.

To add one: write `audit/gate/rules/my_rule.py`, add it to `RULES`, describe it
under its own heading in docs/rules.md, and put one passing and one failing case
in tests/vectors/gate/. A test checks that all four are there.
"""

from audit.gate.rules import (
    broken_ledger,
    carrier_drift,
    digest_mismatch,
    evaluation_below_threshold,
    malformed_artifact,
    missing_dataset_fingerprint,
    unpinned_environment,
    unsafe_format,
    unsigned_model,
)
from audit.gate.rules._rule import Rule

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        unsigned_model.RULE,
        digest_mismatch.RULE,
        malformed_artifact.RULE,
        unsafe_format.RULE,
        missing_dataset_fingerprint.RULE,
        evaluation_below_threshold.RULE,
        carrier_drift.RULE,
        unpinned_environment.RULE,
        broken_ledger.RULE,
    )
}

__all__ = ["RULES", "Rule"]
