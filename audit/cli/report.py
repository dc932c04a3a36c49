"""`audit report`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._examples import examples
from audit.cli._ledger_options import ledger_option
from audit.core.files import read_bounded
from audit.documents import Report, ReportAbout, ReportKind, ReportVerification
from audit.gate import load_policy
from audit.ledger import open_ledger
from audit.report import (
    FORMATS,
    LANGUAGES,
    QUERIES,
    RETENTION_DAYS,
    Language,
    Record,
    ReportRequest,
    ask_again,
    ask_query,
    catalogues,
    make_reports,
    read_instant,
    read_period,
    read_report,
    verify_report,
)

F = TypeVar("F", bound=Callable[..., Any])


@click.group("report")
def command() -> None:
    """Write GDPR and MLPS 2.0 reports from the ledger, and check them against it."""


_EXAMPLES = examples(
    "audit report mlps --ledger sqlite:///out/ledger.db --policy policy.yaml -o mlps.html",
    "audit report gdpr --ledger sqlite:///out/ledger.db --policy policy.yaml -o gdpr.json",
)
_POLICY = click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A gate's policy file, whose spec.ledger.vkeys are taken as --vkey.",
)


def _asked_options(command: F) -> F:
    """Add what every question of the ledger takes: keys, period, time, model."""
    for option in reversed(
        (
            click.option(
                "--vkey",
                "vkeys",
                multiple=True,
                metavar="VKEY",
                help="A verifier key of this log. Checkpoints by other keys count for nothing.",
            ),
            _POLICY,
            click.option(
                "--period",
                metavar="PERIOD",
                help="Dates (UTC, TO included) or RFC 3339 times; default: the whole ledger.",
            ),
            click.option(
                "--as-of", metavar="TIME", help="The time that ages count up to; default: now."
            ),
            click.option("--model", "model_id", metavar="ID", help="Only entries about one model."),
            click.option(
                "--retention-days",
                type=click.IntRange(min=1),
                default=RETENTION_DAYS,
                show_default=True,
                help="How long entries have to be kept.",
            ),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of `_asked_options`, as click gives them."""

    vkeys: tuple[str, ...]
    policy: Path | None
    period: str | None
    as_of: str | None
    model_id: str | None
    retention_days: int

    def request(self, about: ReportAbout | None = None) -> ReportRequest:
        """Return what to ask the ledger."""
        from_ns, to_ns = read_period(self.period) if self.period else (None, None)
        return ReportRequest(
            vkeys=(*self.vkeys, *_vkeys_of(self.policy)),
            model_id=self.model_id,
            from_ns=from_ns,
            to_ns=to_ns,
            as_of_ns=read_instant(self.as_of) if self.as_of else None,
            retention_days=self.retention_days,
            about=about or ReportAbout(),
        )


def _vkeys_of(policy: Path | None) -> tuple[str, ...]:
    if policy is None:
        return ()
    return load_policy(read_bounded(policy), source=str(policy)).document.spec.ledger.vkeys


def _report_options(command: F) -> F:
    for option in reversed(
        (
            ledger_option,
            _asked_options,
            click.option("--system", metavar="NAME", help="The system the report is about."),
            click.option("--organisation", metavar="NAME", help="Who operates it."),
            click.option(
                "--lang",
                "language",
                type=click.Choice(LANGUAGES),
                default="both",
                show_default=True,
                help="The language of text and HTML; JSON always holds both.",
            ),
            click.option(
                "--format",
                "form",
                type=click.Choice(sorted(FORMATS)),
                help="Default: as the name after -o ends, else text.",
            ),
            output_option,
        )
    ):
        command = option(command)
    return command


@command.command("gdpr", epilog=_EXAMPLES)
@_report_options
@click.option("--role", metavar="TEXT", help="The operator's role, such as controller.")
def gdpr(**options: Any) -> None:
    """Write the GDPR evidence report."""
    _write("gdpr", options)


@command.command("mlps", epilog=_EXAMPLES)
@_report_options
@click.option("--grade", metavar="TEXT", help="The system's protection grade, as declared.")
@click.option("--filing", metavar="TEXT", help="The system's filing number (备案).")
def mlps(**options: Any) -> None:
    """Write the MLPS 2.0 level 3 self-check report."""
    _write("mlps", options)


def _write(kind: ReportKind, options: dict[str, Any]) -> None:
    declared = {name: options.pop(name) for name in ReportAbout.model_fields if name in options}
    about = ReportAbout(**declared)
    url, output = options.pop("url"), options.pop("output")
    language: Language = options.pop("language")
    form = options.pop("form") or _form_of(output)
    request = _Asked(**options).request(about)
    with open_ledger(url, read_only=True) as ledger:
        (report,) = make_reports(ledger, [kind], request=request)
    _warn(report)
    if not request.vkeys:
        click.echo(
            "audit: no log key is given, so no checkpoint counts: --policy or --vkey", err=True
        )
    answer(FORMATS[form](report, language).decode("utf-8"), output)


def _form_of(output: Path | None) -> str:
    suffix = output.suffix.removeprefix(".") if output else ""
    return suffix if suffix in FORMATS else "text"


def _warn(report: Report) -> None:
    broken = report.scope.broken
    if broken is not None:
        click.echo(f"audit: warning: the ledger is broken: {broken.what}", err=True)
        click.echo("audit: warning: the report says so; nothing after is believed", err=True)


@command.command(
    "verify",
    epilog=examples(
        "audit report verify mlps.json --ledger sqlite:///out/ledger.db --policy policy.yaml"
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@ledger_option
@click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    metavar="VKEY",
    help="The log keys that the report must have believed.",
)
@_POLICY
@format_option
def verify(file: Path, url: str, vkeys: tuple[str, ...], policy: Path | None, form: str) -> None:
    """Make the JSON report FILE again from the ledger and compare every byte.

    Exit 10: a byte was edited, or the report does not follow from the ledger.
    """
    with open_ledger(url, read_only=True) as ledger:
        keys = (*vkeys, *_vkeys_of(policy))
        found = verify_report(ledger, read_bounded(file), source=str(file), vkeys=keys)
    answer(_as_sentence(found) if form == "text" else found.model_dump_json(indent=2) + "\n")


def _as_sentence(found: ReportVerification) -> str:
    seq, keys = found.recorded_seq, found.scope.vkeys
    recorded = "not recorded in the ledger" if seq is None else f"recorded as entry {seq}"
    return (
        f"follows from the ledger: {found.report}\n"
        f"  entries: {found.scope.size}\n"
        f"  log keys believed: {', '.join(keys) if keys else 'none'}\n"
        f"  this file: {recorded}\n"
    )


@command.command("evidence")
@click.argument("query")
@ledger_option
@_asked_options
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="Ask over exactly the range and scope of this JSON report.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "jsonl")),
    default="text",
    show_default=True,
    help="jsonl is the record whose SHA-256 is the digest.",
)
def evidence(query: str, url: str, like: Path | None, form: str, **options: Any) -> None:
    """Run one evidence query and print its rows and digest."""
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(url, read_only=True))
        if like is None:
            record = ask_query(ledger, query, request=_Asked(**options).request())
        else:
            report = read_report(read_bounded(like), source=str(like))
            record = ask_again(ledger, report, query)
    if form == "jsonl":
        answer(b"".join(record.lines).decode("utf-8"))
    elif form == "json":
        answer(record.answer.model_dump_json(indent=2) + "\n")
    else:
        answer(_as_text(record))


def _as_text(record: Record) -> str:
    found = record.answer
    lines = [
        f"{found.outcome}: {found.query}",
        f"  {found.observed.en}",
        f"  {found.observed.zh}",
        *(f"  {line.decode('utf-8').rstrip()}" for line in record.lines[1:-1]),
        f"  does not show: {found.limit.en}",
        f"  digest: {found.digest}",
    ]
    return "\n".join(lines) + "\n"


@command.command("queries")
def queries() -> None:
    """List the evidence queries, and which of them this version can ask."""
    rows: Sequence[str] = [
        f"{query.id:26} {'asked' if query.id in QUERIES else 'not run':8} {query.title.en} / "
        f"{query.title.zh}\n"
        for query in catalogues().queries
    ]
    answer("".join(rows))
