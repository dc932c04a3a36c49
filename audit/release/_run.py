"""The main job: every step in order, each recorded before the next begins.

An interruption at any point leaves whole files and whole entries only. Running
again starts over: the same files give the same artifact and the same bundles,
and the ledger keeps the entries of both runs.
"""

from dataclasses import dataclass
from pathlib import Path

from audit.core.clock import Clock, now_ns
from audit.core.errors import InputMissing, UsageError
from audit.core.files import make_folder, read_bounded
from audit.core.progress import SILENT, Progress
from audit.documents import NoteSigner, Outcome, Verdict
from audit.gate import GatePolicy, load_policy
from audit.ledger import open_ledger
from audit.oci import Access
from audit.release import steps
from audit.release._check import Gate
from audit.release._recipe import Recipe, read_recipe
from audit.release._session import Session
from audit.sign import PrivateKey, load_note_key, load_private_key


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; anything None is taken from RELEASE.toml."""

    out: Path
    ledger: str | None = None
    policy: Path | None = None
    key: Path | None = None
    ledger_key: Path | None = None
    access: Access | None = None
    password_file: Path | None = None
    unsigned: bool = False
    clock: Clock = now_ns


@dataclass(frozen=True, slots=True)
class Done:
    """The verdict on the release, and where things are."""

    verdict: Verdict
    pushed: str | None
    """The artifact's name in the registry, when the release names one and it was allowed."""
    layout: Path
    verdict_file: Path
    reports: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything a run needs, read and checked before anything is written."""

    recipe: Recipe
    policy: GatePolicy
    key: PrivateKey | None
    ledger_key: NoteSigner


def run(source: Path, options: Options, *, progress: Progress = SILENT) -> Done:
    """Take the release that `source` describes through every step.

    Raises:
        UsageError, ConfigError, InputMissing: the release or policy is not usable.
        EvidenceError: the ledger is out of reach, or a file changed meanwhile.
    """
    plan = _plan(read_recipe(source), options)
    make_folder(options.out)
    url = options.ledger or f"sqlite:///{(options.out / 'ledger.db').resolve()}"
    with open_ledger(url, create=True, clock=options.clock) as ledger:
        session = Session(ledger, options.out, plan.recipe.model_id, progress)
        return _steps(session, plan, options)


def _require_inputs(recipe: Recipe) -> None:
    """Require everything that a recipe names, at once and before anything is done."""
    named = [recipe.model, *recipe.dataset, *recipe.training, recipe.evaluation, recipe.lock]
    missing = [str(path) for path in named if path is not None and not path.exists()]
    if missing:
        raise InputMissing(
            f"{recipe.source} names what is not there: {', '.join(missing)}",
            hint="put it there, or change the paths in it; see docs/release.md",
        )


def _plan(recipe: Recipe, options: Options) -> _Plan:
    _require_inputs(recipe)
    policy, ledger_key = options.policy or recipe.policy, options.ledger_key or recipe.ledger_key
    if policy is None:
        raise UsageError("no policy is named", hint="--policy FILE, or policy.file in RELEASE.toml")
    if ledger_key is None:
        raise UsageError(
            "no key for the ledger's checkpoints is named",
            hint="--ledger-key FILE, or keys.ledger in RELEASE.toml; "
            "make one: audit sign key note --name NAME --out FILE",
        )
    return _Plan(
        recipe=recipe,
        policy=load_policy(read_bounded(policy), source=str(policy)),
        key=_signing_key(recipe, options),
        ledger_key=load_note_key(ledger_key),
    )


def _signing_key(recipe: Recipe, options: Options) -> PrivateKey | None:
    path = options.key or recipe.signing_key
    if options.unsigned or path is None:
        return None
    password = None
    if options.password_file is not None:
        password = read_bounded(options.password_file, limit=4096).rstrip(b"\r\n")
    return load_private_key(path, password=password)


def _steps(session: Session, plan: _Plan, options: Options) -> Done:
    recipe = plan.recipe
    manifest, dataset = steps.fingerprint(session, recipe)
    inspection, inspected = steps.inspect(session, recipe)
    locked = steps.environment(session, recipe)
    description = steps.describe(session, recipe, manifest)
    used = (dataset, inspected, *locked, *description.kept)
    made = steps.package(session, recipe, inspection, description, used)
    if plan.key is not None and not inspection.refused:
        steps.sign(session, made, description, plan.key)
    session.ledger.checkpoint(plan.ledger_key)
    gate = Gate(plan.policy, session.ledger, clock=options.clock, progress=session.progress)
    answer = gate.check(made.layout, made.manifest.digest)
    verdict = session.keep_document("verdict", answer.verdict)
    pushed = None
    if recipe.reference is not None and answer.verdict.outcome is Outcome.ALLOW:
        pushed = steps.push(session, made, recipe.reference, options.access)
    reports = steps.report(session, made, plan.policy, options.clock)
    session.ledger.checkpoint(plan.ledger_key)
    return Done(
        verdict=answer.verdict,
        pushed=pushed,
        layout=made.layout.path,
        verdict_file=session.folder / "evidence" / verdict.name,
        reports=tuple(reports),
    )
