"""`unsigned-model`: a release needs a verified signature by somebody the policy names."""

from collections.abc import Iterator, Sequence

from audit.documents import (
    COSIGN_SIGN,
    Evidence,
    Finding,
    Outcome,
    RejectedSignature,
    Release,
    SignatureEvidence,
)
from audit.gate.rules._rule import Parameters, Rule, of_kind

MOST_REASONS = 3


class Signers(Parameters):
    """Which of the policy's keys and identities may sign; all of them when empty."""

    any_of: tuple[str, ...] = ()


def _check(
    release: Release, evidence: Sequence[Evidence], parameters: Signers
) -> Iterator[Finding]:
    signatures = [
        one for one in of_kind(evidence, SignatureEvidence) if one.predicate_type == COSIGN_SIGN
    ]
    if any(not parameters.any_of or one.signer in parameters.any_of for one in signatures):
        return
    reasons = list({one.reason: None for one in of_kind(evidence, RejectedSignature)})
    reasons += [f"signed by {one.signer}, which this rule does not name" for one in signatures]
    shown = "; ".join(reasons[:MOST_REASONS])
    more = f"; {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    yield Finding(
        rule=RULE.name,
        outcome=Outcome.DENY,
        message=f"no verified signature over {release.artifact}"
        + (f" ({shown}{more})" if reasons else ""),
        hint="sign the artifact by digest: audit sign image REF@sha256:... --key FILE",
    )


RULE = Rule(
    "unsigned-model", "the artifact is signed by a trusted key or identity", _check, Signers
)
