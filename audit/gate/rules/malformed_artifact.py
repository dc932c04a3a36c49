"""`malformed-artifact`: manifest, configuration and blobs say the same to every client."""

from collections.abc import Iterator, Sequence

from audit.documents import Evidence, Finding, Outcome, Release, StructureEvidence
from audit.gate.rules._rule import Rule, of_kind

HINT = "package it again: audit release run RELEASE.toml"


def _check(release: Release, evidence: Sequence[Evidence], _: object) -> Iterator[Finding]:
    parts = of_kind(evidence, StructureEvidence)
    if not parts:
        yield Finding(
            rule=RULE.name,
            outcome=Outcome.UNDECIDED,
            message=f"no part of {release.artifact} was looked at",
            hint=HINT,
        )
    for part in parts:
        if part.problem is not None:
            yield Finding(
                rule=RULE.name,
                outcome=Outcome.DENY,
                message=f"{part.part} {part.problem}",
                hint=HINT,
            )


RULE = Rule("malformed-artifact", "every client gets the same model from it", _check)
