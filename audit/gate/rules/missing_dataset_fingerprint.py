"""`missing-dataset-fingerprint`: what the model was tuned on is on record."""

from collections.abc import Iterator, Sequence

from audit.documents import DatasetEvidence, Evidence, Finding, Outcome, Release
from audit.gate.rules._rule import Rule, of_kind

HINT = "record it with the release: audit release run RELEASE.toml"


def _check(release: Release, evidence: Sequence[Evidence], _: object) -> Iterator[Finding]:
    datasets = of_kind(evidence, DatasetEvidence)
    if not datasets:
        yield _finding(f"{release.artifact} carries no dataset fingerprint")
    for dataset in datasets:
        if dataset.recorded_seq is None:
            yield _finding(
                f"the ledger has no entry in which {dataset.fingerprint} was taken "
                "before this artifact was packaged"
            )


def _finding(message: str) -> Finding:
    return Finding(rule=RULE.name, outcome=Outcome.DENY, message=message, hint=HINT)


RULE = Rule("missing-dataset-fingerprint", "the dataset is fingerprinted and on record", _check)
