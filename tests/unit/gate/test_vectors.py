"""Every tests/vectors/gate/RULE[--CASE].OUTCOME.json must give OUTCOME under that rule alone."""

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from audit.documents import Evidence, Release
from audit.gate import RULES, GatePolicy, decide, load_policy

VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "gate").glob("*.json"))
EVIDENCE: TypeAdapter[Evidence] = TypeAdapter(Evidence)


def only(rule: str, parameters: object) -> GatePolicy:
    """A policy in which `rule` alone is on."""
    off = [
        {"rule": name, "off": "this vector is about another rule"} for name in RULES if name != rule
    ]
    spec = {
        "keys": [{"id": "release-key", "pem": "-"}, {"id": "second-key", "pem": "-"}],
        "ledger": {"vkeys": ["log+00000000+AA=="]},
        "rules": [{"rule": rule, "with": parameters}, *off],
    }
    document = {
        "apiVersion": "audit.policy/v1",
        "kind": "Policy",
        "metadata": {"id": "vector", "version": "1"},
        "spec": spec,
    }
    return load_policy(json.dumps(document).encode(), source="vector")


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    case, outcome = path.stem.rsplit(".", 1)
    vector = json.loads(path.read_text())
    verdict = decide(
        Release.model_validate(vector["release"]),
        [EVIDENCE.validate_json(json.dumps(one)) for one in vector["evidence"]],
        policy=only(case.split("--")[0], vector.get("with", {})),
        decided_at_ns=1,
    )
    assert verdict.outcome == outcome, verdict.findings
    assert all(finding.hint for finding in verdict.findings)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_passing_and_a_failing_vector(rule: str) -> None:
    outcomes = {
        path.stem.rsplit(".", 1)[1]
        for path in VECTORS
        if path.stem.rsplit(".", 1)[0].split("--")[0] == rule
    }
    assert "allow" in outcomes
    assert outcomes & {"deny", "undecided"}


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_content_without_evidence(rule: str) -> None:
    release = Release(model_id="m", version="1", artifact="sha256:" + "a" * 64)
    assert decide(release, [], policy=only(rule, {}), decided_at_ns=1).outcome != "allow"
