"""YAML with one meaning: every scalar is text, no duplicate keys, no aliases, no tags.

YAML 1.1 turns `no` into False, `2e-5` into text and `0123` into 83; readers of
1.2 differ. Here a scalar is the text that stands there, and the document that
is built from it says what type it wants. `Lines` keeps where each value stood.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from audit.core.errors import ConfigError

MAX_DEPTH = 64
MAX_BYTES = 4 << 20
"""Largest text that is read, in bytes: the parser takes a second for each MiB."""
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The value of a YAML text, and the line on which each part of it begins."""

    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of `path`, or of the nearest part above it that was written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def loads(data: bytes, *, source: str, shipped: bool = False) -> YamlDocument:
    """Return the one document in a YAML text; `source` names it in errors.

    `shipped` is for the files that come with the package: libyaml reads them,
    ten times faster, and a test holds that both parsers read them alike. Files
    of users are always read by the one parser, whatever is installed.

    Raises:
        ConfigError: not UTF-8, not YAML, a duplicate key, an alias, a tag, too deep or long.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{source}: {len(data)} bytes; {MAX_BYTES} are read at most")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader) if shipped else yaml.BaseLoader
    try:
        text = data.decode("utf-8")
        _require_plain(text, loader, source)
        node = yaml.compose(text, loader)
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{source}: not UTF-8 at byte {exc.start}") from exc
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError(f"{source}{where}: {exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"{source}: {str(exc).splitlines()[0]}") from exc
    if node is None:
        raise ConfigError(f"{source}: the file is empty")
    lines: dict[Path, int] = {}
    return YamlDocument(_value(node, (), lines, source), lines)


def _require_plain(text: str, loader: Any, source: str) -> None:
    """Require no alias and no deep nesting, before anything is built: both cost without end."""
    depth = 0
    for event in yaml.parse(text, loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        where = f"{source}:{event.start_mark.line + 1 if event.start_mark else 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{where}: aliases are not read; write the value out")
        if depth > MAX_DEPTH:
            raise ConfigError(f"{where}: nests deeper than {MAX_DEPTH} levels")


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], source: str) -> Any:
    line = node.start_mark.line + 1
    lines[path] = line
    if node.tag not in _PLAIN:
        raise ConfigError(f"{source}:{line}: the tag {node.tag} is not read")
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, at), lines, source) for at, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, source)
    return node.value


def _mapping(
    node: yaml.MappingNode, path: Path, lines: dict[Path, int], source: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError(f"{source}:{line}: a key must be plain text")
        key = str(key_node.value)
        if key in found:
            raise ConfigError(f"{source}:{line}: duplicate key {key!r}")
        found[key] = _value(value_node, (*path, key), lines, source)
        lines[(*path, key)] = line
    return found
