"""What the manifest's annotations carry, held against what the ledger recorded."""

from collections.abc import Iterator, Mapping

from audit.documents import DatasetEvidence, EvaluationEvidence, is_digest
from audit.documents.digest import BLAKE3_PATTERN
from audit.release.describe import annotation_key
from audit.release.describe.mapping import EVALUATION, FINGERPRINT
from audit.release.evidence.record import Record


def check_carried(
    digest: str, annotations: Mapping[str, str], record: Record
) -> Iterator[DatasetEvidence | EvaluationEvidence]:
    """Give evidence for the dataset fingerprint and each metric the artifact carries."""
    fingerprint = annotations.get(annotation_key(FINGERPRINT), "")
    if is_digest(fingerprint, pattern=BLAKE3_PATTERN):
        yield DatasetEvidence(
            subject=digest,
            fingerprint=fingerprint,
            recorded_seq=record.fingerprints.get(fingerprint),
        )
    prefix = annotation_key(EVALUATION)
    for key, value in sorted(annotations.items()):
        if key.startswith(prefix):
            metric = key.removeprefix(prefix)
            yield EvaluationEvidence(
                subject=digest,
                metric=metric,
                value=value,
                recorded_seq=record.metrics.get((EVALUATION + metric, value)),
            )
