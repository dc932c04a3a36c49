"""`digest-mismatch`: every byte of the artifact is what its digest names."""

from collections.abc import Iterator, Sequence

from audit.documents import BlobEvidence, Evidence, Finding, Outcome, Release
from audit.gate.rules._rule import Rule, of_kind

HINT = "fetch the artifact again from where it was released, by digest"


def _check(release: Release, evidence: Sequence[Evidence], _: object) -> Iterator[Finding]:
    blobs = of_kind(evidence, BlobEvidence)
    if not any(blob.expected == release.artifact for blob in blobs):
        yield Finding(
            rule=RULE.name,
            outcome=Outcome.UNDECIDED,
            message=f"the manifest {release.artifact} was not read, so nothing is known of it",
            hint=HINT,
        )
    for blob in blobs:
        if blob.found is None:
            yield _finding(f"{blob.name} is missing (expected {blob.expected})")
        elif blob.found != blob.expected:
            yield _finding(
                f"{blob.name} is not what was released "
                f"(expected {blob.expected}, found {blob.found})"
            )


def _finding(message: str) -> Finding:
    return Finding(
        rule=RULE.name,
        outcome=Outcome.DENY,
        message=message,
        hint=HINT,
    )


RULE = Rule("digest-mismatch", "every byte is what its digest names", _check)
