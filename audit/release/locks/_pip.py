"""pip requirements files, as `pip install --require-hashes` reads them."""

import re
import shlex
from collections.abc import Iterator

from audit.core.errors import ConfigError
from audit.release.locks._package import Lock, Package, find_problems, is_https, shown

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?\s*===?\s*"
    r"(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)(?=\s|;|$)"
)
_AT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?\s*@\s*(?P<url>\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_URL_OPTIONS = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")
_HARMLESS = ("--require-hashes", "--no-binary", "--only-binary", "--prefer-binary", "--no-index")


def read_pip(text: str, source: str) -> Lock:
    """Return what a requirements file pins.

    Raises:
        ConfigError: a line that pip could not read either.
    """
    packages: list[Package] = []
    problems: list[str] = []
    for number, line in _logical_lines(text):
        try:
            words = shlex.split(line)
        except ValueError as exc:
            raise ConfigError(f"{source}:{number}: {str(exc).lower()}") from exc
        if line.startswith("-"):
            problems += _option(words, number)
        else:
            packages.append(_package(line, words))
    return Lock("pip", tuple(packages), (*problems, *find_problems(packages)))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    held, begun = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw)
        begun = begun or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if whole := (held + line).strip():
            yield begun, whole
        held, begun = "", 0
    if held.strip():
        yield begun, held.strip()


def _option(words: list[str], number: int) -> Iterator[str]:
    name, _, value = words[0].partition("=")
    value = value or (words[1] if len(words) > 1 else "")
    if name in {"-r", "--requirement", "-c", "--constraint"}:
        yield f"line {number}: reads another file, {value!r}, which the digest does not cover"
    elif name in _URL_OPTIONS:
        if not is_https(value):
            yield f"line {number}: {name} is {shown(value)}, which is not https"
    elif name in {"-e", "--editable"}:
        yield f"line {number}: {value!r} is a folder that may change"
    elif name not in _HARMLESS:
        yield f"line {number}: the option {name!r} is not one a lock file has"


def _package(line: str, words: list[str]) -> Package:
    hashes = frozenset(
        word.removeprefix("--hash=sha256:") for word in words if word.startswith("--hash=sha256:")
    )
    if match := _AT.match(line):
        return Package(match["name"], "", hashes, (match["url"],))
    if match := _PINNED.match(line):
        return Package(match["name"], match["version"], hashes)
    if "://" in words[0]:
        return Package(words[0].rpartition("/")[2][:80], "", hashes, (words[0],))
    return Package(words[0][:80], "", hashes)
