"""`unpinned-environment`: the environment can be built again, byte for byte, from its lock file."""

from collections.abc import Iterator, Sequence

from audit.documents import EnvironmentEvidence, Evidence, Finding, Outcome, Release
from audit.gate.rules._rule import Parameters, Rule, of_kind

MOST = 5


class Formats(Parameters):
    """Which formats of lock files count; all that are read when empty."""

    formats: tuple[str, ...] = ()


def _check(
    release: Release, evidence: Sequence[Evidence], parameters: Formats
) -> Iterator[Finding]:
    locks = of_kind(evidence, EnvironmentEvidence)
    if not locks:
        yield _finding(
            f"the ledger has no lock file for {release.artifact}",
            "name one in RELEASE.toml under [environment], and release again",
        )
    for lock in locks:
        if parameters.formats and lock.format not in parameters.formats:
            allowed = ", ".join(parameters.formats)
            yield _finding(f"the lock file is {lock.format}; the policy allows {allowed}")
        for problem in lock.problems[:MOST]:
            yield _finding(f"the lock file {lock.lock}: {problem}")
        if len(lock.problems) > MOST:
            yield _finding(f"the lock file {lock.lock}: {len(lock.problems) - MOST} more")


def _finding(
    message: str, hint: str = "lock it again with sha256 digests: docs/release.md"
) -> Finding:
    return Finding(rule=RULE.name, outcome=Outcome.DENY, message=message, hint=hint)


RULE = Rule("unpinned-environment", "the environment is locked by sha256", _check, Formats)
