"""`broken-ledger`: the ledger is whole, signed by a trusted log key, and knows the release."""

from collections.abc import Iterator, Sequence
from typing import Literal

from audit.documents import Evidence, Finding, LedgerEvidence, LedgerState, Outcome, Release
from audit.gate.rules._rule import Rule, of_kind

HINTS = {
    Outcome.DENY: "look closer: audit ledger verify --ledger URL",
    Outcome.UNDECIDED: "sign a checkpoint: audit ledger checkpoint --ledger URL --key FILE",
}
WITNESS_HINT = "sign a checkpoint and have it cosigned: audit ledger witness ask --help"


def _check(release: Release, evidence: Sequence[Evidence], _: object) -> Iterator[Finding]:
    ledgers = of_kind(evidence, LedgerEvidence)
    if not ledgers:
        yield _finding(Outcome.UNDECIDED, "no ledger was verified")
    for ledger in ledgers:
        yield from _check_one(release, ledger)


def _check_one(release: Release, ledger: LedgerEvidence) -> Iterator[Finding]:
    if ledger.state is LedgerState.BROKEN:
        yield _finding(Outcome.DENY, ledger.problem or "the ledger does not verify")
    elif ledger.packaged_seq is None:
        yield _finding(Outcome.DENY, f"the ledger has no entry that packaged {release.artifact}")
    elif ledger.state is LedgerState.UNCHECKPOINTED:
        yield _finding(
            Outcome.UNDECIDED,
            ledger.problem
            or f"no checkpoint by a log key the policy names covers entry {ledger.packaged_seq}",
        )
    elif ledger.state is not LedgerState.INTACT:
        message = ledger.problem or f"the ledger's checkpoint is {ledger.state}"
        yield _finding(Outcome.UNDECIDED, message, WITNESS_HINT)


def _finding(
    outcome: Literal[Outcome.DENY, Outcome.UNDECIDED], message: str, hint: str | None = None
) -> Finding:
    return Finding(rule=RULE.name, outcome=outcome, message=message, hint=hint or HINTS[outcome])


RULE = Rule("broken-ledger", "the ledger is whole and knows the release", _check)
