"""The examples in help texts: every one is a command that exists, with options it has."""

import shlex

import click
import pytest

from audit.cli import cli

WITH_EXAMPLES = {
    "release run", "release init", "release serve", "release compare-locks", "gate check",
    "gate explain", "report gdpr", "report mlps", "report verify", "model inspect",
    "fingerprint dataset", "model layout", "model profile-diff", "canary arm", "canary verdict", "canary replay", "canary rollback",
    "canary pending",
}  # fmt: skip


def command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that a line names, and its arguments."""
    found: click.Command = cli
    while isinstance(found, click.Group):
        name, *words = words
        below = found.get_command(click.Context(found), name)
        assert below is not None, name
        found = below
    return found, words


@pytest.mark.parametrize("name", sorted(WITH_EXAMPLES))
def test_the_examples_of_a_command_are_commands_with_options_they_have(name: str) -> None:
    epilog = command(name.split())[0].epilog or ""
    lines = epilog.replace("\\\n", " ").splitlines()[2:]
    assert lines
    for line in lines:
        program, *words = shlex.split(line.partition("&&")[0], comments=True)
        assert program == "audit"
        found, arguments = command(words)
        found.make_parser(click.Context(found)).parse_args(arguments)
