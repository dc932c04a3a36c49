"""Taking a canary back: the intent is recorded first, and then how it ended.

* The share of the canary is only ever made smaller.
* A command that was cut off between the two entries is seen: `pending` names it.
* Nobody acts without an entry: if the intent cannot be recorded, nothing is run.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from audit.core.errors import EvidenceError, UsageError
from audit.documents import Event, LedgerEntry, Named
from audit.ledger import Ledger

INTENDED, DONE, FAILED = "canary.rollback_intended", "canary.rolled_back", "canary.rollback_failed"
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done: for which artifact, from and to which share, and on which verdict."""

    model_id: str
    canary: str
    before: Decimal
    after: Decimal
    verdict: str
    operator: str


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The two entries, and the exit code of the command."""

    intended: LedgerEntry
    ended: LedgerEntry
    code: int


def roll_back(ledger: Ledger, step: Step, command: Sequence[str]) -> RolledBack:
    """Record the intent, run the command that changes the share, and record how it ended.

    Raises:
        UsageError: the share would grow, or no command is named.
        LedgerUnavailable: the intent cannot be recorded; nothing was run.
        EvidenceError: the command cannot be run, or did not end; that is recorded.
    """
    if not command:
        raise UsageError("no command is named", hint="audit canary rollback ... -- COMMAND")
    if not 0 <= step.after < step.before:
        raise UsageError(f"a roll-back makes the share smaller, not {step.before} -> {step.after}")
    intended = ledger.append(_event(INTENDED, step, {"command": command[0]}))
    try:
        # The operator names the command; nothing of it comes from the ledger.
        done = subprocess.run(command, check=False, timeout=TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as exc:
        why = "did not end" if isinstance(exc, subprocess.TimeoutExpired) else "cannot be run"
        _end(ledger, FAILED, step, intended, why)
        raise EvidenceError(f"{command[0]} {why}; entry {intended.number} says so") from exc
    kind = FAILED if done.returncode else DONE
    return RolledBack(
        intended, _end(ledger, kind, step, intended, f"exit {done.returncode}"), done.returncode
    )


def pending(ledger: Ledger) -> list[LedgerEntry]:
    """Return the intents of which nobody recorded how they ended, oldest first."""
    open_ = {entry.number: entry for entry in ledger.entries(type=INTENDED)}
    for kind in (DONE, FAILED):
        for entry in ledger.entries(type=kind):
            number = entry.event.facts.get("intended")
            if isinstance(number, str) and number.isdigit():
                open_.pop(int(number), None)
    return list(open_.values())


def _end(ledger: Ledger, kind: str, step: Step, intended: LedgerEntry, how: str) -> LedgerEntry:
    facts = {"intended": str(intended.number), "ended": how}
    return ledger.append(_event(kind, step, facts))


def _event(kind: str, step: Step, more: dict[str, str]) -> Event:
    return Event(
        type=kind,
        model_id=step.model_id,
        subject=step.canary,
        inputs=(Named(name="verdict", digest=step.verdict),),
        facts={"before": str(step.before), "after": str(step.after), "actor": step.operator} | more,
    )
