"""docs/article.md: every row of the source once, and every command it names exists."""

import re
from pathlib import Path

import click
import pytest

from audit.cli import cli

PAGE = (Path(__file__).parents[2] / "docs" / "article.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| ([0-9][0-9, to]*) \| .* \| (here|otherwise|not here) \| ", PAGE, re.MULTILINE
)
COMMANDS = sorted(set(re.findall(r"`((?:release|oci|gate|canary|model) [a-z-]+)", PAGE)))


def numbers(text: str) -> list[int]:
    if " to " in text:
        first, last = map(int, text.split(" to "))
        return list(range(first, last + 1))
    return [int(one) for one in text.split(", ")]


def test_every_row_of_the_article_stands_there_once() -> None:
    assert sorted(one for text, _ in ROWS for one in numbers(text)) == list(range(1, 68))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_it_names_exists(name: str) -> None:
    room, verb = name.split()
    group = cli.get_command(click.Context(cli), room)
    assert isinstance(group, click.Group)
    assert verb in group.commands
