"""How a verdict is written, and the exit code it means."""

from audit.documents import Outcome, Verdict

EXIT = {Outcome.ALLOW: 0, Outcome.DENY: 10, Outcome.UNDECIDED: 3}
MOST_FINDINGS = 20


def write_verdict(verdict: Verdict, form: str) -> str:
    """Return a verdict as text, the answer first, or as exactly its JSON document."""
    if form != "text":
        return verdict.model_dump_json(indent=2) + "\n"
    release = verdict.release
    lines = [
        f"{verdict.outcome.value}: {release.model_id} {release.version} {release.artifact}",
    ]
    hints = set()
    for finding in verdict.findings[:MOST_FINDINGS]:
        lines.append(f"  {finding.outcome.value}[{finding.rule}]: {finding.message}")
        if finding.hint and finding.hint not in hints:
            hints.add(finding.hint)
            lines.append(f"    hint: {finding.hint}")
    if len(verdict.findings) > MOST_FINDINGS:
        lines.append(f"  and {len(verdict.findings) - MOST_FINDINGS} more (--format json)")
    lines += [f"  off[{off.rule}]: {off.reason}" for off in verdict.rules_off]
    return "\n".join(lines) + "\n"
