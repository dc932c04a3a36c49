"""`audit canary`."""

import getpass
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from audit.canary import (
    Compared,
    Step,
    decide_canary,
    decided_event,
    find_decided,
    load_canary_policy,
    pending,
    read_arm_key,
    read_samples,
    roll_back,
)
from audit.cli._answer import answer, format_option
from audit.cli._examples import examples
from audit.cli._ledger_options import ledger_option
from audit.core.clock import now_ns
from audit.core.errors import UsageError, VerificationError
from audit.core.files import read_bounded
from audit.documents import CanaryOutcome, CanaryVerdict
from audit.ledger import open_ledger

FILE = click.Path(dir_okay=False, path_type=Path)
EXIT = {CanaryOutcome.PASS: 0, CanaryOutcome.FAIL: 10, CanaryOutcome.INCONCLUSIVE: 3}
MAX_SAMPLES_FILE = 1 << 30

policy_option = click.option("--policy", required=True, type=FILE, help="The file canary.yaml.")
key_option = click.option(
    "--arm-key", type=FILE, help="The key of the arms; each sample's arm is then recomputed."
)


@click.group("canary")
def command() -> None:
    """Send a share of the requests to a new release; say from samples whether it may stay."""


@command.command(
    "arm",
    epilog=examples("audit canary arm 4bf92f3577b34da6 --arm-key arm.key --policy canary.yaml"),
)
@click.argument("request_id")
@policy_option
@click.option("--arm-key", required=True, type=FILE, help="The key of the arms, 64 hex digits.")
def arm(request_id: str, policy: Path, arm_key: Path) -> None:
    """Print which arm serves the request that has this id."""
    asked = load_canary_policy(read_bounded(policy), source=str(policy)).document
    answer(f"{read_arm_key(arm_key).arm(request_id, asked.percent)}\n")


@command.command(
    "verdict",
    epilog=examples(
        "audit canary verdict samples.jsonl --policy canary.yaml --model-id acme/qwen \\",
        "    --canary sha256:DIGEST --stable sha256:DIGEST --ledger sqlite:///audit.db",
    ),
)
@click.argument("samples", type=FILE)
@policy_option
@click.option("--model-id", required=True, help="The model's name.")
@click.option("--canary", required=True, metavar="DIGEST", help="The artifact that is tried.")
@click.option("--stable", required=True, metavar="DIGEST", help="The artifact beside it.")
@key_option
@ledger_option
@format_option
def verdict(
    samples: Path, policy: Path, arm_key: Path | None, url: str, form: str, **about: str
) -> None:
    """Say from SAMPLES, one JSON line a request, whether the canary may stay.

    The verdict is recorded, and then answered: 0 pass, 10 take it back, 3 cannot be
    told yet, or look at it. Too few samples never take a canary back.
    """
    asked = load_canary_policy(read_bounded(policy), source=str(policy))
    read = read_samples(read_bounded(samples, limit=MAX_SAMPLES_FILE), source=str(samples))
    key = read_arm_key(arm_key) if arm_key else None
    found = decide_canary(read, Compared(**about), policy=asked, key=key, decided_at_ns=now_ns())
    with open_ledger(url) as ledger:
        entry = ledger.append(decided_event(found))
    answer(_write(found, form))
    click.echo(
        f"audit: verdict {found.document_digest()} recorded as ledger entry {entry.number}",
        err=True,
    )
    sys.exit(EXIT[found.outcome])


@command.command(
    "replay",
    epilog=examples(
        "audit canary replay verdict.json samples.jsonl --policy canary.yaml --ledger sqlite:///audit.db"
    ),
)
@click.argument("recorded", metavar="VERDICT.json", type=FILE)
@click.argument("samples", type=FILE)
@policy_option
@key_option
@ledger_option
def replay(recorded: Path, samples: Path, policy: Path, arm_key: Path | None, url: str) -> None:
    """Decide again from the samples and compare with VERDICT.json and the ledger.

    Exit 10: the samples and the policy do not give this verdict.
    """
    before = CanaryVerdict.read(read_bounded(recorded), source=str(recorded))
    again = decide_canary(
        read_samples(read_bounded(samples, limit=MAX_SAMPLES_FILE), source=str(samples)),
        Compared(before.model_id, before.canary, before.stable),
        policy=load_canary_policy(read_bounded(policy), source=str(policy)),
        key=read_arm_key(arm_key) if arm_key else None,
        decided_at_ns=before.decided_at_ns,
    )
    if again != before:
        raise VerificationError(
            f"{recorded} is not what {samples} and {policy} give",
            hint="name the samples, policy and key that it was made with; their digests are in it",
        )
    with open_ledger(url, read_only=True) as ledger:
        entry = find_decided(ledger, before)
    answer(
        f"follows from the samples: {before.outcome} {before.document_digest()}\n  entry {entry.number}\n"
    )


@command.command(
    "rollback",
    epilog=examples(
        "audit canary rollback --model-id acme/qwen --canary sha256:DIGEST --verdict sha256:DIGEST \\",
        "    --from 5 --to 0 --ledger sqlite:///audit.db -- kubectl apply -f stable.yaml",
    ),
)
@click.option("--model-id", required=True, help="The model's name.")
@click.option("--canary", required=True, metavar="DIGEST", help="The artifact that is taken back.")
@click.option("--verdict", required=True, metavar="DIGEST", help="The verdict that asks for it.")
@click.option("--from", "before", required=True, metavar="PERCENT", help="Its share now.")
@click.option(
    "--to", "after", default="0", show_default=True, metavar="PERCENT", help="Its new share."
)
@click.option("--operator", help="Who does it [default: the user's name].")
@ledger_option
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND...")
def rollback(
    before: str, after: str, operator: str | None, url: str, words: tuple[str, ...], **about: Any
) -> None:
    """Record the intent, run COMMAND, and record how it ended.

    Exit 3: the command failed. The share of a canary is never made larger.
    """
    who = operator or getpass.getuser()
    step = Step(before=_percent(before), after=_percent(after), operator=who, **about)
    with open_ledger(url) as ledger:
        done = roll_back(ledger, step, words)
    state = "failed" if done.code else "rolled back"
    answer(f"{state}: entries {done.intended.number} and {done.ended.number}\n")
    sys.exit(3 if done.code else 0)


@command.command("pending", epilog=examples("audit canary pending --ledger sqlite:///audit.db"))
@ledger_option
def unfinished(url: str) -> None:
    """List the roll-backs of which nobody recorded how they ended. Exit 10 if there is one."""
    with open_ledger(url, read_only=True) as ledger:
        found = pending(ledger)
    answer("".join(f"entry {one.number}: {one.event.subject}\n" for one in found))
    sys.exit(10 if found else 0)


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise UsageError(f"{text!r} is no number of percent")
    return value


def _write(found: CanaryVerdict, form: str) -> str:
    if form != "text":
        return found.model_dump_json(indent=2) + "\n"
    arms = ", ".join(f"{counts.requests} of the {arm}" for arm, counts in found.arms.items())
    lines = [f"{found.outcome}: {found.model_id} {found.canary}", f"  {arms}"]
    lines.append(f"  shift {found.shift or 'unknown'}; {found.detectable} could have been found")
    lines += [f"  {one.action}[{one.limit}]: {one.message}" for one in found.findings]
    return "\n".join(lines) + "\n"
