"""`audit model`."""

from functools import partial
from pathlib import Path

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._bars import progress_bars
from audit.cli._examples import examples
from audit.core.errors import UsageError
from audit.core.files import read_bounded
from audit.core.resources import shelf
from audit.documents import InspectedFile, ModelInspection
from audit.fingerprint import hash_file
from audit.model import LoadedProfile, check_layout, load_profile
from audit.model import inspect as inspect_model

REFUSED = 10
BUNDLED = "bundled:"


@click.group("model")
def command() -> None:
    """Inspect model files without running them."""


@command.command("inspect", epilog=examples("audit model inspect ./model --format json"))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@format_option
@output_option
@click.pass_context
def inspect(ctx: click.Context, directory: Path, form: str, output: Path | None) -> None:
    """Say what every file under DIR is, or why it is refused.

    Headers are read strictly; nothing is executed or unpickled. Exits 0 when
    every file is accepted and 10 when one is refused.
    """
    with progress_bars() as progress:
        inspection = inspect_model(directory, hash_file=partial(hash_file, progress=progress))
    if form == "text":
        answer(_text(inspection), output)
    else:
        answer(inspection.model_dump_json(indent=2) + "\n", output)
    ctx.exit(REFUSED if inspection.refused else 0)


@command.command(
    "layout", epilog=examples("audit model layout ./model --profile bundled:article-0.9")
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--profile", required=True, metavar="FILE", help="A profile file, or bundled:NAME.")
@format_option
@click.pass_context
def layout(ctx: click.Context, directory: Path, profile: str, form: str) -> None:
    """Say what under DIR is not named as a layout profile asks.

    Names come from headers; nothing is loaded or renamed. Exits 10 when something is not
    as asked.
    """
    report = check_layout(directory, _profile(profile))
    lines = [f"{len(report.problems)} problems in {report.keys} keys under {report.profile}"]
    lines += [f"  {one.reason}: {one.where}: {one.detail}" for one in report.problems]
    text = "\n".join(lines) if form == "text" else report.model_dump_json(indent=2)
    answer(text + "\n")
    ctx.exit(REFUSED if report.problems else 0)


@command.command(
    "profile-diff",
    epilog=examples("audit model profile-diff bundled:article-0.8 bundled:article-0.9"),
)
@click.argument("before", metavar="OLD")
@click.argument("after", metavar="NEW")
def profile_diff(before: str, after: str) -> None:
    """Print what two layout profiles ask differently, one rule a line."""
    old, new = (_rules(_profile(name)) for name in (before, after))
    lines = [f"- {one}" for one in old if one not in new] + [
        f"+ {one}" for one in new if one not in old
    ]
    answer("".join(line + "\n" for line in lines))


def _profile(name: str) -> LoadedProfile:
    if not name.startswith(BUNDLED):
        return load_profile(read_bounded(Path(name)), source=name)
    folder = shelf("policies").joinpath("layouts")
    names = sorted(one.name.removesuffix(".yaml") for one in folder.iterdir())
    if (wanted := name.removeprefix(BUNDLED)) not in names:
        raise UsageError(
            f"no layout profile is called {wanted!r}", hint=f"there are {', '.join(names)}"
        )
    return load_profile(folder.joinpath(f"{wanted}.yaml").read_bytes(), source=name)


def _rules(profile: LoadedProfile) -> list[str]:
    """Return each rule of a profile as one line."""
    found: list[str] = []
    for section, rules in profile.document.model_dump(exclude={"format", "id"}).items():
        for name, value in rules.items():
            for one in value if isinstance(value, tuple) else (value,):
                said = (
                    ", ".join(f"{k} {v}" for k, v in one.items() if v)
                    if isinstance(one, dict)
                    else one
                )
                found.append(f"{section} {name}: {said}")
    return found


def _text(inspection: ModelInspection) -> str:
    """Return the answer first, then what is refused, then what is accepted."""
    count, refused = len(inspection.files), inspection.refused
    answer_line = f"refused: {len(refused)} of {count} files" if refused else f"accepted: {count}"
    lines = [answer_line if refused else f"{answer_line} files"]
    lines += [f"  {file.path}: {_why(file)}" for file in refused]
    lines += [
        f"  {file.path}: {file.role}, {file.format}{_facts(file)}"
        for file in inspection.files
        if file not in refused
    ]
    return "\n".join(lines) + "\n"


def _why(file: InspectedFile) -> str:
    return f"{file.refusal.reason}: {file.refusal.detail}" if file.refusal else "accepted"


def _facts(file: InspectedFile) -> str:
    return "".join(f", {name.replace('_', ' ')} {value}" for name, value in file.facts.items())
