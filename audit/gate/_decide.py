"""The decision, as a pure function of its inputs."""

from collections.abc import Sequence

from audit.documents import Evidence, Finding, Release, Verdict
from audit.gate._policy import GatePolicy


def decide(
    release: Release, evidence: Sequence[Evidence], *, policy: GatePolicy, decided_at_ns: int
) -> Verdict:
    """Return the verdict on `release`, given what is known about it.

    Nothing is read or written here: collect the evidence first, record the
    verdict afterwards. Evidence about another subject is not looked at.
    """
    about = tuple(one for one in evidence if one.subject == release.artifact)
    findings: tuple[Finding, ...] = tuple(
        finding
        for rule, parameters in policy.rules
        for finding in rule.check(release, about, parameters)
    )
    return Verdict(
        outcome=Verdict.outcome_of(findings),
        release=release,
        policy=policy.ref,
        decided_at_ns=decided_at_ns,
        findings=findings,
        rules_off=policy.rules_off,
        evidence=about,
    )
